"""include/linux/mmzone.h: nodes, zones, their free lists, per-cpu lists and zonelists.

A `struct page *` is its page frame number (see mm_types). Plain functions are the header's inline ones.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from typing import NamedTuple

KFILE = "include/linux/mmzone.h"

MAX_ORDER = 11
MAX_ORDER_NR_PAGES = 1 << (MAX_ORDER - 1)

ZONE_DMA, ZONE_DMA32, ZONE_NORMAL, ZONE_MOVABLE = 0, 1, 2, 3
MAX_NR_ZONES = 4
ZONE_NAMES = ("DMA", "DMA32", "Normal", "Movable")

MIGRATE_UNMOVABLE, MIGRATE_RECLAIMABLE, MIGRATE_MOVABLE = 0, 1, 2
MIGRATE_PCPTYPES = 3
MIGRATE_RESERVE = 3
MIGRATE_TYPES = 4

WMARK_MIN, WMARK_LOW, WMARK_HIGH = 0, 1, 2

PFN_SECTION_SHIFT = 15  # sections of 128 MiB
PAGES_PER_SECTION = 1 << PFN_SECTION_SHIFT
NR_MEM_SECTIONS = 1 << (46 - 27)
SECTIONS_PER_ROOT = 256  # PAGE_SIZE / sizeof(struct mem_section)
SECTION_MARKED_PRESENT = 1 << 0
SECTION_HAS_MEM_MAP = 1 << 1
SECTION_NID_SHIFT = 2

PAGEBLOCK_ORDER = 9  # the order of a huge page
PAGEBLOCK_NR_PAGES = 1 << PAGEBLOCK_ORDER


class FreeList:
    """Free blocks of one order and migratetype, as a list with a head and a tail, by first page frame.

    Every operation is constant in time. Iterating goes from the head to the tail.
    """

    __slots__ = ("_blocks",)

    def __init__(self) -> None:
        self._blocks: OrderedDict[int, None] = OrderedDict()

    def add_head(self, pfn: int) -> None:
        """list_add(): `pfn` is taken first from now on."""
        self._blocks[pfn] = None
        self._blocks.move_to_end(pfn, last=False)

    def add_tail(self, pfn: int) -> None:
        """list_add_tail(): `pfn` is taken after all others."""
        self._blocks[pfn] = None

    def add_head_run(self, pfn: int, count: int, step: int) -> None:
        """add_head() of `count` blocks: `pfn`, `pfn + step` and so on; the last is the head then."""
        for i in range(count):
            self.add_head(pfn + i * step)

    def remove(self, pfn: int) -> None:
        """list_del() of a block that is in the list; KeyError where it is not."""
        del self._blocks[pfn]

    def head(self) -> int | None:
        """The block taken first, or None."""
        return next(iter(self._blocks), None)

    def pop_head(self) -> int:
        """Take the first block out; KeyError where the list is empty."""
        return self._blocks.popitem(last=False)[0]

    def pop_head_run(self, most: int) -> tuple[int, int, int]:
        """Take up to `most` blocks from the head: (first, how many, step); KeyError where there is none."""
        return self.pop_head(), 1, 0

    def __contains__(self, pfn: int) -> bool:
        return pfn in self._blocks

    def __iter__(self) -> Iterator[int]:
        return iter(self._blocks)

    def __len__(self) -> int:
        return len(self._blocks)

    def runs(self) -> Iterator[tuple[int, int, int]]:
        """The list from head to tail as (first pfn, blocks, step), blocks at equal distances together."""
        run: tuple[int, int, int] | None = None
        for pfn in self:
            if run is not None:
                first, count, step = run
                if count == 1 or pfn == first + count * step:
                    run = (first, count + 1, pfn - first if count == 1 else step)
                    continue
                yield run
            run = (pfn, 1, 0)
        if run is not None:
            yield run


class FreeRuns(FreeList):
    """A FreeList for the highest order, whose blocks are many and never merge: kept as runs of equal steps.

    A run is [first pfn, blocks, step], the first being nearest to the head. Operations cost what the
    number of runs costs.
    """

    __slots__ = ("_count", "_runs")

    def __init__(self) -> None:
        super().__init__()
        self._runs: list[list[int]] = []  # the head is at the end
        self._count = 0

    def add_head(self, pfn: int) -> None:
        self.add_head_run(pfn, 1, 0)

    def add_head_run(self, pfn: int, count: int, step: int) -> None:
        if count <= 0:
            return
        self._count += count
        last = pfn + (count - 1) * step
        if self._runs:
            first, n, old = self._runs[-1]
            back = first - pfn  # from what is nearest to the head now, back to the old head
            if (n == 1 or back == old) and (count == 1 or back == -step):
                self._runs[-1] = [last, n + count, back]
                return
        self._runs.append([last, count, -step])

    def add_tail(self, pfn: int) -> None:
        self._count += 1
        if self._runs:
            first, n, step = self._runs[0]
            if n == 1 or pfn == first + n * step:
                self._runs[0] = [first, n + 1, pfn - first if n == 1 else step]
                return
        self._runs.insert(0, [pfn, 1, 0])

    def _find(self, pfn: int) -> tuple[int, int] | None:
        for at, (first, n, step) in enumerate(self._runs):
            if pfn == first:
                return at, 0
            if n > 1 and (pfn - first) % step == 0 and 0 < (pfn - first) // step < n:
                return at, (pfn - first) // step
        return None

    def remove(self, pfn: int) -> None:
        found = self._find(pfn)
        if found is None:
            raise KeyError(pfn)
        at, i = found
        first, n, step = self._runs[at]
        parts = [[pfn + step, n - i - 1, step], [first, i, step]]
        self._runs[at : at + 1] = [[a, b, c if b > 1 else 0] for a, b, c in parts if b]
        self._count -= 1

    def head(self) -> int | None:
        return self._runs[-1][0] if self._runs else None

    def pop_head(self) -> int:
        if not self._runs:
            raise KeyError("empty list")
        run = self._runs[-1]
        pfn = run[0]
        run[0] += run[2]
        run[1] -= 1
        if run[1] == 0:
            self._runs.pop()
        elif run[1] == 1:
            run[2] = 0
        self._count -= 1
        return pfn

    def pop_head_run(self, most: int) -> tuple[int, int, int]:
        if not self._runs:
            raise KeyError("empty list")
        first, n, step = self._runs.pop()
        count = min(n, most)
        if count < n:
            self._runs.append([first + count * step, n - count, step if n - count > 1 else 0])
        self._count -= count
        return first, count, step if count > 1 else 0

    def __contains__(self, pfn: int) -> bool:
        return self._find(pfn) is not None

    def __iter__(self) -> Iterator[int]:
        for first, n, step in reversed(self._runs):
            for i in range(n):
                yield first + i * step

    def __len__(self) -> int:
        return self._count

    def runs(self) -> Iterator[tuple[int, int, int]]:
        for first, n, step in reversed(self._runs):  # noqa: UP028
            yield first, n, step


class free_area:
    """Free blocks of one order: a list a migratetype, and how many there are in all."""

    __slots__ = ("free_list", "nr_free")

    def __init__(self, order: int) -> None:
        kind = FreeRuns if order == MAX_ORDER - 1 else FreeList
        self.free_list: list[FreeList] = [kind() for _ in range(MIGRATE_TYPES)]
        self.nr_free = 0


class per_cpu_pages:
    """Free single pages at hand for one CPU: three lists, index 0 their head, `count` pages in all."""

    __slots__ = ("batch", "count", "high", "lists")

    def __init__(self) -> None:
        self.count = 0
        self.high = 0
        self.batch = 0
        self.lists: list[list[int]] = [[] for _ in range(MIGRATE_PCPTYPES)]


class per_cpu_pageset:
    """What a zone keeps for one CPU: its pages and its share of the counters not yet added to the zone's."""

    __slots__ = ("expire", "pcp", "stat_threshold", "vm_stat_diff")

    def __init__(self) -> None:
        self.pcp = per_cpu_pages()
        self.expire = 0
        self.stat_threshold = 0
        self.vm_stat_diff: dict[str, int] = {}


