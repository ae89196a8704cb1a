"""mm/nobootmem.c: the hand-over of all memory that is still free from memblock to the page allocator."""

from __future__ import annotations

from kmmdoc.linux.include.linux.memblock import NUMA_NO_NODE
from kmmdoc.linux.include.linux.mmzone import MAX_ORDER, pglist_data
from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.mm.memblock import (
    for_each_free_mem_range,
    get_allocated_memblock_memory_regions_info,
    get_allocated_memblock_reserved_regions_info,
    memblock_clear_hotplug,
)
from kmmdoc.linux.mm.mmzone import for_each_online_pgdat
from kmmdoc.linux.mm.page_alloc.blocks import largest_blocks
from kmmdoc.linux.mm.page_alloc.free import __free_pages_bootmem
from kmmdoc.linux.mm.page_alloc.pageblock import page_zone
from kmmdoc.linux.mm.page_alloc.reserved import free_row
from kmmdoc.linux.state import Kernel
from kmmdoc.model.quantities import PAGE_SHIFT

KFILE = "mm/nobootmem.c"


def _run_of_highest(k: Kernel, start: int, end: int) -> int:
    """Blocks of the highest order, of one zone and migratetype, that lie in `[start, end)` from `start`."""
    size = 1 << (MAX_ORDER - 1)
    zone = page_zone(k, start)
    migratetype = k.pageblock_migratetype[start]
    end = min(end, zone.zone_start_pfn + zone.spanned_pages)
    for low, high, value in k.pageblock_migratetype.runs(start, end):
        if value != migratetype and -(-low // size) * size < high:
            end = -(-low // size) * size
            break
    return max((end - start) // size, 1)


def _free_late(k: Kernel, page: int) -> None:
    __free_pages_bootmem(k, page, 0)
    k.totalram_pages += 1


@kfunc
def free_bootmem_late(k: Kernel, addr: int, size: int) -> None:
    """Give the whole pages of bytes `[addr, addr + size)` to the page allocator, which runs already."""
    first = -(-addr >> PAGE_SHIFT)
    free_row(k, first, (addr + size >> PAGE_SHIFT) - first, _free_late)


@kfunc
def __free_pages_memory(k: Kernel, start: int, end: int) -> None:
    """Free page frames `[start, end)` in the largest aligned blocks; a row of highest ones at once."""
    top = MAX_ORDER - 1
    while start < end:
        pfn, order = next(largest_blocks(start, end))
        blocks = _run_of_highest(k, pfn, end) if order == top else 1
        with k.repeat(blocks):
            __free_pages_bootmem(k, pfn, order, blocks)
        start = pfn + (blocks << order)


@kfunc
def __free_memory_core(k: Kernel, start: int, end: int) -> int:
    """Free the whole pages of bytes `[start, end)` up to max_low_pfn; how many they are."""
    start_pfn = -(-start >> PAGE_SHIFT)
    end_pfn = min(end >> PAGE_SHIFT, k.max_low_pfn)
    if start_pfn > end_pfn:
        return 0
    __free_pages_memory(k, start_pfn, end_pfn)
    return end_pfn - start_pfn


@kfunc
def free_low_memory_core_early(k: Kernel) -> int:
    """Free every range that is not reserved, then memblock's arrays where it outgrew the static ones."""
    memblock_clear_hotplug(k, 0, (1 << 64) - 1)
    count = 0
    for start, end, _ in for_each_free_mem_range(k, NUMA_NO_NODE):
        count += __free_memory_core(k, start, end)
    if k.build.enabled("ARCH_DISCARD_MEMBLOCK"):
        k.step("discard-memblock")
        for info in (
            get_allocated_memblock_reserved_regions_info,
            get_allocated_memblock_memory_regions_info,
        ):
            base, size = info(k)
            if size:
                count += __free_memory_core(k, base, base + size)
    return count


def reset_node_managed_pages(k: Kernel, pgdat: pglist_data) -> None:
    """No zone of the node manages pages: they are counted as they are freed."""
    for z in pgdat.node_zones:
        z.managed_pages = 0


@kfunc
def reset_all_zones_managed_pages(k: Kernel) -> None:
    """Forget the estimates of managed pages, once."""
    if k.reset_managed_pages_done:
        return
    for pgdat in for_each_online_pgdat(k):
        reset_node_managed_pages(k, pgdat)
    k.reset_managed_pages_done = True


@kfunc
def free_all_bootmem(k: Kernel) -> int:
    """Hand all free memory to the page allocator; the number of pages."""
    reset_all_zones_managed_pages(k)
    pages = free_low_memory_core_early(k)
    k.totalram_pages += pages
    return pages
