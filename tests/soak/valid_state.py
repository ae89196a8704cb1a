"""What must hold in every state of every boot, whatever the machine: each function yields what does not."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from kmmdoc.ledger import Ledger
from kmmdoc.model.run import Run

MAX_ORDER = 11
PAGE = 4096

Node = dict[str, Any]


BY_PAGE = ("after_zone_sizes_init", "after_mem_init", "at_rest_init", "before_free_initmem")
"""The stages at which nodes and pages are looked at one by one; the others differ little from them."""


def faults(run: Run) -> Iterator[str]:
    """Everything in `run` that no kernel could have."""
    yield from map(str, Ledger(run).check())
    for stage, snapshot in run.snapshots.items():
        found: list[str] = []
        if "memblock" in snapshot:
            found += memblock_faults(snapshot["memblock"])
        if "zonelists" in snapshot:
            found += zonelist_faults(snapshot["zonelists"], snapshot["nodes"])
        if stage in BY_PAGE:
            found += node_faults(snapshot["nodes"])
            found += page_faults(snapshot["pages"])
        yield from (f"{stage}: {fault}" for fault in found)


def memblock_faults(section: dict[str, Any]) -> Iterator[str]:
    """Both lists ascending, disjoint, with neighbours joined that are alike, and counted correctly.

    Of the sizes, what trimming memory to whole pages took away is still counted, as the kernel does.
    """
    for name in ("memory", "reserved"):
        part = section[name]
        regions = [(int(base, 16), int(size, 16), nid, flags) for base, size, nid, flags in part["regions"]]
        if len(regions) != part["cnt"] or part["cnt"] > part["max"]:
            yield f"{name} counts {part['cnt']} of {part['max']}, has {len(regions)}"
        total, counted = sum(size for _, size, _, _ in regions), int(part["total_size"], 16)
        if not total <= counted < total + (2 * PAGE * len(regions) if name == "memory" else 1):
            yield f"{name} counts {counted:#x} bytes, has {total:#x}"
        if len(regions) > 1 and not all(size for _, size, _, _ in regions):
            yield f"{name} has an empty region"
        for a, b in pairwise(regions):
            if a[0] + a[1] > b[0]:
                yield f"{name}: {a[0]:#x} and {b[0]:#x} overlap or are out of order"
            elif a[0] + a[1] == b[0] and a[2:] == b[2:]:
                yield f"{name}: {a[0]:#x} and {b[0]:#x} are not joined"


def node_faults(nodes: list[Node]) -> Iterator[str]:
    """Zones count present and managed pages within their span; free lists as counted, blocks in the zone.

    Of a zone that spans nothing the counts are not looked at: a movable zone that would start behind its
    node's end counts pages that are not there, in the kernel too.
    """
    for node in nodes:
        present = sum(zone["present_pages"] for zone in node["zones"])
        if present != node["node_present_pages"]:
            yield f"node {node['nid']} has {node['node_present_pages']} pages, its zones {present}"
        for zone in node["zones"]:
            where = f"node {node['nid']} zone {zone['idx']}"
            spanned, here, managed = zone["spanned_pages"], zone["present_pages"], zone["managed_pages"]
            if spanned and not spanned >= here >= managed >= 0:
                yield f"{where}: spans {spanned}, has {here}, manages {managed} pages"
            marks = zone["watermark"]
            if marks != sorted(marks):
                yield f"{where}: watermarks {marks}"
            yield from (f"{where}: {fault}" for fault in _free_list_faults(zone))


def _free_list_faults(zone: dict[str, Any]) -> Iterator[str]:
    counts = zone.get("free_list_counts")
    if not counts:
        return
    if [sum(types) for types in counts] != zone["nr_free"]:
        yield f"free lists hold {counts}, counted are {zone['nr_free']}"
    first, end = zone["zone_start_pfn"], zone["zone_start_pfn"] + zone["spanned_pages"]
    for key, pfns in zone["free_list_pfns"].items():
        size = 1 << int(key.split("/")[0])
        if len(set(pfns)) != len(pfns):
            yield f"list {key} holds a block twice"
        for pfn in pfns:
            if pfn % size:
                yield f"block {pfn:#x} of list {key} is not aligned"
            if not first <= pfn <= pfn + size <= end:
                yield f"block {pfn:#x} of list {key} is outside"


def page_faults(section: dict[str, Any]) -> Iterator[str]:
    """Runs ascending and disjoint; free blocks aligned, and none beside a free buddy of its own order."""
    at = 0
    zone_of: dict[tuple[int, int], int] = {}
    for pfn, kind, *rest in section["runs"]:
        if pfn < at:
            yield f"runs overlap at page {pfn:#x}"
        if kind == "P":
            at = pfn + rest[0]
            continue
        order, count, flags = rest
        size = 1 << order
        at = pfn + count * size
        if pfn % size:
            yield f"block {pfn:#x} of order {order} is not aligned"
        if order == MAX_ORDER - 1:
            continue
        for block in range(pfn, at, size):
            zone = int(flags, 16) >> 54
            if zone_of.get((order, block ^ size)) == zone:
                yield f"blocks {block:#x} and {block ^ size:#x} of order {order} are buddies and both free"
            zone_of[order, block] = zone


def zonelist_faults(lists: dict[str, Any], nodes: list[Node]) -> Iterator[str]:
    """Every node's first list has all zones with managed pages once, its second those of the node itself."""
    zones = {(node["nid"], zone["idx"]) for node in nodes for zone in node["zones"] if zone["present_pages"]}
    for nid, (everywhere, here) in lists.items():
        refs = [(ref[0], ref[2]) for ref in everywhere["zonerefs"]]
        if sorted(refs) != sorted(zones):
            yield f"node {nid}: {refs} is no permutation of {sorted(zones)}"
        own = [(ref[0], ref[2]) for ref in here["zonerefs"]]
        if own != sorted((z for z in zones if z[0] == int(nid)), reverse=True):
            yield f"node {nid}: this node only has {own}"
