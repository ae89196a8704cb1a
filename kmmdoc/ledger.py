"""The page ledger: who owns each byte and each page frame, since when, and which call made it so.

The ledger is a reading of a Run's events. memblock's reservations own bytes; once the buddy system has
its memory, page allocations own page frames. It is checked against every snapshot: what the kernel's own
structures say is reserved or free must be what the ledger says, nothing missing and nothing twice.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib.resources import files
from typing import Any

from kmmdoc.model.intervals import IntervalMap
from kmmdoc.model.quantities import MAX_PHYSMEM_BITS, PAGE_SHIFT
from kmmdoc.model.run import Run
from kmmdoc.model.snapshot import Snapshot
from kmmdoc.model.trace import Call, KernelRef, PagesAllocated, PagesFreed, Release, Reserve, Return

ALLOCATORS = frozenset(
    {
        "mm/memblock.c",
        "mm/nobootmem.c",
        "mm/page_alloc.c",
        "mm/mempolicy.c",
        "mm/slub.c",
        "mm/slab_common.c",
        "mm/util.c",
    }
)
"""Files whose functions only pass a request on: the owner is the function that called into them."""


@dataclass(frozen=True, slots=True)
class Owner:
    """Who holds a range: the purpose, the function that asked, the calls that led there, the event's index.

    `purpose` is a slug of owners.toml, or the function's name where no entry names it.
    """

    purpose: str
    ref: KernelRef
    path: tuple[KernelRef, ...]
    at: int


@dataclass(frozen=True, slots=True)
class Extent:
    """`[start, end)` in bytes with one owner; None is free memory."""

    start: int
    end: int
    owner: Owner | None

    @property
    def size(self) -> int:
        """Length in bytes."""
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Finding:
    """A stage at which the ledger and the kernel's structures disagree."""

    stage: str
    what: str


@lru_cache(maxsize=1)
def purposes() -> dict[str, dict[str, Any]]:
    """The purposes of owners.toml: slug to `functions` that stand for it and its titles by language."""
    return tomllib.loads((files("kmmdoc") / "owners.toml").read_text())


@lru_cache(maxsize=1)
def _purpose_of_function() -> dict[str, str]:
    return {name: slug for slug, entry in purposes().items() for name in entry["functions"]}


def _owner(stack: list[KernelRef], at: int) -> Owner:
    """The owner that a request made from `stack` (outermost call first) creates."""
    known = _purpose_of_function()
    for ref in reversed(stack):
        if ref.name in known:
            return Owner(known[ref.name], ref, tuple(stack), at)
    asking = next((ref for ref in reversed(stack) if ref.file not in ALLOCATORS), stack[-1])
    return Owner(asking.name, asking, tuple(stack), at)


