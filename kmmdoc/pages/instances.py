"""Structures that a run's snapshots show, chosen by rules, never by machine: their members at each stage.

Names are the layout's members. Pointers to what the snapshots name are shown by that name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kmmdoc.model.run import Run
from kmmdoc.model.snapshot import Snapshot

Members = Mapping[str, Any]
"""Values by the layout's names of members."""
Reader = Callable[[Snapshot], Members | None]
"""What a stage shows of a structure; None where it has none."""

BUDDY_MAPCOUNT = -128
"""What _mapcount of a free block's first page holds in place of a count."""


@dataclass(frozen=True, slots=True)
class Instance:
    """One structure of a run. `which` is the key `struct.is-WHICH` of the words that say which it is, with
    `about` to fill in; `stages` are its members at each stage that shows it."""

    which: str
    about: Mapping[str, str]
    stages: Mapping[str, Members]


def instances(run: Run, struct: str) -> list[Instance]:
    """The structures of that type that the run shows, none of them empty."""
    made = _RULES.get(struct)
    if made is None:
        return []
    found = []
    for which, about, read in made(run):
        stages = {name: values for name, s in run.snapshots.items() if (values := _read(read, s))}
        if stages:
            found.append(Instance(which, about, stages))
    return found


def structures() -> frozenset[str]:
    """The structures of which there can be instances."""
    return frozenset(_RULES)


def _read(read: Reader, snapshot: Snapshot) -> Members | None:
    """What the reader finds; nothing where a stage has no such section, or nothing in it."""
    try:
        return read(snapshot)
    except (KeyError, IndexError, StopIteration):
        return None


Rule = Iterator[tuple[str, Mapping[str, str], Reader]]
_RULES: dict[str, Callable[[Run], Rule]] = {}


def _rule(struct: str) -> Callable[[Callable[[Run], Rule]], Callable[[Run], Rule]]:
    def declare(rule: Callable[[Run], Rule]) -> Callable[[Run], Rule]:
        _RULES[struct] = rule
        return rule

    return declare


def _picked(item: Mapping[str, Any], names: str, **renamed: str) -> dict[str, Any]:
    """The values called as their members are, and those of other names: MEMBER=NAME."""
    values = {name: item[name] for name in names.split() if name in item}
    return values | {member: item[name] for member, name in renamed.items() if name in item}


# memblock, e820, boot parameters, NUMA.


@_rule("memblock")
def _memblock(run: Run) -> Rule:
    yield "memblock", {}, lambda s: _picked(s["memblock"], "bottom_up current_limit")


@_rule("memblock_type")
def _memblock_type(run: Run) -> Rule:
    for name in ("memory", "reserved"):

        def read(s: Snapshot, name: str = name) -> Members:
            return _picked(s["memblock"][name], "cnt max total_size", regions="regions_ptr")

        yield "memblock-list", {"name": name}, read


@_rule("memblock_region")
def _memblock_region(run: Run) -> Rule:
    for name in ("memory", "reserved"):

        def read(s: Snapshot, name: str = name) -> Members:
            base, size, nid, flags = s["memblock"][name]["regions"][0]
            return {"base": base, "size": size, "flags": flags, "nid": nid}

        yield "first-region", {"name": name}, read


@_rule("e820map")
def _e820map(run: Run) -> Rule:
    for name in ("e820", "e820_saved"):

        def read(s: Snapshot, name: str = name) -> Members:
            return {"nr_map": len(s["e820"][name])}

        yield "global", {"name": name}, read


@_rule("e820entry")
def _e820entry(run: Run) -> Rule:
    def read(s: Snapshot) -> Members:
        addr, size, type_ = s["e820"]["e820"][0]
        return {"addr": addr, "size": size, "type": type_}

    yield "first-entry", {"name": "e820"}, read


@_rule("boot_params")
def _boot_params(run: Run) -> Rule:
    def read(s: Snapshot) -> Members:
        known = _picked(s["bp"], "ext_ramdisk_image ext_ramdisk_size alt_mem_k")
        return known | {"e820_entries": len(s["bp"]["e820_map"])}

    yield "global", {"name": "boot_params"}, read


