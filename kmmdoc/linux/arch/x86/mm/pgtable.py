"""arch/x86/mm/pgtable.c: mappings at addresses that are fixed when the kernel is built."""

from __future__ import annotations

from kmmdoc.linux.arch.x86.mm.init_64 import set_pte_vaddr
from kmmdoc.linux.arch.x86.mm.pgtable_ext import FIXADDR_TOP, PAGE_KERNEL_NOCACHE
from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.state import Kernel
from kmmdoc.model.quantities import PAGE_SHIFT


def fix_to_virt(idx: int) -> int:
    """Address of fixed mapping `idx`, counted downwards from the top."""
    return FIXADDR_TOP - (idx << PAGE_SHIFT)


@kfunc
def native_set_fixmap(k: Kernel, idx: int, phys: int, flags: int) -> None:
    """Map fixed address `idx` to the page at `phys`."""
    set_pte_vaddr(k, fix_to_virt(idx), phys, flags)


def set_fixmap_nocache(k: Kernel, idx: int, phys: int) -> None:
    """Map fixed address `idx` to a device's page, uncached."""
    native_set_fixmap(k, idx, phys, PAGE_KERNEL_NOCACHE)