class Ledger:
    """The ledger of one run. Stages are named as in the run's snapshots."""

    def __init__(self, run: Run) -> None:
        self.run = run

    @cached_property
    def _states(self) -> dict[str, tuple[IntervalMap[Owner | None], bool]]:
        """Stage -> (owners by byte, whether the buddy system has the memory)."""
        owners: IntervalMap[Owner | None] = IntervalMap(None)
        handed_over = False
        stack: list[KernelRef] = []
        stops = sorted(self.run.snapshots.values(), key=lambda s: s.at)
        states: dict[str, tuple[IntervalMap[Owner | None], bool]] = {}
        next_stop = 0
        for at, event in enumerate(self.run.events):
            while next_stop < len(stops) and stops[next_stop].at <= at:
                states[stops[next_stop].stage] = (owners.copy(), handed_over)
                next_stop += 1
            match event:
                case Call(ref, _):
                    stack.append(ref)
                case Return():
                    stack.pop()
                case Reserve(base, size):
                    _claim(owners, base, base + size, _owner(stack, at))
                case Release(base, size):
                    owners.set(base, base + size, None)
                case PagesFreed(pfn, nr):
                    handed_over = True
                    owners.set(pfn << PAGE_SHIFT, (pfn + nr) << PAGE_SHIFT, None)
                case PagesAllocated(pfn, nr):
                    owners.set(pfn << PAGE_SHIFT, (pfn + nr) << PAGE_SHIFT, _owner(stack, at))
                case _:
                    pass
        for stop in stops[next_stop:]:
            states[stop.stage] = (owners.copy(), handed_over)
        return states

    def memory(self, stage: str) -> list[tuple[int, int]]:
        """The RAM that memblock knows, or last knew, at `stage`: `[start, end)` in bytes, ascending."""
        names = list(self.run.snapshots)
        for name in reversed(names[: names.index(stage) + 1]):
            section = self.run.snapshots[name].get("memblock")
            if section:
                return [(b, b + s) for b, s in _regions(section["memory"])]
        return []

    def extents(self, stage: str) -> Iterator[Extent]:
        """All RAM at `stage`, ascending, with its owners."""
        owners, _ = self._states[stage]
        for start, end in self.memory(stage):
            for a, b, owner in owners.runs(start, end):
                yield Extent(a, b, owner)

    def holdings(self, stage: str) -> Iterator[Extent]:
        """Every range with an owner at `stage`, ascending, whether it is RAM or not."""
        for a, b, owner in self._states[stage][0].runs(0, 1 << MAX_PHYSMEM_BITS):
            if owner is not None:
                yield Extent(a, b, owner)

    def owner(self, stage: str, address: int) -> Owner | None:
        """Who holds the byte at physical `address`; None is free, or no memory at all."""
        return self._states[stage][0][address]

    def page_owners(self, stage: str, pfn: int) -> list[Owner | None]:
        """Who holds the page frame `pfn`: several owners where memblock gave out parts of a page."""
        start = pfn << PAGE_SHIFT
        runs = self._states[stage][0].runs(start, start + (1 << PAGE_SHIFT))
        return list(dict.fromkeys(owner for _, _, owner in runs))

    def summary(self, stage: str) -> dict[str | None, int]:
        """Purpose -> bytes of RAM held for it at `stage`, most first; None is free memory."""
        total: dict[str | None, int] = {}
        for extent in self.extents(stage):
            purpose = extent.owner.purpose if extent.owner else None
            total[purpose] = total.get(purpose, 0) + extent.size
        return dict(sorted(total.items(), key=lambda item: -item[1]))

    def check(self) -> list[Finding]:
        """Conservation, stage by stage; an empty list where ledger and structures agree everywhere."""
        return [
            Finding(stage, what)
            for stage, snapshot in self.run.snapshots.items()
            for what in self._disagreements(stage, snapshot)
        ]

    def _disagreements(self, stage: str, snapshot: Snapshot) -> Iterator[str]:
        handed_over = self._states[stage][1]
        if not handed_over and "memblock" in snapshot:
            yield from self._reserved(stage, snapshot["memblock"])
        if handed_over and "nodes" in snapshot:
            yield from self._counted(stage, snapshot["nodes"])
        if handed_over and snapshot.get("pages"):
            yield from self._listed(stage, snapshot["pages"]["runs"])

    def _reserved(self, stage: str, memblock: dict[str, Any]) -> Iterator[str]:
        """What has an owner is what memblock has reserved, byte by byte."""
        held = [(a, b) for a, b, owned in _merged(self._states[stage][0]) if owned]
        kernel = _union((b, b + s) for b, s in _regions(memblock["reserved"]) if s)
        for start, end in _difference(held, kernel):
            yield f"[{start:#x}, {end:#x}) has an owner but memblock does not have it reserved"
        for start, end in _difference(kernel, held):
            yield f"[{start:#x}, {end:#x}) is reserved in memblock and has no owner"

    def _counted(self, stage: str, nodes: list[dict[str, Any]]) -> Iterator[str]:
        """Pages without an owner are those that the zones and per-cpu lists count, and none is lost.

        A zone that spans nothing has none, whatever it counts: the kernel counts pages in a movable zone
        that would start behind the end of its node.
        """
        zones = [zone for node in nodes for zone in node["zones"] if zone["spanned_pages"]]
        pagesets = [cpu for zone in zones for cpu in zone.get("percpu", ())]
        in_lists = sum(zone["vm_stat"].get("NR_FREE_PAGES", 0) for zone in zones)
        in_lists += sum(cpu.get("vm_stat_diff", {}).get("NR_FREE_PAGES", 0) for cpu in pagesets)
        in_pcp = sum(cpu["count"] for cpu in pagesets)
        present = sum(zone["present_pages"] for zone in zones)
        free = sum(b - a for a, b, owner in self._pages(stage) if owner is None)
        owned = sum(b - a for a, b, owner in self._pages(stage) if owner is not None)
        if free != in_lists + in_pcp:
            yield f"{free} pages have no owner, {in_lists} are in free lists, {in_pcp} in per-cpu lists"
        if free + owned != present:
            yield f"{present} pages are present, the ledger knows {free} free and {owned} owned"

    def _listed(self, stage: str, runs: list[list[Any]]) -> Iterator[str]:
        """No page of a free block has an owner."""
        blocks = ((pfn, pfn + (n << order)) for pfn, kind, order, n, *_ in runs if kind == "F")
        free = _union((a, b) for a, b, owner in self._pages(stage) if owner is None)
        for start, end in _difference(_union(blocks), free):
            yield f"pages [{start:#x}, {end:#x}) are in a free list and have an owner"

    def _pages(self, stage: str) -> Iterator[tuple[int, int, Owner | None]]:
        """RAM at `stage` as page frames; a frame of which any byte is owned is owned."""
        owners, _ = self._states[stage]
        for start, end in self.memory(stage):
            first, last = -(-start >> PAGE_SHIFT), end >> PAGE_SHIFT
            at = first
            for _, b, owner in owners.runs(first << PAGE_SHIFT, last << PAGE_SHIFT):
                stop = b >> PAGE_SHIFT if owner is None else -(-b >> PAGE_SHIFT)
                if stop > at:
                    yield at, stop, owner
                    at = stop


def _claim(owners: IntervalMap[Owner | None], start: int, end: int, owner: Owner) -> None:
    """Give the bytes that nobody holds to `owner`: who reserved first stays the owner."""
    for a, b, holder in list(owners.runs(start, end)):
        if holder is None:
            owners.set(a, b, owner)


def _regions(section: dict[str, Any]) -> Iterator[tuple[int, int]]:
    for base, size, *_ in section["regions"]:
        yield int(base, 16), int(size, 16)


def _merged(owners: IntervalMap[Owner | None]) -> list[tuple[int, int, bool]]:
    runs: list[tuple[int, int, bool]] = []
    for a, b, owner in owners.runs(0, 1 << 64):
        if runs and runs[-1][2] == (owner is not None):
            runs[-1] = (runs[-1][0], b, runs[-1][2])
        else:
            runs.append((a, b, owner is not None))
    return runs


def _union(ranges: Iterator[tuple[int, int]]) -> list[tuple[int, int]]:
    """Sorted ranges with touching neighbours joined."""
    joined: list[tuple[int, int]] = []
    for a, b in sorted(ranges):
        if joined and a <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(b, joined[-1][1]))
        else:
            joined.append((a, b))
    return joined


def _difference(left: list[tuple[int, int]], right: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The parts of `left` that are not in `right`; both sorted and disjoint."""
    for a, b in left:
        at = a
        for c, d in right:
            if d <= at or c >= b:
                continue
            if c > at:
                yield at, c
            at = max(at, d)
        if at < b:
            yield at, b