class zone:
    """Page frames of one node with one use. Counts are in pages.

    `vm_stat` holds the counters by their kernel names, absent where 0. `pageset` is by CPU, and
    `pageset_ptr` the per-cpu address it has. `free_area` is empty until the zone is initialised, if it
    has pages. `wait_table` is a direct-map address.
    """

    __slots__ = (
        "compact_blockskip_flush",
        "compact_cached_free_pfn",
        "compact_cached_migrate_pfn",
        "compact_considered",
        "compact_defer_shift",
        "compact_order_failed",
        "dirty_balance_reserve",
        "flags",
        "free_area",
        "idx",
        "inactive_ratio",
        "lowmem_reserve",
        "managed_pages",
        "min_slab_pages",
        "min_unmapped_pages",
        "name",
        "node",
        "nr_migrate_reserve_block",
        "pageset",
        "pageset_ptr",
        "percpu_drift_mark",
        "present_pages",
        "spanned_pages",
        "vm_stat",
        "wait_table",
        "wait_table_bits",
        "wait_table_hash_nr_entries",
        "watermark",
        "zone_pgdat",
        "zone_start_pfn",
    )

    def __init__(self, pgdat: pglist_data, idx: int) -> None:
        self.zone_pgdat = pgdat
        self.idx = idx
        self.name = ""
        self.node = 0
        self.watermark = [0, 0, 0]
        self.lowmem_reserve = [0] * MAX_NR_ZONES
        self.inactive_ratio = 0
        self.pageset: dict[int, per_cpu_pageset] = {}
        self.pageset_ptr = 0
        self.dirty_balance_reserve = 0
        self.min_unmapped_pages = 0
        self.min_slab_pages = 0
        self.zone_start_pfn = 0
        self.managed_pages = 0
        self.spanned_pages = 0
        self.present_pages = 0
        self.nr_migrate_reserve_block = 0
        self.wait_table = 0
        self.wait_table_hash_nr_entries = 0
        self.wait_table_bits = 0
        self.free_area: list[free_area] = []
        self.flags = 0
        self.percpu_drift_mark = 0
        self.compact_cached_free_pfn = 0
        self.compact_cached_migrate_pfn = [0, 0]
        self.compact_considered = 0
        self.compact_defer_shift = 0
        self.compact_order_failed = 0
        self.compact_blockskip_flush = 0
        self.vm_stat: dict[str, int] = {}

    @property
    def end_pfn(self) -> int:
        """zone_end_pfn(): page frame after the last one spanned."""
        return self.zone_start_pfn + self.spanned_pages

    def __repr__(self) -> str:
        return f"zone {self.name or ZONE_NAMES[self.idx]} of node {self.zone_pgdat.node_id}"


