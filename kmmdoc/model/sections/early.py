"""The firmware's map and memblock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kmmdoc.model.scenario import E820Entry
from kmmdoc.model.sections.base import number
from kmmdoc.model.snapshot import Snapshot

NO_NODE = 64
"""The node id of a memblock region without one: MAX_NUMNODES of a kernel with NODES_SHIFT 6."""


@dataclass(frozen=True, slots=True)
class Region:
    """A region of memblock: bytes `[base, base + size)`; nid is None where it has none."""

    base: int
    size: int
    nid: int | None
    flags: int

    @property
    def end(self) -> int:
        return self.base + self.size


@dataclass(frozen=True, slots=True)
class Memblock:
    """struct memblock: both lists, the limit for allocations, and how many regions each array can hold."""

    memory: tuple[Region, ...]
    reserved: tuple[Region, ...]
    current_limit: int
    max_memory: int
    max_reserved: int

    @property
    def memory_bytes(self) -> int:
        return sum(r.size for r in self.memory)

    @property
    def reserved_bytes(self) -> int:
        return sum(r.size for r in self.reserved)


def e820(snapshot: Snapshot) -> tuple[E820Entry, ...]:
    """The kernel's memory map."""
    return _entries(snapshot["e820"]["e820"])


def e820_saved(snapshot: Snapshot) -> tuple[E820Entry, ...]:
    """The copy of the firmware's map."""
    return _entries(snapshot["e820"]["e820_saved"])


def _entries(rows: list[list[Any]]) -> tuple[E820Entry, ...]:
    return tuple(E820Entry(*(number(v) for v in row)) for row in rows)


def memblock(snapshot: Snapshot) -> Memblock:
    """The state of memblock."""
    raw = snapshot["memblock"]

    def regions(name: str) -> tuple[Region, ...]:
        rows = ((number(b), number(s), n, f) for b, s, n, f in raw[name]["regions"] if number(s))
        return tuple(Region(b, s, None if n == NO_NODE else n, number(f)) for b, s, n, f in rows)

    return Memblock(
        regions("memory"),
        regions("reserved"),
        number(raw["current_limit"]),
        raw["memory"]["max"],
        raw["reserved"]["max"],
    )
