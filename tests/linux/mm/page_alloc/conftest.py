"""Kernels in the middle of a boot, loaded from a record."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from kmmdoc.linux.include.linux.memblock import memblock_region
from kmmdoc.linux.include.linux.mm_types import Page
from kmmdoc.linux.include.linux.mmzone import (
    MAX_ORDER,
    PAGEBLOCK_NR_PAGES,
    PAGES_PER_SECTION,
    free_area,
    per_cpu_pageset,
    pglist_data,
    zone,
    zoneref,
)
from kmmdoc.linux.mm.mempolicy import alloc_pages_current
from kmmdoc.linux.mm.page_alloc.alloc import __alloc_pages_nodemask, __get_free_pages
from kmmdoc.linux.mm.page_alloc.free import (
    __free_pages,
    drain_local_pages,
    drain_zone_pages,
    free_hot_cold_page,
    free_pages,
)
from kmmdoc.linux.mm.page_alloc.wmark import init_per_zone_wmark_min
from kmmdoc.linux.state import Kernel, __pa
from kmmdoc.machines.builds import load_build
from kmmdoc.model.quantities import PAGE_SHIFT
from kmmdoc.model.scenario import Machine, Scenario

Json = dict[str, Any]


def bare_kernel() -> Kernel:
    """A kernel in which nothing has happened yet, with the boot CPU on node 0."""
    k = Kernel(Scenario(Machine("test", ()), load_build(), ""))
    k.x86_cpu_to_node_map = [0] * 64
    k.cpu_possible_mask = {0}
    return k


def set_lists(z: zone, lists: dict[str, list[int]]) -> None:
    """Fill the zone's free lists: "order/migratetype" to block heads from head to tail."""
    z.free_area = [free_area(order) for order in range(MAX_ORDER)]
    for key, pfns in lists.items():
        order, migratetype = map(int, key.split("/"))
        for pfn in pfns:
            z.free_area[order].free_list[migratetype].add_tail(pfn)
        z.free_area[order].nr_free += len(pfns)


def lists_of(z: zone) -> dict[str, list[int]]:
    """The inverse of set_lists(); empty lists left out."""
    return {
        f"{order}/{migratetype}": list(blocks)
        for order, area in enumerate(z.free_area)
        for migratetype, blocks in enumerate(area.free_list)
        if len(blocks)
    }


def load_nodes(k: Kernel, nodes: list[Json]) -> None:
    """Nodes and zones as section `nodes` of a snapshot gives them."""
    k.node_states["N_ONLINE"] = k.node_states["N_NORMAL_MEMORY"] = {n["nid"] for n in nodes}
    k.nr_online_nodes = len(nodes)
    k.boot_pageset = {0: per_cpu_pageset()}
    k.boot_pageset[0].pcp.batch = 1
    for node in nodes:
        pgdat = k.node_data[node["nid"]] = pglist_data(node["nid"])
        for name in ("node_start_pfn", "node_present_pages", "node_spanned_pages", "nr_zones"):
            setattr(pgdat, name, node[name])
        for data, z in zip(node["zones"], pgdat.node_zones, strict=True):
            z.name, z.node = data["name"], node["nid"]
            for name in ("zone_start_pfn", "managed_pages", "spanned_pages", "present_pages"):
                setattr(z, name, data[name])
            z.vm_stat = {name: n for name, n in data["vm_stat"].items() if n}
            z.pageset = k.boot_pageset
            set_lists(z, data.get("free_list_pfns", {}))


def load_sections(k: Kernel, sections: Json) -> None:
    """Migratetypes of pageblocks as section `sections` of a snapshot gives them."""
    for section in sections["sections"]:
        pfn = section["nr"] * PAGES_PER_SECTION
        for migratetype, n in section["mt_rle"]:
            k.pageblock_migratetype.set(pfn, pfn + n * PAGEBLOCK_NR_PAGES, migratetype)
            pfn += n * PAGEBLOCK_NR_PAGES


