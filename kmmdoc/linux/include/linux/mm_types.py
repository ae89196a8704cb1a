"""struct page and the map of all of them.

A `struct page *` is the number of its page frame here: pfn_to_page() and page_to_pfn() are the identity.
What the page holds is kept for stretches of equal pages, so the map of 64 TiB costs what its number of
stretches costs.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from kmmdoc.model.scenario import KernelBuild

KFILE = "include/linux/mm_types.h"


class Page(NamedTuple):
    """The fields of a struct page that memory initialisation uses.

    `refcount` is the kernel's _count, `mapcount` its _mapcount: -1 where nothing maps the page.
    """

    flags: int
    refcount: int
    mapcount: int


ZEROED = Page(0, 0, 0)
"""A struct page of a new memory map that nothing initialised."""


class PageFlags:
    """Where a page's flags word keeps its flags, its zone and its node, for one kernel build.

    The zone takes as many bits as MAX_NR_ZONES needs, the node NODES_SHIFT bits, from the top of the
    word down: node, zone. With a virtual memory map no bits are spent on the section. Attributes are the
    masks of the PG_* flags under their kernel names.

    Simplified: a build that does not fit the node into the word (it has a table instead) is not modelled.
    """

    __slots__ = (
        "PG_head",
        "PG_private",
        "PG_reserved",
        "PG_slab",
        "PG_tail",
        "node_shift",
        "zone_mask",
        "zone_shift",
    )

    def __init__(self, build: KernelBuild) -> None:
        bit = build.enums["pageflags"]
        self.PG_reserved = 1 << bit["PG_reserved"]
        self.PG_slab = 1 << bit["PG_slab"]
        self.PG_private = 1 << bit["PG_private"]
        self.PG_head = 1 << bit["PG_head"]
        self.PG_tail = 1 << bit["PG_tail"]
        zones_width = (build.enums["zone_type"]["__MAX_NR_ZONES"] - 1).bit_length()
        nodes_width = build.number("NODES_SHIFT") if build.enabled("NUMA") else 0
        self.node_shift = 64 - nodes_width
        self.zone_shift = self.node_shift - zones_width
        self.zone_mask = (1 << zones_width) - 1

    def links(self, zone: int, nid: int) -> int:
        """The bits that set_page_links() stores: index of the zone in its node, and node."""
        return nid << self.node_shift | zone << self.zone_shift

    def zonenum(self, flags: int) -> int:
        """Index of the page's zone in its node."""
        return flags >> self.zone_shift & self.zone_mask

    def nid(self, flags: int) -> int:
        """Node of the page."""
        return flags >> self.node_shift


