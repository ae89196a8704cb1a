"""kernel/power/snapshot.c: page frames that hibernation must leave alone."""

from __future__ import annotations

from kmmdoc.linux.include.linux.bootmem import memblock_virt_alloc
from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.state import KERN_INFO, Kernel
from kmmdoc.model.quantities import PAGE_SHIFT


@kfunc
def __register_nosave_region(k: Kernel, start_pfn: int, end_pfn: int, use_kmalloc: bool) -> None:
    """Note page frames `[start_pfn, end_pfn)`; they extend the last region where they continue it.

    Simplified: only the boot-time way, which allocates from memblock, is here.
    """
    if start_pfn >= end_pfn:
        return
    if k.nosave_regions and k.nosave_regions[-1][1] == start_pfn:
        k.nosave_regions[-1] = (k.nosave_regions[-1][0], end_pfn)
    else:
        memblock_virt_alloc(k, NOSAVE_REGION_SIZE, 0)
        k.nosave_regions.append((start_pfn, end_pfn))
    start, last = start_pfn << PAGE_SHIFT, (end_pfn << PAGE_SHIFT) - 1
    k.printk(KERN_INFO, f"PM: Registered nosave memory: [mem {start:#010x}-{last:#010x}]\n")


NOSAVE_REGION_SIZE = 32
"""Bytes of struct nosave_region: two list pointers and two page frame numbers."""


def register_nosave_region(k: Kernel, start_pfn: int, end_pfn: int) -> None:
    """Note page frames while memblock still serves."""
    __register_nosave_region(k, start_pfn, end_pfn, False)
