"""Page tables as extents: which table pages exist, and runs of leaf entries that map memory in a row.

This stands for no kernel file. The kernel keeps its mappings as trees of 4 KiB pages with 512 entries
each; here a table page is one record and any number of leaf entries that go up in step, virtual and
physical, is one run. A terabyte mapped in order costs what a megabyte costs.

Levels are those of the recordings: 4 = PGD, 3 = PUD, 2 = PMD, 1 = PTE. A *table* of level 3 is a page of
PUD entries and spans 512 GiB; a *leaf* of level 3 is a 1 GiB page, of level 2 a 2 MiB page, of level 1 a
4 KiB page.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from kmmdoc.linux.arch.x86.mm.pgtable_runs import TableRuns
from kmmdoc.model.quantities import PAGE_SHIFT

PTRS_PER_TABLE = 512
_PAGE_PRESENT, _PAGE_RW, _PAGE_USER = 1 << 0, 1 << 1, 1 << 2
_PAGE_PWT, _PAGE_PCD, PAGE_PSE, PAGE_GLOBAL = 1 << 3, 1 << 4, 1 << 7, 1 << 8
PAGE_NX = 1 << 63
PAGE_KERNEL = PAGE_NX | _PAGE_PRESENT | _PAGE_RW | PAGE_GLOBAL
"""Flags of a kernel mapping of 4 KiB.