@_rule("setup_header")
def _setup_header(run: Run) -> Rule:
    names = "type_of_loader ramdisk_image ramdisk_size code32_start kernel_alignment setup_data"
    yield "global", {"name": "boot_params.hdr"}, lambda s: _picked(s["bp"]["hdr"], names)


@_rule("numa_meminfo")
def _numa_meminfo(run: Run) -> Rule:
    yield "global", {"name": "numa_meminfo"}, lambda s: {"nr_blks": len(s["numa"]["numa_meminfo"])}


@_rule("numa_memblk")
def _numa_memblk(run: Run) -> Rule:
    def read(s: Snapshot) -> Members:
        return dict(zip(("start", "end", "nid"), s["numa"]["numa_meminfo"][0], strict=True))

    yield "first-entry", {"name": "numa_meminfo.blk"}, read


@_rule("mem_section")
def _mem_section(run: Run) -> Rule:
    def read(s: Snapshot) -> Members:
        section = next(x for x in s["sections"]["sections"] if x["nr"] == 0)
        return _picked(section, "section_mem_map pageblock_flags")

    yield "section-0", {}, read


# Nodes and zones.


def _largest_zone(run: Run) -> tuple[int, int] | None:
    """(node, index) of the zone with the most pages present, of the last stage that shows zones."""
    for s in reversed(run.snapshots.values()):
        found = [(z["present_pages"], n["nid"], z["idx"]) for n in s.get("nodes", ()) for z in n["zones"]]
        if found:
            _, nid, idx = max(found, key=lambda zone: (zone[0], -zone[1], -zone[2]))
            return nid, idx
    return None


def _zones(run: Run, read: Callable[[Mapping[str, Any]], Members]) -> Reader | None:
    place = _largest_zone(run)
    if place is None:
        return None
    nid, idx = place
    return lambda s: read(next(n for n in s["nodes"] if n["nid"] == nid)["zones"][idx])


def _zone_name(run: Run) -> dict[str, str]:
    nid, idx = _largest_zone(run) or (0, 0)
    return {"nid": str(nid), "name": str(("DMA", "DMA32", "Normal", "Movable")[idx])}


@_rule("pglist_data")
def _pglist_data(run: Run) -> Rule:
    names = (
        "nr_zones node_start_pfn node_present_pages node_spanned_pages node_id kswapd kswapd_max_order"
        " classzone_idx"
    )
    yield "node-0", {}, lambda s: _picked(next(n for n in s["nodes"] if n["nid"] == 0), names)


_ZONE = (
    "watermark lowmem_reserve node inactive_ratio zone_pgdat pageset dirty_balance_reserve min_unmapped_pages"
    " min_slab_pages zone_start_pfn managed_pages spanned_pages present_pages name nr_migrate_reserve_block"
    " wait_table wait_table_hash_nr_entries wait_table_bits flags percpu_drift_mark compact_cached_free_pfn"
    " compact_cached_migrate_pfn compact_considered compact_defer_shift compact_order_failed"
    " compact_blockskip_flush"
)


def _zone(item: Mapping[str, Any]) -> Members:
    stat = {name: n for name, n in item["vm_stat"].items() if n}
    return _picked(item, _ZONE) | {"vm_stat": stat}


@_rule("zone")
def _zone_rule(run: Run) -> Rule:
    if reader := _zones(run, _zone):
        yield "largest-zone", _zone_name(run), reader


@_rule("free_area")
def _free_area(run: Run) -> Rule:
    for order in (0, 10):

        def read(item: Mapping[str, Any], order: int = order) -> Members:
            counts = item.get("free_list_counts")
            return {
                "free_list": counts[order] if counts else [0] * 4,
                "nr_free": item["nr_free"][order],
            }

        if reader := _zones(run, read):
            yield "free-area", {**_zone_name(run), "order": str(order)}, reader


