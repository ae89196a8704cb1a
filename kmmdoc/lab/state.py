"""The state of the allocators as a JSON value, in the schema of the recorded sequences.

Sections: zones, pgdat, vm_stat, vm_events, pageblocks, globals, slub, vmalloc, pcpu. Every list is in the
order of the kernel's list, head first; page frames are numbers, addresses texts such as "0xffff8800...".
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

from kmmdoc.lab.vmalloc_state import read_vmalloc
from kmmdoc.linux.include.linux.jiffies import jiffies
from kmmdoc.linux.include.linux.mmzone import (
    NR_MEM_SECTIONS,
    PAGEBLOCK_NR_PAGES,
    pglist_data,
    section_nr_to_pfn,
    zone,
)
from kmmdoc.linux.include.linux.slab import SLAB_STORE_USER
from kmmdoc.linux.include.linux.slub_def import KmemCache, KmemCacheCpu, KmemCacheNode, SlabPage
from kmmdoc.linux.include.linux.topology import smp_processor_id
from kmmdoc.linux.readers.pcpu import read as read_pcpu
from kmmdoc.linux.state import Kernel

Json = dict[str, Any]

ZONE_NUMBERS = (
    "flags",
    "nr_migrate_reserve_block",
    "dirty_balance_reserve",
    "percpu_drift_mark",
    "inactive_ratio",
    "managed_pages",
    "present_pages",
    "zone_start_pfn",
    "spanned_pages",
    "min_unmapped_pages",
    "min_slab_pages",
)
GLOBALS = (
    "nr_online_nodes",
    "nr_node_ids",
    "page_group_by_mobility_disabled",
    "percpu_pagelist_fraction",
    "min_free_kbytes",
    "zone_reclaim_mode",
    "slab_state",
    "movable_zone",
    "current_zonelist_order",
    "totalram_pages",
    "totalreserve_pages",
    "dirty_balance_reserve",
)
CACHE_NUMBERS = (
    "size",
    "object_size",
    "offset",
    "inuse",
    "align",
    "refcount",
    "min_partial",
    "cpu_partial",
)


def populated(k: Kernel) -> dict[str, zone]:
    """Every zone that has pages, by "node/name"."""
    return {
        f"{nid}/{z.name}": z
        for nid, pgdat in sorted(k.node_data.items())
        for z in pgdat.node_zones
        if z.present_pages
    }


def read_zone(k: Kernel, z: zone) -> Json:
    """One zone: its free lists, counters, limits, and the lists that the running CPU keeps of it."""
    pset = z.pageset[smp_processor_id(k)]
    return {
        "nr_free": [area.nr_free for area in z.free_area],
        "free": {
            f"{order}/{migratetype}": list(blocks)
            for order, area in enumerate(z.free_area)
            for migratetype, blocks in enumerate(area.free_list)
            if len(blocks)
        },
        "vm_stat": dict(z.vm_stat),
        "pcp0": {
            "count": pset.pcp.count,
            "high": pset.pcp.high,
            "batch": pset.pcp.batch,
            "stat_threshold": pset.stat_threshold,
            "expire": pset.expire,
            "vm_stat_diff": dict(pset.vm_stat_diff),
            "lists": [list(pages) for pages in pset.pcp.lists],
        },
        "watermark": list(z.watermark),
        "lowmem_reserve": list(z.lowmem_reserve),
        **{name: getattr(z, name) for name in ZONE_NUMBERS},
    }


def _pgdat(k: Kernel, pgdat: pglist_data) -> Json:
    """What reclaim is to do for a node, and with several nodes which zones its zonelist knows as full."""
    data: Json = {"kswapd_max_order": pgdat.kswapd_max_order, "classzone_idx": pgdat.classzone_idx}
    zones = pgdat.node_zonelists[0]
    if zones.zlcache and k.nr_online_nodes > 1:
        data["zlc_fullzones"] = hex(sum(1 << at for at in zones.fullzones))
        data["zlc_last_full_zap"] = hex(zones.last_full_zap)
    return data


def _pageblocks(k: Kernel) -> dict[str, int]:
    """The migratetype of every pageblock of the sections with memory, by its first page frame."""
    found: list[tuple[int, int, int]] = []
    for nr, stop, memory_map in k.section_mem_map.runs(0, NR_MEM_SECTIONS):
        if memory_map:
            found += k.pageblock_migratetype.runs(section_nr_to_pfn(nr), section_nr_to_pfn(stop))
    return dict(_by_block(tuple(found)))


@lru_cache(maxsize=16)
def _by_block(stretches: tuple[tuple[int, int, int], ...]) -> dict[str, int]:
    """Stretches (first page frame, behind the last, migratetype) block by block."""
    types: dict[str, int] = {}
    for first, end, kind in stretches:
        types |= dict.fromkeys(map(str, range(first, end, PAGEBLOCK_NR_PAGES)), kind)
    return types


def _globals(k: Kernel) -> Json:
    numbers = {name: int(getattr(k, name)) for name in GLOBALS}
    return numbers | {"gfp_allowed_mask": hex(k.gfp_allowed_mask), "jiffies_64": jiffies(k)}


def _free(page: SlabPage, first: int) -> list[list[int]]:
    """The free objects from `first` on as runs of indexes.

    An object that was never freed links to its neighbour, so a run goes on until one that was.
    """
    found: list[list[int]] = []
    written = sorted(page.index(obj) for obj in page.links)
    while first:
        start = page.index(first)
        i = bisect_left(written, start)
        end = written[i] if i < len(written) else page.objects - 1
        if found and found[-1][1] == start - 1:
            found[-1][1] = end
        else:
            found.append([start, end])
        first = page.get_freepointer(page.base + end * page.size)
    return found


def _cpu(c: KmemCacheCpu) -> Json:
    return {
        "tid": c.tid,
        "page": c.page.pfn if c.page is not None else 0,
        "freelist": hex(c.freelist) if c.freelist else 0,
        "partial": [[page.pfn, page.pages, page.pobjects] for page in c.partials()],
        "free": _free(c.page, c.freelist) if c.page is not None else [],
    }


def _node(s: KmemCache, n: KmemCacheNode) -> Json:
    data: Json = {
        "nr_partial": n.nr_partial,
        "nr_slabs": n.nr_slabs,
        "total_objects": n.total_objects,
        "partial": [page.pfn for page in n.partial],
    }
    if s.flags & SLAB_STORE_USER:
        data["full"] = [page.pfn for page in n.full]
    return data


def read_cache(k: Kernel, s: KmemCache) -> Json:
    """One cache: its parameters, its slabs by node, and what the running CPU has of it."""
    return {
        "ptr": hex(s.address),
        **{name: getattr(s, name) for name in CACHE_NUMBERS},
        "flags": hex(s.flags),
        "allocflags": hex(s.allocflags),
        "oo": list(s.oo),
        "max": list(s.max),
        "min": list(s.min),
        "nodes": {str(nid): _node(s, n) for nid, n in sorted(s.node.items())},
        "cpu0": _cpu(s.cpus[smp_processor_id(k)]),
    }


def read_slab(page: SlabPage) -> Json:
    """One slab."""
    return {
        "cache": page.slab_cache.name,
        "inuse": page.inuse,
        "objects": page.objects,
        "frozen": int(page.frozen),
        "order": page.order,
        "free": _free(page, page.freelist),
    }


def _slabs_at_hand(k: Kernel) -> Iterable[SlabPage]:
    for s in k.slab_caches:
        c = s.cpus[smp_processor_id(k)]
        if c.page is not None:
            yield c.page
        yield from c.partials()
        for n in s.node.values():
            yield from n.partial
            yield from n.full


def read_slub(k: Kernel, also: Iterable[int] = ()) -> Json:
    """The caches, and the slabs that are on a list or whose head is a page frame of `also`."""
    slabs = {page.pfn: page for page in _slabs_at_hand(k)}
    slabs |= {pfn: k.slab_pages[pfn] for pfn in also if pfn in k.slab_pages}
    return {
        "caches": {s.name: read_cache(k, s) for s in k.slab_caches},
        "slab_pages": {str(page.pfn): read_slab(page) for _, page in sorted(slabs.items())},
    }


def _pcpu(k: Kernel) -> Json:
    """The section of the boot recordings, without what these records leave out: it is in `slots`."""
    data = read_pcpu(k)
    return {name: value for name, value in data.items() if name not in ("first_chunk", "reserved_chunk")}


def read_zones(k: Kernel) -> Json:
    """Every zone that has pages."""
    return {name: read_zone(k, z) for name, z in populated(k).items()}


SECTIONS: dict[str, Callable[[Kernel], Json]] = {
    "zones": read_zones,
    "pgdat": lambda k: {str(nid): _pgdat(k, pgdat) for nid, pgdat in sorted(k.node_data.items())},
    "vm_stat": lambda k: dict(k.vm_stat),
    "vm_events": lambda k: dict(k.vm_events),
    "pageblocks": _pageblocks,
    "globals": _globals,
    "slub": read_slub,
    "vmalloc": read_vmalloc,
    "pcpu": _pcpu,
}
"""The reader of each section."""


def read_state(
    k: Kernel, sections: Iterable[str] = tuple(SECTIONS), handed_out: Iterable[int] = ()
) -> dict[str, Json]:
    """The sections of `k` that are asked for; `handed_out` are slabs to show though they are on no list."""
    return {
        name: read_slub(k, handed_out) if name == "slub" else SECTIONS[name](k)
        for name in sections
        if name in SECTIONS
    }