Accessed and dirty bits are left out everywhere, as in the recordings.
"""
PAGE_KERNEL_LARGE = PAGE_KERNEL | PAGE_PSE
PAGE_KERNEL_LARGE_EXEC = PAGE_KERNEL_LARGE & ~PAGE_NX
PAGE_KERNEL_NOCACHE = PAGE_KERNEL | _PAGE_PCD | _PAGE_PWT
PAGE_KERNEL_RO = PAGE_KERNEL & ~_PAGE_RW
PAGE_KERNEL_VVAR = PAGE_KERNEL_RO | _PAGE_USER
PAGE_KERNEL_VSYSCALL = PAGE_KERNEL_VVAR & ~PAGE_NX


def entry_size(level: int) -> int:
    """Bytes that one entry of a table of `level` spans.

    >>> [hex(entry_size(level)) for level in (1, 2, 3)]
    ['0x1000', '0x200000', '0x40000000']
    """
    return 1 << (PAGE_SHIFT + 9 * (level - 1))


def table_span(level: int) -> int:
    """Bytes that a whole table of `level` spans."""
    return entry_size(level + 1)


class Leaf(NamedTuple):
    """`nr` leaf entries of `level` in a row: the first maps `va` to `pa`, all carry `flags`."""

    va: int
    pa: int
    level: int
    nr: int
    flags: int

    @property
    def end(self) -> int:
        """First virtual address behind the run."""
        return self.va + self.nr * entry_size(self.level)

    def part(self, va: int, count: int) -> Leaf:
        """`count` entries of this run from `va` on."""
        return Leaf(va, self.pa + va - self.va, self.level, count, self.flags)


class PageTables:
    """One tree of page tables. Addresses are virtual and canonical, as unsigned 64-bit numbers.

    >>> tables = PageTables()
    >>> tables.add_table(3, 0xFFFF880000000000, 0x1000)
    >>> tables.add_table(2, 0xFFFF880000000000, 0x2000)
    >>> tables.map_run(0xFFFF880000000000, 0, 2, 8, PAGE_KERNEL_LARGE)
    >>> tables.map_run(0xFFFF880001000000, 0x1000000, 2, 1, PAGE_KERNEL_LARGE)
    >>> tables.present(3, 0xFFFF880000000000), tables.present(2, 0xFFFF880000000000)
    (1, 9)
    >>> [(leaf.nr, hex(leaf.pa)) for leaf in tables.leaves()]
    [(9, '0x0')]
    """

    __slots__ = ("_leaves", "_starts", "_tables")

    def __init__(self) -> None:
        self._tables = {level: TableRuns(table_span(level)) for level in (3, 2, 1)}
        self._starts: list[int] = []
        self._leaves: list[Leaf] = []

    def copy(self) -> PageTables:
        """An independent tree with the same tables and leaves."""
        new = PageTables()
        new._tables = {level: pages.copy() for level, pages in self._tables.items()}
        new._starts, new._leaves = self._starts[:], self._leaves[:]
        return new

    # Table pages.

    def table(self, level: int, va: int) -> int | None:
        """Physical address of the table page of `level` that covers `va`, or None."""
        return self._tables[level].get(va)

    def missing(self, level: int, va: int, end: int) -> Sequence[int]:
        """Where in `[va, end)` tables of `level` are lacking; `va` is where one begins."""
        every = range(va, end, table_span(level))
        if self._tables[level].used(va, end) == 0:
            return every
        return [at for at in every if self.table(level, at) is None]

    def add_table(self, level: int, va: int, phys: int) -> None:
        """Hang the page at `phys` into the tree as the table of `level` that covers `va`."""
        self._tables[level].add(va & -table_span(level), phys)

    def add_tables(self, level: int, va: int, phys: int, count: int, step: int) -> None:
        """add_table() of `count` tables in a row from `va` on, the pages `step` bytes apart."""
        self._tables[level].add(va & -table_span(level), phys, count, step)

    def remove_table(self, level: int, va: int) -> None:
        """Take the table of `level` that covers `va` out of the tree; its entries must be gone."""
        self._tables[level].remove(va)

    # Leaf entries.

    def map_pages(self, va: int, frames: Iterable[tuple[int, int]], flags: int) -> None:
        """Map stretches (first page frame, number) of small pages one after another from `va` on.

        Nothing may be mapped there.
        """
        leaves: list[Leaf] = []
        start = va
        for first, n in frames:
            last = leaves[-1] if leaves else None
            if last is not None and last.pa + (last.nr << PAGE_SHIFT) == first << PAGE_SHIFT:
                leaves[-1] = last._replace(nr=last.nr + n)
            else:
                leaves.append(Leaf(va, first << PAGE_SHIFT, 1, n, flags))
            va += n << PAGE_SHIFT
        self.unmap(start, va)
        at = bisect_left(self._starts, start)
        self._put(at, at, leaves)

    def map_run(self, va: int, pa: int, level: int, count: int, flags: int) -> None:
        """Set `count` leaf entries of `level` from `va` on, over whatever those addresses were mapped to."""
        if count <= 0:
            return
        new = Leaf(va, pa, level, count, flags)
        self.unmap(va, new.end)
        at = bisect_left(self._starts, va)
        self._put(at, at, [new])
        if at + 1 < len(self._leaves):
            self._join(at)
        if at > 0:
            self._join(at - 1)

    def unmap(self, va: int, end: int) -> None:
        """Clear every leaf entry in `[va, end)`; ValueError where a large page would have to be split."""
        first = bisect_right(self._starts, va) - 1
        if first < 0 or self._leaves[first].end <= va:
            first += 1
        last = bisect_left(self._starts, end)
        if first >= last:
            return
        kept: list[Leaf] = []
        for leaf in self._leaves[first:last]:
            size = entry_size(leaf.level)
            if leaf.va < va:
                kept.append(leaf.part(leaf.va, _whole(va - leaf.va, size)))
            if leaf.end > end:
                kept.append(leaf.part(end, _whole(leaf.end - end, size)))
        self._put(first, last, kept)

    def lookup(self, va: int) -> Leaf | None:
        """The one leaf entry that maps `va`, or None."""
        leaf = self.run_at(va)
        return None if leaf is None else leaf.part(va & -entry_size(leaf.level), 1)

    def run_at(self, va: int) -> Leaf | None:
        """The whole run of leaf entries that `va` is in, or None."""
        at = bisect_right(self._starts, va) - 1
        return self._leaves[at] if at >= 0 and va < self._leaves[at].end else None

    def next_leaf(self, va: int, end: int) -> Leaf | None:
        """The first run with an entry in `[va, end)`, or None."""
        if va >= end:
            return None
        at = max(bisect_right(self._starts, va) - 1, 0)
        while at < len(self._leaves) and self._leaves[at].va < end:
            if self._leaves[at].end > va:
                return self._leaves[at]
            at += 1
        return None

    def next_used(self, level: int, va: int, end: int) -> int:
        """Address of the first entry of `level` in use in `[va, end)`, be it a leaf or a table below.

        Else `end`.
        """
        leaf = self.next_leaf(va, end)
        if leaf is not None:
            end = max(leaf.va, va)
        first = self._tables[level - 1].first(va, end)
        return end if first is None else first

    def virt_to_phys(self, va: int) -> int | None:
        """Physical address that `va` is mapped to, or None."""
        leaf = self.run_at(va)
        return None if leaf is None else leaf.pa + va - leaf.va

    # Reading out.

    def present(self, level: int, va: int) -> int:
        """Entries in use of the table of `level` that covers `va`: its leaves and the tables below it."""
        span, size = table_span(level), entry_size(level)
        start = va & -span
        end = start + span
        used = 0
        at = max(bisect_right(self._starts, start) - 1, 0)
        while at < len(self._leaves) and self._leaves[at].va < end:
            leaf = self._leaves[at]
            if leaf.level == level:
                used += max(0, min(leaf.end, end) - max(leaf.va, start)) // size
            at += 1
        if level > 1:
            used += self._tables[level - 1].used(start, end)
        return used

    def tables(self) -> list[tuple[int, int, int, int]]:
        """(phys, level, va, present entries) of every table page, by address, upper levels first."""
        order = sorted((va, -level, phys) for level, pages in self._tables.items() for va, phys in pages)
        return [(phys, -level, va, self.present(-level, va)) for va, level, phys in order]

    def leaves(self) -> list[Leaf]:
        """Every run of leaf entries, in order of addresses; neighbours that continue each other are one."""
        return list(self._leaves)

    def _put(self, first: int, last: int, leaves: list[Leaf]) -> None:
        self._leaves[first:last] = leaves
        self._starts[first:last] = [leaf.va for leaf in leaves]

    def _join(self, at: int) -> None:
        a, b = self._leaves[at], self._leaves[at + 1]
        if a.end == b.va and (a.level, a.flags) == (b.level, b.flags) and b.pa - a.pa == b.va - a.va:
            self._put(at, at + 2, [a._replace(nr=a.nr + b.nr)])


START_KERNEL_MAP = 0xFFFF_FFFF_8000_0000
KERNEL_IMAGE_SIZE = 512 << 20
FIXADDR_TOP = 0xFFFF_FFFF_FF7F_F000


def image_tables(tables: PageTables, pa_symbol: Callable[[str], int], phys_base: int = 0) -> None:
    """Hang in the tables that are part of the kernel image, as x86_64_start_kernel() does.

    `pa_symbol(name)` is the physical address of a symbol, `phys_base` how far the image was moved. The first
    512 MiB above the image's link address are
    mapped with large pages, wherever that leads.
    """
    tables.add_table(3, START_KERNEL_MAP, pa_symbol("level3_kernel_pgt"))
    tables.add_table(2, START_KERNEL_MAP, pa_symbol("level2_kernel_pgt"))
    tables.add_table(2, FIXADDR_TOP, pa_symbol("level2_fixmap_pgt"))
    tables.add_table(1, FIXADDR_TOP - table_span(1), pa_symbol("level1_fixmap_pgt"))
    tables.map_run(START_KERNEL_MAP, phys_base, 2, KERNEL_IMAGE_SIZE // entry_size(2), PAGE_KERNEL_LARGE_EXEC)


def _whole(nbytes: int, size: int) -> int:
    if nbytes % size:
        raise ValueError(f"a page of {size} bytes would have to be split")
    return nbytes // size
