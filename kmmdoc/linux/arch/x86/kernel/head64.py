"""arch/x86/kernel/head64.c: the first C code of the kernel, on the first page tables."""

from __future__ import annotations

from kmmdoc.linux.arch.x86.kernel.cpu.microcode.core_early import load_ucode_bsp
from kmmdoc.linux.arch.x86.kernel.head import reserve_ebda_region
from kmmdoc.linux.init.main import start_kernel
from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.state import PAGE_OFFSET, Kernel

MAXMEM = 1 << 46
EARLY_DYNAMIC_PAGE_TABLES = 64
_PMD, _PUD, _PGD = 21, 30, 39


@kfunc
def reset_early_page_tables(k: Kernel) -> None:
    """Forget every early mapping except that of the kernel image."""
    k.early_mapped.clear()
    k.next_early_pgt = 0


@kfunc
def early_make_pgtable(k: Kernel, address: int) -> int:
    """Page fault before the real page tables exist: map the 2 MiB around direct-map `address`.

    The tables come from a small static pool; when it is used up, all early mappings are dropped and built
    again as they fault in. Returns 0, or -1 for an address that is not in the direct map.
    """
    phys = address - PAGE_OFFSET
    if not 0 <= phys < MAXMEM:
        return -1
    upper = [(shift, phys >> shift) for shift in (_PGD, _PUD)]
    while True:
        missing = [table for table in upper if table not in k.early_mapped]
        if k.next_early_pgt + len(missing) <= EARLY_DYNAMIC_PAGE_TABLES:
            break
        reset_early_page_tables(k)
    k.early_mapped.update(missing)
    k.next_early_pgt += len(missing)
    k.early_mapped.add((_PMD, phys >> _PMD))
    return 0


def touch_early(k: Kernel, phys: int) -> None:
    """An access to physical address `phys` through the direct map.

    Faults it in while the early tables are used.
    """
    if k.cr3_is_early and (_PMD, phys >> _PMD) not in k.early_mapped:
        early_make_pgtable(k, phys + PAGE_OFFSET)


@kfunc
def copy_bootdata(k: Kernel, real_mode_data: int) -> None:
    """Copy the boot parameters and the command line out of the boot loader's memory.

    Simplified: where the boot loader put them is not part of a machine's description. They are taken to be
    in the first 2 MiB, which is mapped by the first access.
    """
    touch_early(k, real_mode_data)


@kfunc
def x86_64_start_reservations(k: Kernel, real_mode_data: int) -> None:
    """Reserve the firmware's low memory and enter the architecture-independent kernel."""
    reserve_ebda_region(k)
    start_kernel(k)


@kfunc
def x86_64_start_kernel(k: Kernel, real_mode_data: int = 0x10000) -> None:
    """Entry from the assembly code: early page tables only, the image mapped at its link address."""
    reset_early_page_tables(k)
    copy_bootdata(k, real_mode_data)
    load_ucode_bsp(k)
    x86_64_start_reservations(k, real_mode_data)