@_rule("per_cpu_pages")
def _per_cpu_pages(run: Run) -> Rule:
    if reader := _zones(run, lambda z: _picked(z["percpu"][0], "count high batch", lists="list_heads")):
        yield "cpu-0-of-zone", _zone_name(run), reader


@_rule("per_cpu_pageset")
def _per_cpu_pageset(run: Run) -> Rule:
    if reader := _zones(run, lambda z: _picked(z["percpu"][0], "expire stat_threshold vm_stat_diff")):
        yield "cpu-0-of-zone", _zone_name(run), reader


def _zoneref_text(ref: list[Any]) -> str:
    return f"{ref[1]}@{ref[0]}"


@_rule("zonelist")
def _zonelist(run: Run) -> Rule:
    for kind, which in enumerate(("fallback-list", "own-list")):

        def read(s: Snapshot, kind: int = kind) -> Members:
            found = s["zonelists"]["0"][kind]
            refs = [_zoneref_text(ref) for ref in found["zonerefs"]]
            return {"zlcache_ptr": found["zlcache_ptr"], "_zonerefs": refs}

        yield which, {}, read


@_rule("zoneref")
def _zoneref(run: Run) -> Rule:
    def read(s: Snapshot) -> Members:
        ref = s["zonelists"]["0"][0]["zonerefs"][0]
        return {"zone": _zoneref_text(ref), "zone_idx": ref[2]}

    yield "first-zoneref", {}, read


# struct page.


def _page(run_item: list[Any], pfn: int) -> Members:
    """What a run of the section `pages` says of the page `pfn` in it."""
    first, kind = run_item[0], run_item[1]
    if kind == "F":
        flags, order = run_item[4], run_item[2]
        if (pfn - first) % (1 << order):
            return {}
        return {"flags": flags, "_mapcount": BUDDY_MAPCOUNT, "_count": 0, "private": order}
    known = {"flags": run_item[3], "_count": run_item[4]}
    if run_item[5] != "slab":
        known["_mapcount"] = run_item[5] - (1 << 32) * (run_item[5] >> 31)
    return known


def _pages_of(item: list[Any]) -> int:
    return int(item[3] << item[2] if item[1] == "F" else item[2])


def _page_reader(pfn: int) -> Reader:
    def read(s: Snapshot) -> Members:
        runs = s["pages"]["runs"]
        return _page(next(r for r in runs if r[0] <= pfn < r[0] + _pages_of(r)), pfn)

    return read


@_rule("page")
def _page_rule(run: Run) -> Rule:
    """The kernel's first frame; of the last stage that shows pages, the largest block's and a slab's."""
    kernel = run.scenario.kernel_load >> 12
    yield "kernel-page", {"pfn": f"{kernel:#x}"}, _page_reader(kernel)
    last = next((s for s in reversed(run.snapshots.values()) if "pages" in s), None)
    if last is None:
        return
    runs = last["pages"]["runs"]
    free = max((r for r in runs if r[1] == "F"), key=lambda r: (r[2], r[0]), default=None)
    slab = next((r for r in runs if r[1] == "P" and r[5] == "slab"), None)
    if free is not None:
        pfn = free[0] + (free[3] - 1 << free[2])
        yield "free-page", {"pfn": f"{pfn:#x}"}, _page_reader(pfn)
    if slab is not None:
        yield "slab-page", {"pfn": f"{slab[0]:#x}"}, _page_reader(slab[0])


# Per-cpu memory, slabs, vmalloc, huge pages, resources.


@_rule("pcpu_chunk")
def _pcpu_chunk(run: Run) -> Rule:
    names = "free_size contig_hint base_addr map_used map_alloc data first_free immutable nr_populated"
    for name in ("first_chunk", "reserved_chunk"):

        def read(s: Snapshot, name: str = name) -> Members:
            return _picked(s["pcpu"][name], names, map="map_ptr")

        yield "global", {"name": f"*pcpu_{name}"}, read


def _cache(s: Snapshot, name: str) -> Mapping[str, Any]:
    return next(c for c in s["slub"]["caches"] if c["name"] == name)