def load_before_mem_init(stages: dict[str, Json], runs: list[list[Any]]) -> Kernel:
    """The kernel before mem_init(): memblock, nodes, pages as zone_sizes_init() left them."""
    stage = stages["before_mem_init"]
    k = bare_kernel()
    k.max_low_pfn = stage["globals"]["max_low_pfn"]
    for kind in ("memory", "reserved"):
        regions = [
            memblock_region(int(b, 0), int(s, 0), n, f) for b, s, n, f in stage["memblock"][kind]["regions"]
        ]
        getattr(k.memblock, kind).regions = regions
    load_nodes(k, stage["nodes"])
    load_sections(k, stage["sections"])
    for pfn, kind, n, flags, count, mapcount in runs:
        assert kind == "P"
        k.mem_map.set(pfn, n, Page(int(flags, 0), count, mapcount - (mapcount >> 31 << 32)))
    return k


def merge(into: Json, patch: Json) -> None:
    """Apply a JSON merge patch (RFC 7386)."""
    for key, value in patch.items():
        if value is None:
            into.pop(key, None)
        elif isinstance(value, dict) and isinstance(into.get(key), dict):
            merge(into[key], value)
        else:
            into[key] = value


def load_lab(inputs: Json, initial: Json) -> Kernel:
    """The kernel at the start of a recorded sequence of allocator calls."""
    k = bare_kernel()
    k.x86_cpu_to_node_map = [inputs["numa_node_of_cpu0"]] * 64
    k.gfp_allowed_mask = int(inputs["gfp_allowed_mask"], 0)
    given = inputs["globals"]
    for name in (
        "min_free_kbytes",
        "user_min_free_kbytes",
        "nr_online_nodes",
        "totalram_pages",
        "max_low_pfn",
    ):
        setattr(k, name, given[name])
    nids = sorted(map(int, inputs["zonelists"]))
    k.node_states["N_ONLINE"] = k.node_states["N_NORMAL_MEMORY"] = set(nids)
    k.cpu_online_mask = {0}
    for nid in nids:
        pgdat = k.node_data[nid] = pglist_data(nid)
        for z, name in zip(pgdat.node_zones, ("DMA", "DMA32", "Normal", "Movable"), strict=True):
            z.name, z.node = name, nid
            data = initial["zones"].get(f"{nid}/{name}")
            set_lists(z, data["free"] if data else {})
            z.pageset = {0: per_cpu_pageset()}
            if data is None:
                continue
            for field in LAB_ZONE - {"nr_free", "free", "vm_stat", "pcp0", "watermark", "lowmem_reserve"}:
                setattr(z, field, data[field])
            z.watermark, z.lowmem_reserve = list(data["watermark"]), list(data["lowmem_reserve"])
            z.vm_stat = dict(data["vm_stat"])
            pset = z.pageset[0]
            pset.stat_threshold = data["pcp0"]["stat_threshold"]
            pset.vm_stat_diff = dict(data["pcp0"]["vm_stat_diff"])
            pcp = pset.pcp
            pcp.count, pcp.high, pcp.batch = (data["pcp0"][x] for x in ("count", "high", "batch"))
            pcp.lists = [list(pages) for pages in data["pcp0"]["lists"]]
            for migratetype, pages in enumerate(pcp.lists):
                k.mem_map.freepage_migratetype.update(dict.fromkeys(pages, migratetype))
            page = Page(k.page_flags.links(z.idx, nid), 0, -1)
            k.mem_map.set(z.zone_start_pfn, z.spanned_pages, page)
    for nid in nids:
        for zones, data in zip(k.node_data[nid].node_zonelists, inputs["zonelists"][str(nid)], strict=True):
            zones.zlcache = data["zlcache_ptr"] != "0x0"
            for node, _, idx in data["zonerefs"]:
                zones.zonerefs.append(zoneref(k.node_data[node].node_zones[idx], idx))
    for base, size, *_ in inputs["memblock"]["reserved"]["regions"]:
        first, end = int(base, 0) >> PAGE_SHIFT, -(-(int(base, 0) + int(size, 0)) >> PAGE_SHIFT)
        k.mem_map.set_flags(first, end - first, k.page_flags.PG_reserved)
    for pfn, migratetype in initial["pageblocks"].items():
        k.pageblock_migratetype.set(int(pfn), int(pfn) + PAGEBLOCK_NR_PAGES, migratetype)
    k.vm_stat = dict(initial["vm_stat"])
    k.vm_events = dict(initial["vm_events"])
    return k