class zoneref(NamedTuple):
    """One entry of a zonelist: the zone and its index in its node."""

    zone: zone
    zone_idx: int


class zonelist:
    """Zones in the order in which an allocation tries them.

    `z_to_n` is the cache's map from entries to nodes where the list has a cache (`zlcache`).
    """

    __slots__ = ("fullzones", "last_full_zap", "z_to_n", "zlcache", "zonerefs")

    def __init__(self) -> None:
        self.zonerefs: list[zoneref] = []
        self.zlcache = False
        self.z_to_n: list[int] = []
        self.fullzones: set[int] = set()
        self.last_full_zap = 0


class pglist_data:
    """One node. `address` is the direct-map address of the structure itself."""

    __slots__ = (
        "address",
        "classzone_idx",
        "kswapd",
        "kswapd_max_order",
        "node_id",
        "node_present_pages",
        "node_spanned_pages",
        "node_start_pfn",
        "node_zonelists",
        "node_zones",
        "nr_zones",
    )

    def __init__(self, node_id: int = 0, address: int = 0) -> None:
        self.address = address
        self.node_id = node_id
        self.node_zones = [zone(self, idx) for idx in range(MAX_NR_ZONES)]
        self.node_zonelists = [zonelist(), zonelist()]  # all nodes; this node only
        self.nr_zones = 0
        self.node_start_pfn = 0
        self.node_present_pages = 0
        self.node_spanned_pages = 0
        self.kswapd = 0
        self.kswapd_max_order = 0
        self.classzone_idx = 0

    def __repr__(self) -> str:
        return f"node {self.node_id}"


def populated_zone(z: zone) -> bool:
    """Has the zone any page?"""
    return z.present_pages > 0


def zone_is_empty(z: zone) -> bool:
    """Does the zone span no page?"""
    return z.spanned_pages == 0


def zone_end_pfn(z: zone) -> int:
    """Page frame after the last one that the zone spans."""
    return z.zone_start_pfn + z.spanned_pages


def zone_idx(z: zone) -> int:
    """Index of the zone in its node."""
    return z.idx


def pfn_to_section_nr(pfn: int) -> int:
    """Number of the section that has page frame `pfn`."""
    return pfn >> PFN_SECTION_SHIFT


def section_nr_to_pfn(nr: int) -> int:
    """First page frame of section `nr`."""
    return nr << PFN_SECTION_SHIFT
