"""Page tables under the vmalloc space."""

from __future__ import annotations

from kmmdoc.linux.arch.x86.mm.pgtable_ext import PAGE_KERNEL, table_span
from kmmdoc.linux.kernel import Kernel
from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.mm.memory import __pmd_alloc, __pte_alloc_kernel, __pud_alloc

KFILE = "mm/vmalloc.c"

PAGE_SHIFT = 12
PAGE_SIZE = 1 << PAGE_SHIFT


@kfunc
def vunmap_page_range(k: Kernel, addr: int, end: int) -> None:
    """Clear the page table entries of `[addr, end)`; the tables stay."""
    k.init_pgt.unmap(addr, end)


@kfunc
def vmap_page_range_noflush(k: Kernel, start: int, end: int, prot: int, pages: list[int]) -> int:
    """Map the page frames of `pages` at `[start, end)`: how many, or -ENOMEM.

    Table pages are allocated on the way, as the walk first needs them.
    """
    tables = k.init_pgt
    addr, at = start, 0
    while addr < end:
        for level, allocate in ((3, __pud_alloc), (2, __pmd_alloc), (1, __pte_alloc_kernel)):
            if tables.table(level, addr) is None:
                error = allocate(k, addr)
                if error:
                    return error
        stop = min(end, (addr | (table_span(1) - 1)) + 1)
        at = _map_run(k, addr, stop, prot, pages, at)
        addr = stop
    return at


def _map_run(k: Kernel, addr: int, end: int, prot: int, pages: list[int], at: int) -> int:
    """Set the entries of one table; frames in a row go in together. The index of the next page."""
    while addr < end:
        first = at
        while addr + (at + 1 - first << PAGE_SHIFT) < end and pages[at + 1] == pages[at] + 1:
            at += 1
        at += 1
        k.init_pgt.map_run(addr, pages[first] << PAGE_SHIFT, 1, at - first, prot)
        addr += at - first << PAGE_SHIFT
    return at


@kfunc
def vmap_page_range(k: Kernel, start: int, end: int, pages: list[int], prot: int = PAGE_KERNEL) -> int:
    """vmap_page_range_noflush(), caches flushed."""
    return vmap_page_range_noflush(k, start, end, prot, pages)


@kfunc
def map_kernel_range_noflush(k: Kernel, addr: int, size: int, prot: int, pages: list[int]) -> int:
    """Map `pages` into an area that exists: how many, or a negative error."""
    return vmap_page_range_noflush(k, addr, addr + size, prot, pages)


@kfunc
def unmap_kernel_range_noflush(k: Kernel, addr: int, size: int) -> None:
    """Undo map_kernel_range_noflush()."""
    vunmap_page_range(k, addr, addr + size)