def _order_objects(pair: list[int]) -> int:
    return pair[0] << 16 | pair[1]


_CACHE = (
    "cpu_slab flags min_partial size object_size offset cpu_partial allocflags refcount inuse align reserved"
    " name remote_node_defrag_ratio"
)
_SHOWN_CACHES = ("kmalloc-64", "kmem_cache")


@_rule("kmem_cache")
def _kmem_cache(run: Run) -> Rule:
    for name in _SHOWN_CACHES:

        def read(s: Snapshot, name: str = name) -> Members:
            found = _cache(s, name)
            pairs = {key: _order_objects(found[key]) for key in ("oo", "max", "min")}
            nodes = [node["ptr"] for node in found["nodes"]]
            return _picked(found, _CACHE) | pairs | {"ctor": found["ctor"] or 0, "node": nodes}

        yield "cache", {"name": name}, read


@_rule("kmem_cache_order_objects")
def _order(run: Run) -> Rule:
    for name in _SHOWN_CACHES:

        def read(s: Snapshot, name: str = name) -> Members:
            return {"x": _order_objects(_cache(s, name)["oo"])}

        yield "cache-oo", {"name": name}, read


@_rule("kmem_cache_cpu")
def _kmem_cache_cpu(run: Run) -> Rule:
    for name in _SHOWN_CACHES:

        def read(s: Snapshot, name: str = name) -> Members:
            cpu = next(c for c in _cache(s, name)["cpu"] if c[0] == 0)
            return dict(zip(("freelist", "tid", "page", "partial"), cpu[1:], strict=True))

        yield "cache-cpu-0", {"name": name}, read


@_rule("kmem_cache_node")
def _kmem_cache_node(run: Run) -> Rule:
    for name in _SHOWN_CACHES:

        def read(s: Snapshot, name: str = name) -> Members:
            node = next(n for n in _cache(s, name)["nodes"] if n["nid"] == 0)
            return _picked(node, "nr_partial nr_slabs total_objects")

        yield "cache-node-0", {"name": name}, read


@_rule("vmap_area")
def _vmap_area(run: Run) -> Rule:
    def read(s: Snapshot) -> Members:
        area = s["vmalloc"]["vmap_area_list"][0]
        return _picked(area, "va_start va_end flags") | {"vm": area.get("vm", {}).get("ptr", 0)}

    yield "first-area", {}, read


@_rule("vm_struct")
def _vm_struct(run: Run) -> Rule:
    names = "next addr size flags nr_pages phys_addr caller"
    yield "first-area", {}, lambda s: _picked(s["vmalloc"]["vmap_area_list"][0]["vm"], names)


@_rule("hstate")
def _hstate(run: Run) -> Rule:
    names = (
        "order max_huge_pages nr_huge_pages free_huge_pages resv_huge_pages surplus_huge_pages"
        " nr_overcommit_huge_pages"
    )
    yield "first-entry", {"name": "hstates"}, lambda s: _picked(s["hstates"][0], names)


@_rule("resource")
def _resource(run: Run) -> Rule:
    yield "global", {"name": "iomem_resource"}, _resource_reader()
    yield "kernel-resource", {}, _resource_reader("Kernel code")


def _resource_reader(name: str = "") -> Reader:
    """The resource of a name, or the first of all; with what it hangs below, beside and above."""

    def read(s: Snapshot) -> Members:
        rows = s["iomem"]
        at = next(i for i, row in enumerate(rows) if not name or row[3] == name)
        deep, start, end, called, flags = rows[at]
        parent = next((row[3] for row in reversed(rows[:at]) if row[0] < deep), 0)
        after = rows[at + 1 :]
        child = after[0][3] if after and after[0][0] > deep else 0
        beside = next((row for row in after if row[0] <= deep), None)
        sibling = beside[3] if beside and beside[0] == deep else 0
        values = {"start": start, "end": end, "name": called, "flags": flags}
        return values | {"parent": parent, "sibling": sibling, "child": child}

    return read
