"""Many pages in one step are the pages that as many calls give, and leave the same state behind."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from kmmdoc.linux.include.linux.mm_types import Page, PageRow
from kmmdoc.linux.include.linux.mmzone import MAX_ORDER, free_area, per_cpu_pageset, pglist_data, zoneref
from kmmdoc.linux.mm.nobootmem_free import __free_memory_core
from kmmdoc.linux.mm.page_alloc.alloc import __alloc_pages_nodemask
from kmmdoc.linux.mm.page_alloc.pcp import setup_pageset
from kmmdoc.linux.mm.page_alloc.row import alloc_row
from kmmdoc.linux.state import Kernel
from kmmdoc.machines.builds import load_build
from kmmdoc.model.scenario import Machine, Scenario
from kmmdoc.model.trace import PagesAllocated, call_tree

PAGES = 16384
BUILD = load_build()


def machine(nodes: int, start: int, batch: int) -> Kernel:
    """`nodes` nodes with one zone of PAGES pages each; on each the pages from `start` on are free."""
    k = Kernel(Scenario(Machine("test", ()), BUILD, ""))
    k.x86_cpu_to_node_map = [0] * 64
    k.max_low_pfn = nodes * PAGES
    k.node_states["N_ONLINE"] = set(range(nodes))
    for nid in range(nodes):
        pgdat = k.node_data[nid] = pglist_data(nid)
        z = pgdat.node_zones[2]
        z.name, z.node, z.zone_start_pfn = "Normal", nid, nid * PAGES
        z.spanned_pages = z.present_pages = PAGES
        z.free_area = [free_area(order) for order in range(MAX_ORDER)]
        z.pageset = {0: per_cpu_pageset()}
        z.vm_stat["NR_ALLOC_BATCH"] = PAGES
        z.pageset[0].pcp.batch = 1
        pgdat.node_zonelists[0].zonerefs.append(zoneref(z, 2))
        k.mem_map.set(nid * PAGES, PAGES, Page(k.page_flags.links(2, nid) | 0x400, 1, -1))
        k.pageblock_migratetype.set(nid * PAGES, (nid + 1) * PAGES, 2)
        __free_memory_core(k, (nid * PAGES + start) << 12, (nid + 1) * PAGES << 12)
        setup_pageset(k, z.pageset[0], batch)
    k.events.clear()
    return k


def state(k: Kernel) -> list[Any]:
    """All that allocations change."""
    value: list[Any] = [k.vm_stat, k.vm_events, list(k.mem_map.runs())]
    for pgdat in k.node_data.values():
        z = pgdat.node_zones[2]
        pcp = z.pageset[0].pcp
        value += [z.vm_stat, z.flags, pcp.count, pcp.lists]
        value += [list(blocks) for area in z.free_area for blocks in area.free_list]
        value += [area.nr_free for area in z.free_area]
    value.append(list(k.pageblock_migratetype.runs(0, len(k.node_data) * PAGES)))
    return value


def calls(k: Kernel) -> dict[str, int]:
    """How often each function was called."""
    counts: dict[str, int] = {}
    for root in call_tree(k.events):
        for _, node in root.walk():
            counts[node.ref.name] = counts.get(node.ref.name, 0) + node.count
    return counts


@settings(deadline=None, max_examples=25)
@given(
    st.integers(1, 3),
    st.integers(1, 3000),
    st.sampled_from([1, 7, 31]),
    st.integers(0, 40),
    st.integers(0, 4000),
)
def test_as_one_by_one(nodes: int, start: int, batch: int, before: int, n: int) -> None:
    kernels = [machine(nodes, start, batch), machine(nodes, start, batch)]
    rows = []
    for k in kernels:
        turn = 0

        def alloc_one(k: Kernel = k) -> int | None:
            nonlocal turn
            nid = turn % nodes
            turn += 1
            return __alloc_pages_nodemask(k, 0, 0, k.node_data[nid].node_zonelists[0], None)

        for _ in range(before):
            alloc_one()
        row = PageRow()
        if k is kernels[0]:
            for _ in range(n):
                page = alloc_one()
                assert page is not None
                row.append(page)
        else:
            assert alloc_row(k, row, n, alloc_one, 0, nodes)
        rows.append(list(row))
    one, many = kernels
    assert rows[0] == rows[1]
    assert state(one) == state(many)
    # Which call splits a block is not told apart, only how many calls there are.
    inner = {"expand", "__rmqueue_fallback", "try_to_steal_freepages", "set_pfnblock_flags_mask"}
    assert {f: c for f, c in calls(one).items() if f not in inner} == {
        f: c for f, c in calls(many).items() if f not in inner
    }
    allocated = [sum(e.nr for e in k.events if isinstance(e, PagesAllocated)) for k in kernels]
    assert allocated[0] == allocated[1] == before + n
