"""mm/page_alloc.c: where the Movable zone of each node begins (kernelcore=, movablecore=)."""

from __future__ import annotations

from kmmdoc.linux.include.linux.memblock import (
    MAX_NUMNODES,
    ULLONG_MAX,
    memblock_is_hotpluggable,
)
from kmmdoc.linux.include.linux.mmzone import MAX_NR_ZONES, MAX_ORDER_NR_PAGES, ZONE_MOVABLE
from kmmdoc.linux.kfunc import early_param, kfunc
from kmmdoc.linux.lib.cmdline import memparse
from kmmdoc.linux.mm.memblock import for_each_mem_pfn_range
from kmmdoc.linux.mm.memblock.direction import movable_node_is_enabled
from kmmdoc.linux.state import Kernel

KFILE = "mm/page_alloc.c"

EINVAL = 22


def _roundup(value: int, step: int) -> int:
    return -(-value // step) * step


@kfunc
def find_usable_zone_for_movable(k: Kernel) -> None:
    """Movable pages come out of the highest zone that the architecture has pages for."""
    k.movable_zone = max(
        idx
        for idx in range(MAX_NR_ZONES)
        if idx != ZONE_MOVABLE
        and k.arch_zone_highest_possible_pfn[idx] > k.arch_zone_lowest_possible_pfn[idx]
    )


@kfunc
def early_calculate_totalpages(k: Kernel) -> int:
    """Pages of memory; notes the nodes that have any."""
    total = 0
    for start_pfn, end_pfn, nid in for_each_mem_pfn_range(k, MAX_NUMNODES):
        total += end_pfn - start_pfn
        k.node_states["N_NORMAL_MEMORY"].add(nid)
    return total


@kfunc
def find_zone_movable_pfns_for_nodes(k: Kernel) -> None:
    """Set `k.zone_movable_pfn` of each node, 0 where it gets no Movable zone.

    Memory for the kernel (kernelcore=, or all but movablecore=) is spread evenly over the nodes with
    memory; what one of them is too small for, the others take in another round.
    """
    saved = set(k.node_states["N_NORMAL_MEMORY"])
    totalpages = early_calculate_totalpages(k)
    # Memory that no node claims was noted too, past the end of the mask: nobody goes through it.
    nodes = sorted(nid for nid in k.node_states["N_NORMAL_MEMORY"] if nid < MAX_NUMNODES)
    find_usable_zone_for_movable(k)
    if movable_node_is_enabled(k):
        _from_hotpluggable(k)
        _align_to_max_order(k)
    else:
        if k.required_movablecore:
            k.required_movablecore = _roundup(k.required_movablecore, MAX_ORDER_NR_PAGES)
            corepages = (totalpages - k.required_movablecore) & ULLONG_MAX
            k.required_kernelcore = max(k.required_kernelcore, corepages)
        if k.required_kernelcore:
            usable_nodes = len(nodes)
            _spread_kernelcore(k, nodes, usable_nodes)
            usable_nodes -= 1
            while usable_nodes and k.required_kernelcore > usable_nodes:
                _spread_kernelcore(k, nodes, usable_nodes)
                usable_nodes -= 1
            _align_to_max_order(k)
    k.node_states["N_NORMAL_MEMORY"] = saved


def _from_hotpluggable(k: Kernel) -> None:
    """movable_node: each node's Movable zone begins with its first hotpluggable region."""
    for r in k.memblock.memory.regions:
        if memblock_is_hotpluggable(r):
            first = r.base >> 12
            known = k.zone_movable_pfn[r.nid]
            k.zone_movable_pfn[r.nid] = min(first, known) if known else first


def _align_to_max_order(k: Kernel) -> None:
    k.zone_movable_pfn = [_roundup(pfn, MAX_ORDER_NR_PAGES) for pfn in k.zone_movable_pfn]


def _spread_kernelcore(k: Kernel, nodes: list[int], usable_nodes: int) -> None:
    """One round: give every node its share of what the kernel still needs, pushing the borders up."""
    usable_startpfn = k.arch_zone_lowest_possible_pfn[k.movable_zone]
    share = k.required_kernelcore // usable_nodes
    for nid in nodes:
        if k.required_kernelcore < share:
            share = k.required_kernelcore // usable_nodes
        remaining = share
        for start_pfn, end_pfn, _ in for_each_mem_pfn_range(k, nid):
            start_pfn = max(start_pfn, k.zone_movable_pfn[nid])
            if start_pfn >= end_pfn:
                continue
            if start_pfn < usable_startpfn:
                # The kernel gets what lies below the zone anyway.
                kernel_pages = min(end_pfn, usable_startpfn) - start_pfn
                remaining -= min(kernel_pages, remaining)
                k.required_kernelcore -= min(kernel_pages, k.required_kernelcore)
                if end_pfn <= usable_startpfn:
                    k.zone_movable_pfn[nid] = end_pfn
                    continue
                start_pfn = usable_startpfn
            size_pages = min(end_pfn - start_pfn, remaining)
            k.zone_movable_pfn[nid] = start_pfn + size_pages
            k.required_kernelcore -= min(k.required_kernelcore, size_pages)
            remaining -= size_pages
            if not remaining:
                break


@early_param("kernelcore")
@kfunc
def cmdline_parse_kernelcore(k: Kernel, p: str | None) -> int:
    """kernelcore=SIZE: so much memory for what cannot be moved."""
    if not p:
        return -EINVAL
    k.required_kernelcore = memparse(p)[0] >> 12
    return 0


@early_param("movablecore")
@kfunc
def cmdline_parse_movablecore(k: Kernel, p: str | None) -> int:
    """movablecore=SIZE: so much memory for what can be moved."""
    if not p:
        return -EINVAL
    k.required_movablecore = memparse(p)[0] >> 12
    return 0
