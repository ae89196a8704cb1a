"""arch/x86/kernel/e820.c, what the rest of the kernel asks of the finished map."""

from __future__ import annotations

from kmmdoc.linux.arch.x86.include.asm.e820 import E820_NVS, E820_RAM, E820_RESERVED_KERN
from kmmdoc.linux.kernel.power.snapshot import register_nosave_region
from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.state import KERN_ERR, KERN_INFO, Kernel
from kmmdoc.model.quantities import MAX_PHYSMEM_BITS, PAGE_SHIFT, PAGE_SIZE

KFILE = "arch/x86/kernel/e820.c"

MAX_GAP_END = 1 << 32
MAX_ARCH_PFN = 1 << (MAX_PHYSMEM_BITS - PAGE_SHIFT)


@kfunc
def e820_search_gap(
    k: Kernel, gapstart: int, gapsize: int, start_addr: int, end_addr: int
) -> tuple[bool, int, int]:
    """Look, from the top down, for a hole below 4 GiB of at least `gapsize` bytes between two entries.

    Returns (found, start, size): the largest, and of equals the lowest.
    """
    last = end_addr if 0 < end_addr < MAX_GAP_END else MAX_GAP_END
    found = False
    for e in reversed(k.e820.map):
        end = e.addr + e.size
        if end < start_addr:
            continue
        if last > end and last - end >= gapsize:
            gapstart, gapsize, found = end, last - end, True
        last = min(last, e.addr)
    return found, gapstart, gapsize


@kfunc
def e820_setup_gap(k: Kernel) -> None:
    """Find the addresses that PCI devices without any may be given."""
    found, gapstart, gapsize = e820_search_gap(k, 0x10000000, 0x400000, 0, MAX_GAP_END)
    if not found:
        gapstart = (k.max_pfn << PAGE_SHIFT) + (1 << 20)
        what, why = (
            "cannot find a gap in the 32bit address range",
            "PCI devices with unassigned 32bit BARs may",
        )
        k.printk(KERN_ERR, f"e820: {what}\ne820: {why} break!\n")
    k.pci_mem_start = gapstart
    last = gapstart + gapsize - 1
    k.printk(KERN_INFO, f"e820: [mem {gapstart:#010x}-{last:#010x}] available for PCI devices\n")


def _pfn_up(addr: int) -> int:
    return (addr + PAGE_SIZE - 1) >> PAGE_SHIFT


@kfunc
def e820_mark_nosave_regions(k: Kernel, limit_pfn: int) -> None:
    """Tell hibernation which page frames below `limit_pfn` are no RAM: holes, and entries of other types."""
    pfn = 0
    for e in k.e820.map:
        if pfn < _pfn_up(e.addr):
            register_nosave_region(k, pfn, _pfn_up(e.addr))
        pfn = (e.addr + e.size) >> PAGE_SHIFT
        if e.type not in (E820_RAM, E820_RESERVED_KERN):
            register_nosave_region(k, _pfn_up(e.addr), pfn)
        if pfn >= limit_pfn:
            break


@kfunc
def e820_mark_nvs_memory(k: Kernel) -> int:
    """Tell suspend which memory belongs to ACPI and must survive it. Returns 0.

    Simplified: nothing is kept of it.
    """
    k.step("nvs", regions=sum(e.type == E820_NVS for e in k.e820.map))
    return 0


@kfunc
def e820_end_pfn(k: Kernel, limit_pfn: int, type: int) -> int:
    """First page frame behind the last one of `type`, at most `limit_pfn`."""
    last_pfn = 0
    for e in k.e820.map:
        if e.type != type or e.addr >> PAGE_SHIFT >= limit_pfn:
            continue
        end_pfn = (e.addr + e.size) >> PAGE_SHIFT
        if end_pfn > limit_pfn:
            last_pfn = limit_pfn
            break
        last_pfn = max(last_pfn, end_pfn)
    last_pfn = min(last_pfn, MAX_ARCH_PFN)
    k.printk(KERN_INFO, f"e820: last_pfn = {_hex(last_pfn)} max_arch_pfn = {_hex(MAX_ARCH_PFN)}\n")
    return last_pfn


def _hex(value: int) -> str:
    """What %#lx prints."""
    return f"{value:#x}"


@kfunc
def e820_end_of_ram_pfn(k: Kernel) -> int:
    """First page frame behind all RAM."""
    return e820_end_pfn(k, MAX_ARCH_PFN, E820_RAM)


@kfunc
def e820_end_of_low_ram_pfn(k: Kernel) -> int:
    """First page frame behind the RAM below 4 GiB."""
    return e820_end_pfn(k, 1 << (32 - PAGE_SHIFT), E820_RAM)
