"""Table pages of one level as runs: at equal distances in the tree, their pages at equal distances in memory.

This stands for no kernel file. Page tables of a large memory are taken one beside the other, so a million of
them are a few runs.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import NamedTuple


class TableRun(NamedTuple):
    """`nr` table pages: the first, at `phys`, covers `va`; each further one lies `step` bytes on."""

    va: int
    phys: int
    nr: int
    step: int


class TableRuns:
    """The table pages of one level, each of which covers `span` bytes of virtual addresses.

    >>> tables = TableRuns(0x200000)
    >>> tables.add(0, 0x9000); tables.add(0x200000, 0x8000); tables.add(0x400000, 0x7000, 3, -0x1000)
    >>> len(tables), tables.runs()
    (5, [TableRun(va=0, phys=36864, nr=5, step=-4096)])
    >>> tables.remove(0x200000)
    >>> tables.get(0x200000), tables.get(0x600000), tables.used(0, 0x800000)
    (None, 24576, 3)
    """

    __slots__ = ("_runs", "_starts", "span")

    def __init__(self, span: int) -> None:
        self.span = span
        self._starts: list[int] = []
        self._runs: list[TableRun] = []

    def copy(self) -> TableRuns:
        """Independent runs of the same tables."""
        new = TableRuns(self.span)
        new._starts, new._runs = self._starts[:], self._runs[:]
        return new

    def get(self, va: int) -> int | None:
        """The page of the table that covers `va`, or None."""
        at = bisect_right(self._starts, va) - 1
        if at < 0:
            return None
        first, phys, count, step = self._runs[at]
        number = (va - first) // self.span
        return phys + number * step if number < count else None

    def add(self, va: int, phys: int, count: int = 1, step: int = 0) -> None:
        """`count` tables from `va` on, a multiple of `span`, in place of those that are there."""
        self._clear(va, va + count * self.span)
        at = bisect_left(self._starts, va)
        new = TableRun(va, phys, count, step if count > 1 else 0)
        if at and (joined := self._joined(self._runs[at - 1], new)):
            at -= 1
            self._put(at, at + 1, [joined])
        else:
            self._put(at, at, [new])
        if at + 1 < len(self._runs) and (joined := self._joined(self._runs[at], self._runs[at + 1])):
            self._put(at, at + 2, [joined])

    def remove(self, va: int) -> None:
        """Take out the table that covers `va`; KeyError where there is none."""
        if self.get(va) is None:
            raise KeyError(va)
        start = va // self.span * self.span
        self._clear(start, start + self.span)

    def used(self, start: int, end: int) -> int:
        """How many tables begin in `[start, end)`."""
        return sum(count for _, count in self._within(start, end))

    def first(self, start: int, end: int) -> int | None:
        """Address of the first table that begins in `[start, end)`, or None."""
        return next((va for va, _ in self._within(start, end)), None)

    def runs(self) -> list[TableRun]:
        """All runs, by virtual address."""
        return list(self._runs)

    def __len__(self) -> int:
        return sum(run.nr for run in self._runs)

    def __iter__(self) -> Iterator[tuple[int, int]]:
        """(virtual address, page) of every table, ascending."""
        for va, phys, count, step in self._runs:
            for i in range(count):
                yield va + i * self.span, phys + i * step

    def _clear(self, start: int, end: int) -> None:
        """Take out every table in `[start, end)`, whole multiples of `span`."""
        first = max(bisect_right(self._starts, start) - 1, 0)
        last = bisect_left(self._starts, end, first)
        kept: list[TableRun] = []
        for va, phys, count, step in self._runs[first:last]:
            below = max(min((start - va) // self.span, count), 0)
            done = max(min((end - va) // self.span, count), 0)
            for skip, n in ((0, below), (done, count - done)):
                if n:
                    kept.append(TableRun(va + skip * self.span, phys + skip * step, n, step if n > 1 else 0))
        if kept != self._runs[first:last]:
            self._put(first, last, kept)

    def _within(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """(first address, number) of the part of each run that begins in `[start, end)`."""
        at = max(bisect_right(self._starts, start) - 1, 0)
        while at < len(self._runs) and self._starts[at] < end:
            va, _, count, _ = self._runs[at]
            skipped = max(-(-(start - va) // self.span), 0)
            kept = min(count, -(-(end - va) // self.span)) - skipped
            if kept > 0:
                yield va + skipped * self.span, kept
            at += 1

    def _joined(self, a: TableRun, b: TableRun) -> TableRun | None:
        """Both as one run, where `b` goes on as `a` does."""
        if a.va + a.nr * self.span != b.va:
            return None
        step = b.phys - (a.phys + (a.nr - 1) * a.step)
        fits = (a.nr == 1 or a.step == step) and (b.nr == 1 or b.step == step)
        return TableRun(a.va, a.phys, a.nr + b.nr, step) if fits else None

    def _put(self, first: int, last: int, runs: list[TableRun]) -> None:
        self._runs[first:last] = runs
        self._starts[first:last] = [run.va for run in runs]
