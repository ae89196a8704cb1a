"""A recorded state put into a simulated kernel.

The kernel has booted the same machine, or one like it: what the record does not show (which pages are
reserved, where structures lie) is what that boot left. The page allocator and the caches are then made to
hold what was recorded.
"""

from __future__ import annotations

from typing import Any

from kmmdoc.lab.state import CACHE_NUMBERS, GLOBALS, ZONE_NUMBERS, populated
from kmmdoc.linux.include.linux.mm_types import Page
from kmmdoc.linux.include.linux.mmzone import MAX_ORDER, PAGEBLOCK_NR_PAGES, free_area, zone
from kmmdoc.linux.include.linux.slub_def import KmemCache, KmemCacheCpu, KmemCacheNode, OrderObjects, SlabPage
from kmmdoc.linux.state import Kernel, __va
from kmmdoc.model.quantities import PAGE_SHIFT

Json = dict[str, Any]


def load_state(k: Kernel, initial: Json) -> None:
    """Make `k` hold the sections of a recorded state that can be put in: all but vmalloc and pcpu."""
    zones = populated(k)
    for name, data in initial.get("zones", {}).items():
        if name in zones:
            _load_zone(k, zones[name], data)
    for pfn, migratetype in initial.get("pageblocks", {}).items():
        k.pageblock_migratetype.set(int(pfn), int(pfn) + PAGEBLOCK_NR_PAGES, migratetype)
    k.vm_stat = dict(initial.get("vm_stat", k.vm_stat))
    k.vm_events = dict(initial.get("vm_events", k.vm_events))
    for nid, data in initial.get("pgdat", {}).items():
        if int(nid) in k.node_data:
            pgdat = k.node_data[int(nid)]
            pgdat.kswapd_max_order, pgdat.classzone_idx = data["kswapd_max_order"], data["classzone_idx"]
    given = initial.get("globals", {})
    for name in GLOBALS:
        if name in given:
            setattr(k, name, given[name])
    if "gfp_allowed_mask" in given:
        k.gfp_allowed_mask = int(given["gfp_allowed_mask"], 0)
    if "slub" in initial:
        _load_slub(k, initial["slub"])


def _load_zone(k: Kernel, z: zone, data: Json) -> None:
    for name in ZONE_NUMBERS:
        setattr(z, name, data[name])
    z.watermark, z.lowmem_reserve = list(data["watermark"]), list(data["lowmem_reserve"])
    z.vm_stat = dict(data["vm_stat"])
    was_free = _free_blocks(z)
    z.free_area = [free_area(order) for order in range(MAX_ORDER)]
    for key, pfns in data["free"].items():
        order, migratetype = map(int, key.split("/"))
        for pfn in pfns:
            z.free_area[order].free_list[migratetype].add_tail(pfn)
        z.free_area[order].nr_free += len(pfns)
    pset, recorded = z.pageset[0], data["pcp0"]
    pset.stat_threshold, pset.expire = recorded["stat_threshold"], recorded["expire"]
    pset.vm_stat_diff = dict(recorded["vm_stat_diff"])
    pset.pcp.count, pset.pcp.high, pset.pcp.batch = (recorded[x] for x in ("count", "high", "batch"))
    pset.pcp.lists = [list(pages) for pages in recorded["lists"]]
    # What was free and is not any more is in use by somebody; what is free now is used by nobody.
    for pfn, n in was_free:
        k.mem_map.set_count(pfn, n, 1)
    unused = Page(k.page_flags.links(z.idx, z.node), 0, -1)
    for pfn, n in _free_blocks(z):
        k.mem_map.set(pfn, n, unused)
        k.mem_map.compound_order.pop(pfn, None)
    for migratetype, pages in enumerate(pset.pcp.lists):
        k.mem_map.freepage_migratetype.update(dict.fromkeys(pages, migratetype))


def _free_blocks(z: zone) -> list[tuple[int, int]]:
    """(first page frame, pages) of every free block, those on the CPU's lists included."""
    blocks = [
        (pfn, 1 << order)
        for order, area in enumerate(z.free_area)
        for listed in area.free_list
        for pfn in listed
    ]
    return blocks + [(pfn, 1) for pages in z.pageset[0].pcp.lists for pfn in pages]


def _load_slub(k: Kernel, data: Json) -> None:
    by_name = {s.name: s for s in k.slab_caches}
    order = [name for name in data["caches"] if name in by_name or by_name.setdefault(name, KmemCache())]
    for pfn, recorded in data["slab_pages"].items():
        s = by_name.get(recorded["cache"])
        if s is not None:
            _load_slab(k, s, int(pfn), recorded, data["caches"][recorded["cache"]])
    for name in order:
        _load_cache(k, by_name[name], name, data["caches"][name])
    known = {s.name for s in k.slab_caches}
    k.slab_caches[:0] = [by_name[name] for name in order if name not in known]


def _chain(page: SlabPage, runs: list[list[int]]) -> int:
    """Link the objects of `runs` in their order; the first of them, 0 for none."""
    objects = [page.base + i * page.size for first, last in runs for i in range(first, last + 1)]
    for obj, following in zip(objects, [*objects, 0][1:], strict=True):
        page.set_freepointer(obj, following)
    return objects[0] if objects else 0


def _load_slab(k: Kernel, s: KmemCache, pfn: int, recorded: Json, cache: Json) -> None:
    s.size = cache["size"]
    page = SlabPage(pfn, __va(pfn << PAGE_SHIFT), recorded["order"], recorded["objects"], s)
    page.inuse, page.frozen = recorded["inuse"], bool(recorded["frozen"])
    page.freelist = _chain(page, recorded["free"])
    k.mem_map.set_flags(pfn, 1, k.page_flags.PG_slab)
    for at in range(pfn, pfn + (1 << page.order)):
        k.slab_pages[at] = page


def _load_cache(k: Kernel, s: KmemCache, name: str, data: Json) -> None:
    s.name, s.address = name, int(data["ptr"], 0)
    for number in CACHE_NUMBERS:
        setattr(s, number, data[number])
    s.flags, s.allocflags = int(data["flags"], 0), int(data["allocflags"], 0)
    s.oo, s.max, s.min = (OrderObjects(*data[which]) for which in ("oo", "max", "min"))
    for nid, recorded in data["nodes"].items():
        n = s.node.setdefault(int(nid), KmemCacheNode(0))
        n.nr_partial, n.nr_slabs = recorded["nr_partial"], recorded["nr_slabs"]
        n.total_objects = recorded["total_objects"]
        n.partial = [k.slab_pages[pfn] for pfn in recorded["partial"]]
        n.full = [k.slab_pages[pfn] for pfn in recorded.get("full", ())]
    recorded = data["cpu0"]
    c = s.cpus.setdefault(0, KmemCacheCpu(0))
    c.tid = recorded["tid"]
    c.page = k.slab_pages[recorded["page"]] if recorded["page"] else None
    c.freelist = _chain(c.page, recorded["free"]) if c.page is not None else 0
    c.partial = None
    for pfn, pages, pobjects in reversed(recorded["partial"]):
        page = k.slab_pages[pfn]
        page.next, page.pages, page.pobjects = c.partial, pages, pobjects
        c.partial = page
