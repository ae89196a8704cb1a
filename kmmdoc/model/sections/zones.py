"""Nodes, zones, zonelists, page frames."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kmmdoc.model.sections.base import number
from kmmdoc.model.snapshot import Snapshot

MIGRATE_TYPES = ("Unmovable", "Reclaimable", "Movable", "Reserve", "CMA", "Isolate")
"""Migrate types by their number, as 3.18's /proc/pagetypeinfo names them."""


@dataclass(frozen=True, slots=True)
class Pageset:
    """One CPU's list of single pages of a zone."""

    cpu: int
    count: int
    high: int
    batch: int


@dataclass(frozen=True, slots=True)
class Zone:
    """struct zone: spans and counts in pages. `free[order][migratetype]` counts blocks.

    `blocks[order, migratetype]` are the first frames of free blocks in list order (the first 1024).
    """

    nid: int
    index: int
    name: str
    start_pfn: int
    spanned: int
    present: int
    managed: int
    watermark: tuple[int, ...]
    lowmem_reserve: tuple[int, ...]
    wait_table_entries: int
    free: tuple[tuple[int, ...], ...]
    blocks: Mapping[tuple[int, int], tuple[int, ...]]
    pageset: str
    pagesets: tuple[Pageset, ...]
    stat: Mapping[str, int]

    @property
    def end_pfn(self) -> int:
        return self.start_pfn + self.spanned

    @property
    def free_pages(self) -> int:
        return sum(sum(counts) << order for order, counts in enumerate(self.free))


@dataclass(frozen=True, slots=True)
class Node:
    """struct pglist_data: its span and zones. Zones without pages are there too."""

    nid: int
    address: int
    start_pfn: int
    spanned: int
    present: int
    zones: tuple[Zone, ...]

    @property
    def populated(self) -> tuple[Zone, ...]:
        return tuple(z for z in self.zones if z.present)


def nodes(snapshot: Snapshot) -> tuple[Node, ...]:
    """Every online node."""
    return tuple(
        Node(
            raw["nid"],
            number(raw["ptr"]),
            raw["node_start_pfn"],
            raw["node_spanned_pages"],
            raw["node_present_pages"],
            tuple(_zone(raw["nid"], z) for z in raw["zones"]),
        )
        for raw in snapshot["nodes"]
    )


def _zone(nid: int, raw: Mapping[str, Any]) -> Zone:
    blocks = {}
    for key, pfns in raw.get("free_list_pfns", {}).items():
        order, kind = key.split("/")
        blocks[int(order), int(kind)] = tuple(pfns)
    pagesets = tuple(Pageset(p["cpu"], p["count"], p["high"], p["batch"]) for p in raw.get("percpu", ()))
    return Zone(
        nid,
        raw["idx"],
        raw["name"],
        raw["zone_start_pfn"],
        raw["spanned_pages"],
        raw["present_pages"],
        raw["managed_pages"],
        tuple(raw.get("watermark", ())),
        tuple(raw.get("lowmem_reserve", ())),
        raw.get("wait_table_hash_nr_entries", 0),
        tuple(tuple(counts) for counts in raw.get("free_list_counts", ())),
        blocks,
        raw.get("pageset_sym") or str(raw.get("pageset", "")),
        pagesets,
        dict(raw.get("vm_stat", {})),
    )


@dataclass(frozen=True, slots=True)
class ZoneRef:
    """A place in a zonelist."""

    nid: int
    zone: str
    index: int


@dataclass(frozen=True, slots=True)
class Zonelists:
    """The two zonelists of a node: with fallback to other nodes, and this node only."""

    nid: int
    fallback: tuple[ZoneRef, ...]
    this_node: tuple[ZoneRef, ...]


def zonelists(snapshot: Snapshot) -> tuple[Zonelists, ...]:
    """The zonelists of every node."""

    def refs(lists: list[Any], i: int) -> tuple[ZoneRef, ...]:
        return tuple(ZoneRef(*ref) for ref in lists[i]["zonerefs"]) if i < len(lists) else ()

    raw = snapshot["zonelists"]
    return tuple(Zonelists(int(nid), refs(lists, 0), refs(lists, 1)) for nid, lists in sorted(raw.items()))


@dataclass(frozen=True, slots=True)
class PageRun:
    """`count` page frames from `pfn` in one state: `free` (in `order` blocks), `reserved`, `slab`, `used`."""

    pfn: int
    count: int
    state: str
    order: int = 0


@dataclass(frozen=True, slots=True)
class Pages:
    """Every page frame of the present sections, as runs."""

    runs: tuple[PageRun, ...] = ()


_PG_SLAB, _PG_RESERVED = 1 << 7, 1 << 10


def pages(snapshot: Snapshot) -> Pages | None:
    """The states of all page frames; None where the runs are not in the snapshot itself."""
    raw = snapshot.get("pages")
    if not isinstance(raw, dict) or not isinstance(raw.get("runs"), list):
        return None
    runs = []
    for row in raw["runs"]:
        if row[1] == "F":
            runs.append(PageRun(row[0], row[3] << row[2], "free", row[2]))
            continue
        flags = number(row[3])
        state = "slab" if flags & _PG_SLAB else "reserved" if flags & _PG_RESERVED else "used"
        runs.append(PageRun(row[0], row[2], state))
    return Pages(tuple(runs))
