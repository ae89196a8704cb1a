"""mm/page_alloc.c: page frames in a row, as many as are needed and not a power of two of them."""

from __future__ import annotations

from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.mm.page_alloc.alloc import __get_free_pages, alloc_pages_node
from kmmdoc.linux.mm.page_alloc.free import free_pages, split_page
from kmmdoc.linux.state import Kernel, __pa, __va
from kmmdoc.model.quantities import PAGE_SHIFT, PAGE_SIZE

KFILE = "mm/page_alloc.c"


def _order(size: int) -> int:
    """get_order(): of the smallest block that holds `size` bytes."""
    return (-(-size // PAGE_SIZE) - 1).bit_length()


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
    order = _order(size)
    return make_alloc_exact(k, __get_free_pages(k, gfp_mask, order), order, size)


@kfunc
def alloc_pages_exact_nid(k: Kernel, nid: int, size: int, gfp_mask: int) -> int:
    """alloc_pages_exact(), preferably on node `nid`."""
    order = _order(size)
    page = alloc_pages_node(k, nid, gfp_mask, order)
    return 0 if page is None else make_alloc_exact(k, __va(page << PAGE_SHIFT), order, size)


@kfunc
def free_pages_exact(k: Kernel, virt: int, size: int) -> None:
    """Free what alloc_pages_exact() of `size` bytes returned, page by page."""
    for page in range(virt, virt + size, PAGE_SIZE):
        free_pages(k, page, 0)