class MemMap:
    """Every struct page, as stretches of equal ones.

    A page frame without a struct page has the state None. Positions and lengths are in pages.
    `compound_order` keeps the order of each compound page by its head, `freepage_migratetype` the list
    that a page on a per-cpu list goes back to.
    """

    __slots__ = ("_starts", "_states", "compound_order", "freepage_migratetype")

    def __init__(self) -> None:
        self._starts: list[int] = [0]
        self._states: list[Page | None] = [None]
        self.compound_order: dict[int, int] = {}
        self.freepage_migratetype: dict[int, int] = {}

    def get(self, pfn: int) -> Page | None:
        """The page of frame `pfn`, None where there is none."""
        return self._states[bisect_right(self._starts, pfn) - 1]

    def __getitem__(self, pfn: int) -> Page:
        page = self._states[bisect_right(self._starts, pfn) - 1]
        if page is None:
            raise KeyError(f"page frame {pfn} has no struct page")
        return page

    def set(self, pfn: int, n: int, page: Page | None) -> None:
        """Make the `n` pages from `pfn` on equal to `page`."""
        if n <= 0:
            return
        starts, states = self._starts, self._states
        end = pfn + n
        first = bisect_right(starts, pfn) - 1
        last = bisect_right(starts, end - 1, first) - 1
        # What stays of the stretches that are cut at either end.
        new_starts, new_states = [], []
        before = states[first]
        after = states[last]
        if starts[first] == pfn:
            if first and states[first - 1] == page:
                first -= 1
                new_starts.append(starts[first])
            else:
                new_starts.append(pfn)
        elif before == page:
            new_starts.append(starts[first])
        else:
            new_starts += (starts[first], pfn)
            new_states.append(before)
        new_states.append(page)
        last += 1
        if last < len(starts) and starts[last] == end:
            if states[last] == page:
                last += 1
        elif after != page:
            new_starts.append(end)
            new_states.append(after)
        starts[first:last] = new_starts
        states[first:last] = new_states

    def update(self, pfn: int, n: int, change: Callable[[Page], Page]) -> None:
        """Replace each of the `n` pages from `pfn` on by `change` of it; called once a stretch."""
        starts = self._starts
        i = bisect_right(starts, pfn) - 1
        if i + 1 < len(starts) and pfn + n <= starts[i + 1]:  # all in one stretch, as most often
            page = self._states[i]
            if page is not None and (new := change(page)) != page:
                self.set(pfn, n, new)
            return
        for start, length, page in list(self.runs(pfn, pfn + n)):
            new = change(page)
            if new != page:
                self.set(start, length, new)

    def set_flags(self, pfn: int, n: int, mask: int) -> None:
        """Set the flags of `mask` in `n` pages."""
        self.update(pfn, n, lambda page: Page(page.flags | mask, page.refcount, page.mapcount))

    def clear_flags(self, pfn: int, n: int, mask: int) -> None:
        """Clear the flags of `mask` in `n` pages."""
        self.update(pfn, n, lambda page: Page(page.flags & ~mask, page.refcount, page.mapcount))

    def set_count(self, pfn: int, n: int, count: int) -> None:
        """set_page_count() of `n` pages."""
        self.update(pfn, n, lambda page: Page(page.flags, count, page.mapcount))

    def runs(self, start: int = 0, end: int | None = None) -> Iterator[tuple[int, int, Page]]:
        """(pfn, length, page) of each stretch in `[start, end)`, in order, frames without a page left out."""
        starts, states = self._starts, self._states
        i = bisect_right(starts, start) - 1
        while i < len(starts):
            low = max(starts[i], start)
            if end is not None and low >= end:
                return
            high = starts[i + 1] if i + 1 < len(starts) else end
            page = states[i]
            if page is not None:
                if high is None:
                    raise ValueError("the last stretch of the map has no end")
                yield low, (high if end is None else min(high, end)) - low, page
            i += 1

    def __len__(self) -> int:
        """Number of stretches that have pages."""
        return sum(state is not None for state in self._states)


Runs = list[tuple[int, int]]
"""Stretches of ascending page frames: (first, number)."""


class PageRow:
    """Page frames one after another, as the array of a vmalloc() area has them, kept as stretches.

    Pages that come from several nodes in turn make one part with a lane of stretches for each node.
    """

    __slots__ = ("_length", "parts")

    def __init__(self, pfns: Iterable[int] = ()) -> None:
        self.parts: list[list[Runs]] = []
        self._length = 0
        for pfn in pfns:
            self.append(pfn)

    def append(self, pfn: int, n: int = 1) -> None:
        """`n` frames from `pfn` on."""
        self._length += n
        if self.parts and len(self.parts[-1]) == 1:
            runs = self.parts[-1][0]
            first, length = runs[-1]
            if first + length == pfn:
                runs[-1] = (first, length + n)
            else:
                runs.append((pfn, n))
        else:
            self.parts.append([[(pfn, n)]])

    def append_lanes(self, lanes: list[Runs]) -> None:
        """Frames of each lane in turn; every lane has as many."""
        if len(lanes) == 1 and lanes[0]:
            self.append(*lanes[0][0])
            runs = self.parts[-1][0]
            for first, n in lanes[0][1:]:
                last, length = runs[-1]
                if last + length == first:
                    runs[-1] = (last, length + n)
                else:
                    runs.append((first, n))
            self._length += sum(n for _, n in lanes[0][1:])
        else:
            self.parts.append(lanes)
            self._length += sum(n for runs in lanes for _, n in runs)

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[int]:
        for lanes in self.parts:
            frames = [(pfn for first, n in runs for pfn in range(first, first + n)) for runs in lanes]
            for turn in zip(*frames, strict=True):
                yield from turn