def lab_zone(k: Kernel, name: str, fields: Json) -> Json:
    """What the simulation has for the fields of a zone that a sequence records."""
    nid, zone_name = name.split("/")
    z = next(z for z in k.node_data[int(nid)].node_zones if z.name == zone_name)
    pset = z.pageset[0]
    value: Json = {
        "nr_free": [area.nr_free for area in z.free_area],
        "free": lists_of(z),
        "vm_stat": z.vm_stat,
        "pcp0": {
            "count": pset.pcp.count,
            "high": pset.pcp.high,
            "batch": pset.pcp.batch,
            "stat_threshold": pset.stat_threshold,
            "expire": pset.expire,
            "vm_stat_diff": pset.vm_stat_diff,
            "lists": pset.pcp.lists,
        },
    }
    return {key: value[key] if key in value else getattr(z, key) for key in fields}


def call_step(k: Kernel, step: Json) -> int | None:
    """Make the recorded call; the page that an allocation returns, -1 for none."""
    args = [int(a, 0) for a in step["args"]]
    match step["call"]:
        case "__get_free_pages":
            addr = __get_free_pages(k, *args)
            return __pa(addr) >> PAGE_SHIFT if addr else -1
        case "free_pages":
            free_pages(k, *args)
        case "drain_local_pages":
            drain_local_pages(k)
        case "free_hot_cold_page":
            page = page_of(args[0])
            k.mem_map.set_count(page, 1, 0)
            free_hot_cold_page(k, page, bool(args[1]))
        case "__alloc_pages_nodemask":
            nid, index = step["zonelist"]
            zones = k.node_data[nid].node_zonelists[index]
            found = __alloc_pages_nodemask(k, args[0], args[1], zones, None)
            return -1 if found is None else found
        case "alloc_pages_current":
            found = alloc_pages_current(k, *args)
            return -1 if found is None else found
        case "__free_pages":
            __free_pages(k, page_of(args[0]), args[1])
        case "drain_zone_pages":
            z = next(z for z in k.node_data[int(step["zone"][0])].node_zones if z.name == step["zone"][2:])
            drain_zone_pages(k, z, z.pageset[0].pcp)
        case "init_per_zone_wmark_min":
            init_per_zone_wmark_min(k)
        case other:
            raise NotImplementedError(other)
    return None


def page_of(address: int) -> int:
    """The page frame of a struct page of the virtual memory map."""
    return (address - 0xFFFF_EA00_0000_0000) // 64


def replay(sequence: Json) -> int:
    """Make the calls of a recorded sequence; every state must be the recorded one. The number of steps."""
    state = sequence["initial"]
    k = load_lab(sequence["inputs"], state)
    for step in sequence["steps"]:
        page = call_step(k, step)
        if page is not None:
            assert page == step["pfn"], step["i"]
        merge(state, step["changed"])
        for name, fields in state["zones"].items():
            wanted = {key: value for key, value in fields.items() if key in LAB_ZONE}
            assert lab_zone(k, name, wanted) == wanted, (step["i"], name)
        assert k.vm_stat == state["vm_stat"], step["i"]
        counted = {x: n for x, n in state["vm_events"].items() if x.startswith(("PGALLOC", "PGFREE"))}
        assert {x: k.vm_events[x] for x in counted} == counted, step["i"]
        for pfn, migratetype in step["changed"].get("pageblocks", {}).items():
            assert k.pageblock_migratetype[int(pfn)] == migratetype, step["i"]
    return len(sequence["steps"])


LAB_ZONE = {
    *("nr_free", "free", "vm_stat", "pcp0", "watermark", "lowmem_reserve", "flags", "managed_pages"),
    *(
        "present_pages",
        "zone_start_pfn",
        "spanned_pages",
        "nr_migrate_reserve_block",
        "dirty_balance_reserve",
    ),
    *("percpu_drift_mark", "inactive_ratio", "min_unmapped_pages", "min_slab_pages"),
}


@pytest.fixture(name="replay")
def replay_fixture() -> Callable[[Json], int]:
    """replay(sequence)."""
    return replay


@pytest.fixture(name="load_before_mem_init")
def load_before_mem_init_fixture() -> Callable[..., Kernel]:
    """load_before_mem_init(stages, page runs)."""
    return load_before_mem_init


@pytest.fixture(name="bare_kernel")
def bare_kernel_fixture() -> Callable[[], Kernel]:
    """bare_kernel()."""
    return bare_kernel


@pytest.fixture(name="lists_of")
def lists_of_fixture() -> Callable[[zone], dict[str, list[int]]]:
    """lists_of(zone)."""
    return lists_of
