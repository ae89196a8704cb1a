"""mm/page_alloc.c: page frames in a row, as many as are needed and not a power of two of them."""

from __future__ import annotations

from kmmdoc.linux.kernel import Kernel, __pa
from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.mm.page_alloc.alloc import __get_free_pages
from kmmdoc.linux.mm.page_alloc.free import free_pages, split_page
from kmmdoc.model.quantities import PAGE_SHIFT, PAGE_SIZE

KFILE = "mm/page_alloc.c"


@kfunc
def make_alloc_exact(k: Kernel, addr: int, order: int, size: int) -> int:
    """Give the pages behind the first `size` bytes of a block of `order` back; the address of the block."""
    if addr:
        split_page(k, __pa(addr) >> PAGE_SHIFT, order)
        used = addr + -(-size // PAGE_SIZE) * PAGE_SIZE
        for page in range(used, addr + (PAGE_SIZE << order), PAGE_SIZE):
            free_pages(k, page, 0)
    return addr


@kfunc
def alloc_pages_exact(k: Kernel, size: int, gfp_mask: int) -> int:
    """Whole pages in a row for `size` bytes; their direct-map address, or 0."""
    order = (-(-size // PAGE_SIZE) - 1).bit_length()
    return make_alloc_exact(k, __get_free_pages(k, gfp_mask, order), order, size)
