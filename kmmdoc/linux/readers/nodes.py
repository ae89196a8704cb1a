"""Section `nodes`: every online node with its zones, their free lists and per-cpu pages."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import Any

from kmmdoc.linux.debugger import section
from kmmdoc.linux.include.linux.mmzone import FreeList, per_cpu_pageset, pglist_data, populated_zone, zone
from kmmdoc.linux.state import Kernel

MAX_LISTED = 1024
"""Blocks of a free list that are listed one by one."""

_ZONE_FIELDS = (
    "name",
    "node",
    "inactive_ratio",
    "dirty_balance_reserve",
    "min_unmapped_pages",
    "min_slab_pages",
    "zone_start_pfn",
    "managed_pages",
    "spanned_pages",
    "present_pages",
    "nr_migrate_reserve_block",
    "wait_table_hash_nr_entries",
    "wait_table_bits",
    "flags",
    "percpu_drift_mark",
    "compact_cached_free_pfn",
    "compact_considered",
    "compact_defer_shift",
    "compact_order_failed",
    "compact_blockskip_flush",
)
_NODE_FIELDS = (
    "nr_zones",
    "node_start_pfn",
    "node_present_pages",
    "node_spanned_pages",
    "node_id",
    "kswapd_max_order",
    "classzone_idx",
)

Blocks = tuple[int, list[tuple[int, int, int]]]
"""How many blocks a free list has, and its runs (first pfn, blocks, step) as far as they are listed."""
Frozen = tuple[dict[str, Any], list[list[Blocks]]]


@section("nodes")
def read(k: Kernel) -> Callable[[], list[dict[str, Any]]]:
    """One item a node; see the schema. Free lists are expanded when somebody asks."""
    nodes = [
        (_node(nid, k.node_data[nid]), [_freeze(k, z) for z in k.node_data[nid].node_zones])
        for nid in sorted(k.node_states["N_ONLINE"])
        if nid in k.node_data
    ]
    return lambda: [{**node, "zones": [_expand(z) for z in zones]} for node, zones in nodes]


def _node(nid: int, pgdat: pglist_data) -> dict[str, Any]:
    fields = {name: getattr(pgdat, name) for name in _NODE_FIELDS}
    return {"nid": nid, "ptr": hex(pgdat.address), **fields, "kswapd": hex(pgdat.kswapd)}


def _freeze(k: Kernel, z: zone) -> Frozen:
    """The values of a zone, and its free lists as runs."""
    layout = k.build.structs["pglist_data"]
    address = z.zone_pgdat.address + layout.offset("node_zones") + z.idx * k.build.sizeof("zone")
    boot = z.pageset is k.boot_pageset
    item: dict[str, Any] = {
        "idx": z.idx,
        "ptr": hex(address),
        **{name: getattr(z, name) for name in _ZONE_FIELDS},
        "wait_table": hex(z.wait_table),
        "zone_pgdat": hex(z.zone_pgdat.address),
        "compact_cached_migrate_pfn": list(z.compact_cached_migrate_pfn),
        "watermark": list(z.watermark),
        "lowmem_reserve": list(z.lowmem_reserve),
        "vm_stat": {"NR_FREE_PAGES": 0, **z.vm_stat},
        "nr_free": [area.nr_free for area in z.free_area] or [0] * 11,
        "pageset": hex(z.pageset_ptr),
        "pageset_sym": "boot_pageset" if boot else None,
    }
    if populated_zone(z):
        # Before the per-cpu areas are there, every CPU's variables are those of the image.
        image = z.pageset.get(0, per_cpu_pageset())
        item["percpu"] = [_pageset(cpu, z.pageset.get(cpu, image)) for cpu in sorted(k.cpu_possible_mask)]
    if not any(item["nr_free"]):
        return item, []
    return item, [[_blocks(blocks) for blocks in area.free_list] for area in z.free_area]


def _pageset(cpu: int, p: per_cpu_pageset) -> dict[str, Any]:
    return {
        "cpu": cpu,
        "count": p.pcp.count,
        "high": p.pcp.high,
        "batch": p.pcp.batch,
        "stat_threshold": p.stat_threshold,
        "expire": p.expire,
        "vm_stat_diff": dict(p.vm_stat_diff),
        "list_heads": [len(pages) for pages in p.pcp.lists],
    }


def _blocks(blocks: FreeList) -> Blocks:
    return len(blocks), list(islice(blocks.runs(), MAX_LISTED))


def _expand(frozen: Frozen) -> dict[str, Any]:
    item, orders = frozen
    if not orders:
        return item
    pfns = {
        f"{order}/{migratetype}": _listed(runs)
        for order, types in enumerate(orders)
        for migratetype, (count, runs) in enumerate(types)
        if count
    }
    counts = [[count for count, _ in types] for types in orders]
    return {**item, "free_list_counts": counts, "free_list_pfns": pfns}


def _listed(runs: list[tuple[int, int, int]]) -> list[int]:
    return list(islice((first + i * step for first, n, step in runs for i in range(n)), MAX_LISTED))
