"""mm/page_alloc.c: reserved pages that are not needed any more."""

from __future__ import annotations

from collections.abc import Callable

from kmmdoc.linux.include.linux.mm_types import Page
from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.mm.page_alloc.blocks import largest_blocks
from kmmdoc.linux.mm.page_alloc.free import __free_one_page, __free_pages
from kmmdoc.linux.mm.page_alloc.pageblock import get_pfnblock_flags_mask, page_zone
from kmmdoc.linux.mm.vmstat import count_vm_event
from kmmdoc.linux.state import KERN_INFO, PAGE_OFFSET, Kernel, __START_KERNEL_map
from kmmdoc.model.quantities import PAGE_SHIFT, PAGE_SIZE
from kmmdoc.model.trace import PagesFreed

KFILE = "mm/page_alloc.c"

ONE_BY_ONE = 32
"""So many pages in a row are freed one by one; the rest of a longer row as blocks."""


def virt_to_page(k: Kernel, addr: int) -> int:
    """The page behind an address of the direct map or of the mapping of the kernel image."""
    if addr >= __START_KERNEL_map:
        return addr - __START_KERNEL_map + k.phys_base >> PAGE_SHIFT
    return addr - PAGE_OFFSET >> PAGE_SHIFT


def free_row(k: Kernel, first: int, n: int, free_one: Callable[[Kernel, int], None]) -> None:
    """`free_one(k, page)` for each of `n` pages in a row, in use until now, each counted as managed by it.

    Simplified: of a long row all but the first pages go to their zone's lists as blocks, past the list of
    the CPU; the trace counts the calls that there would be.
    """
    for page in range(first, first + min(n, ONE_BY_ONE)):
        free_one(k, page)
    at, rest = first + ONE_BY_ONE, n - ONE_BY_ONE - 1
    if rest < 0:
        return
    with k.repeat(rest + 1):
        free_one(k, at)
    mark = len(k.events)
    totalram = k.totalram_pages
    reserved = k.page_flags.PG_reserved
    k.mem_map.update(at + 1, rest, lambda p: Page(p.flags & ~reserved, 0, p.mapcount))
    for pfn, order in largest_blocks(at + 1, at + 1 + rest):
        z = page_zone(k, pfn)
        z.managed_pages += 1 << order
        __free_one_page(k, pfn, pfn, z, order, get_pfnblock_flags_mask(k, pfn))
    k.totalram_pages = totalram + rest
    count_vm_event(k, "PGFREE", rest)
    del k.events[mark:]
    k.events.append(PagesFreed(at + 1, rest))


@kfunc
def adjust_managed_page_count(k: Kernel, page: int, count: int) -> None:
    """The zone of `page` manages `count` pages more."""
    page_zone(k, page).managed_pages += count
    k.totalram_pages += count


def free_reserved_page(k: Kernel, page: int) -> None:
    """Give one reserved page to the page allocator."""
    k.mem_map.clear_flags(page, 1, k.page_flags.PG_reserved)
    k.mem_map.set_count(page, 1, 1)
    __free_pages(k, page, 0)
    adjust_managed_page_count(k, page, 1)


@kfunc
def free_reserved_area(k: Kernel, start: int, end: int, what: str | None) -> int:
    """Give the whole pages of addresses `[start, end)` to the page allocator and say so; how many.

    Simplified: contents do not exist here, so the pages are not overwritten.
    """
    start, end = -(-start // PAGE_SIZE) * PAGE_SIZE, end & -PAGE_SIZE
    pages = max(end - start >> PAGE_SHIFT, 0)
    free_row(k, virt_to_page(k, start), pages, free_reserved_page)
    if pages and what:
        size = pages << PAGE_SHIFT - 10
        k.printk(KERN_INFO, f"Freeing {what} memory: {size}K ({start:016x} - {end:016x})\n")
    return pages
