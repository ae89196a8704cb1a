"""Page tables under the vmalloc space."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from kmmdoc.linux.arch.x86.mm.pgtable_ext import PAGE_KERNEL, table_span
from kmmdoc.linux.include.linux.mm_types import PageRow, Runs
from kmmdoc.linux.include.linux.mmzone import MIGRATE_UNMOVABLE
from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.mm.memory import __pmd_alloc, __pte_alloc_kernel, __pud_alloc
from kmmdoc.linux.mm.mempolicy import nr_interleaved
from kmmdoc.linux.mm.page_alloc.row import alloc_row
from kmmdoc.linux.state import Kernel

KFILE = "mm/vmalloc.c"

PAGE_SHIFT = 12
PAGE_SIZE = 1 << PAGE_SHIFT
ENOMEM = 12
KEPT_ONE_BY_ONE = 1 << 16


def as_row(pages: Iterable[int]) -> PageRow:
    """The page frames `pages` as a row."""
    return pages if isinstance(pages, PageRow) else PageRow(pages)


@kfunc
def vunmap_page_range(k: Kernel, addr: int, end: int) -> None:
    """Clear the page table entries of `[addr, end)`; the tables stay."""
    k.init_pgt.unmap(addr, end)


@kfunc
def vmap_page_range_noflush(k: Kernel, start: int, end: int, prot: int, pages: PageRow) -> int:
    """Map the page frames of `pages` at `[start, end)`: how many, or -ENOMEM.

    Table pages are allocated on the way, as the walk first needs them.

    Simplified: of very many pages that come from several nodes in turn, no two of them neighbours, the
    entries are not kept, only the tables.
    """
    error = add_tables(k, start, end)
    if error:
        return error
    at = start
    for lanes in pages.parts:
        length = sum(n for runs in lanes for _, n in runs)
        if len(lanes) == 1:
            k.init_pgt.map_pages(at, lanes[0], prot)
        elif length <= KEPT_ONE_BY_ONE:
            k.init_pgt.map_pages(at, _single(lanes), prot)
        at += length << PAGE_SHIFT
    return len(pages)


def add_tables(k: Kernel, start: int, end: int) -> int:
    """Make the table pages of all levels that `[start, end)` lacks: 0 or -ENOMEM."""
    while start < end:
        for level, allocate in ((3, __pud_alloc), (2, __pmd_alloc)):
            if k.init_pgt.table(level, start) is None:
                error = allocate(k, start)
                if error:
                    return error
        stop = min(end, (start | (table_span(2) - 1)) + 1)
        if not _add_page_tables(k, start, stop):
            return -ENOMEM
        start = stop
    return 0


def _add_page_tables(k: Kernel, start: int, end: int) -> bool:
    """Make the page tables that `[start, end)` lacks; False without memory."""
    span = table_span(1)
    missing = k.init_pgt.missing(1, start & -span, end)
    made = PageRow()

    def make_one() -> int | None:
        at = missing[len(made)]
        return None if __pte_alloc_kernel(k, at) else (k.init_pgt.table(1, at) or 0) >> PAGE_SHIFT

    if not alloc_row(k, made, len(missing), make_one, MIGRATE_UNMOVABLE, nr_interleaved(k)):
        return False
    done = 0
    for lanes in made.parts:
        for first, n in lanes[0] if len(lanes) == 1 else _single(lanes):
            for at, count in _in_a_row(missing[done : done + n], span):
                k.init_pgt.add_tables(1, at, first << PAGE_SHIFT, count, PAGE_SIZE)
                first += count
            done += n
    return True


def _single(lanes: list[Runs]) -> Iterator[tuple[int, int]]:
    """The frames of several lanes in turn, each a stretch of its own."""
    part = PageRow()
    part.append_lanes(lanes)
    return ((pfn, 1) for pfn in part)


def _in_a_row(addresses: Sequence[int], step: int) -> Iterator[tuple[int, int]]:
    """Ascending addresses as (first, number) of those that are `step` apart."""
    if addresses[-1] - addresses[0] == (len(addresses) - 1) * step:
        yield addresses[0], len(addresses)
    else:
        yield from ((at, 1) for at in addresses)


@kfunc
def vmap_page_range(k: Kernel, start: int, end: int, pages: Iterable[int], prot: int = PAGE_KERNEL) -> int:
    """vmap_page_range_noflush(), caches flushed."""
    return vmap_page_range_noflush(k, start, end, prot, as_row(pages))


@kfunc
def map_kernel_range_noflush(k: Kernel, addr: int, size: int, prot: int, pages: Iterable[int]) -> int:
    """Map `pages` into an area that exists: how many, or a negative error."""
    return vmap_page_range_noflush(k, addr, addr + size, prot, as_row(pages))


@kfunc
def unmap_kernel_range_noflush(k: Kernel, addr: int, size: int) -> None:
    """Undo map_kernel_range_noflush()."""
    vunmap_page_range(k, addr, addr + size)
