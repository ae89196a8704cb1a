"""What holds of the buddy system whatever is allocated and freed."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from kmmdoc.linux.include.linux.gfp import __GFP_COMP, __GFP_MOVABLE, __GFP_NOWARN, __GFP_RECLAIMABLE
from kmmdoc.linux.include.linux.mm_types import Page
from kmmdoc.linux.include.linux.mmzone import (
    MAX_ORDER,
    free_area,
    per_cpu_pageset,
    pglist_data,
    zone,
    zoneref,
)
from kmmdoc.linux.mm.nobootmem_free import __free_memory_core
from kmmdoc.linux.mm.page_alloc.alloc import __alloc_pages_nodemask
from kmmdoc.linux.mm.page_alloc.free import __free_pages, drain_local_pages
from kmmdoc.linux.mm.page_alloc.pcp import setup_pageset
from kmmdoc.linux.state import Kernel
from kmmdoc.machines.builds import load_build
from kmmdoc.model.scenario import Machine, Scenario

PAGES = 4096
BUILD = load_build()
steps = st.lists(
    st.one_of(
        st.tuples(
            st.just("alloc"),
            st.integers(0, MAX_ORDER),
            st.sampled_from([0, __GFP_MOVABLE, __GFP_RECLAIMABLE, __GFP_COMP]),
        ),
        st.tuples(st.just("free"), st.integers(0, 1 << 16), st.just(0)),
    ),
    max_size=60,
)


def machine(batch: int, start: int = 3, end: int = PAGES) -> tuple[Kernel, zone]:
    """One zone, DMA, of PAGES pages, of which `[start, end)` are handed over."""
    k = Kernel(Scenario(Machine("test", ()), BUILD, ""))
    k.x86_cpu_to_node_map = [0] * 64
    k.max_low_pfn = PAGES
    k.node_states["N_ONLINE"] = {0}
    pgdat = k.node_data[0] = pglist_data(0)
    z = pgdat.node_zones[0]
    z.name, z.spanned_pages, z.present_pages = "DMA", PAGES, PAGES
    z.free_area = [free_area(order) for order in range(MAX_ORDER)]
    z.pageset = {0: per_cpu_pageset()}
    z.vm_stat["NR_ALLOC_BATCH"] = PAGES
    z.pageset[0].pcp.batch = 1
    pgdat.node_zonelists[0].zonerefs.append(zoneref(z, 0))
    k.mem_map.set(0, PAGES, Page(k.page_flags.PG_reserved, 1, -1))
    k.pageblock_migratetype.set(0, PAGES, 2)
    __free_memory_core(k, start << 12, end << 12)
    setup_pageset(k, z.pageset[0], batch)
    return k, z


def free_blocks(z: zone) -> list[tuple[int, int]]:
    """(pfn, order) of every free block, ascending."""
    return sorted(
        (pfn, order) for order, area in enumerate(z.free_area) for blocks in area.free_list for pfn in blocks
    )


def check(k: Kernel, z: zone, owned: dict[int, int]) -> None:
    """Blocks are aligned, disjoint and merged as far as possible, and no page is lost or in two places."""
    blocks = free_blocks(z)
    at = 0
    for pfn, order in blocks:
        assert pfn >= at
        assert pfn % (1 << order) == 0
        at = pfn + (1 << order)
    for pfn, order in blocks:
        assert order == MAX_ORDER - 1 or (pfn ^ 1 << order, order) not in set(blocks)
    assert [area.nr_free for area in z.free_area] == [
        sum(len(b) for b in area.free_list) for area in z.free_area
    ]
    free = {page for pfn, order in blocks for page in range(pfn, pfn + (1 << order))}
    at_hand = {page for pages in z.pageset[0].pcp.lists for page in pages}
    used = {page for pfn, order in owned.items() for page in range(pfn, pfn + (1 << order))}
    assert z.pageset[0].pcp.count == len(at_hand)
    assert len(free) + len(at_hand) + len(used) == len(free | at_hand | used) == z.managed_pages
    assert z.vm_stat.get("NR_FREE_PAGES", 0) == len(free)


@settings(deadline=None, max_examples=60)
@given(steps, st.sampled_from([1, 7, 31]), st.integers(1, 600), st.integers(3000, PAGES))
def test_nothing_is_lost(todo: list[tuple[str, int, int]], batch: int, start: int, end: int) -> None:
    k, z = machine(batch, start, end)
    before = free_blocks(z)
    zones = k.node_data[0].node_zonelists[0]
    owned: dict[int, int] = {}
    for kind, number, gfp in todo:
        if kind == "alloc":
            page = __alloc_pages_nodemask(k, gfp | __GFP_NOWARN, number, zones, None)
            if page is not None:
                assert k.mem_map[page].refcount == 1
                owned[page] = number
        elif owned:
            page = sorted(owned)[number % len(owned)]
            __free_pages(k, page, owned.pop(page))
        check(k, z, owned)
    for page, order in owned.items():
        __free_pages(k, page, order)
    drain_local_pages(k)
    check(k, z, {})
    assert free_blocks(z) == before
    assert {page.refcount for _, _, page in k.mem_map.runs(start, end)} == {0}


@settings(deadline=None, max_examples=40)
@given(st.permutations(range(64)))
def test_order_of_freeing_does_not_matter(order: list[int]) -> None:
    k, z = machine(1, 512, PAGES)
    zones = k.node_data[0].node_zonelists[0]
    before = free_blocks(z)
    pages: list[int] = []
    for _ in order:
        page = __alloc_pages_nodemask(k, 0, 2, zones, None)
        assert page is not None
        pages.append(page)
    for i in order:
        __free_pages(k, pages[i], 2)
    assert free_blocks(z) == before


def test_a_page_in_use_is_not_freed(bare_kernel: Callable[[], Kernel]) -> None:
    k, z = machine(1)
    page = __alloc_pages_nodemask(k, 0, 3, k.node_data[0].node_zonelists[0], None)
    assert page is not None
    k.mem_map.set_count(page, 1, 2)
    free = z.vm_stat["NR_FREE_PAGES"]
    __free_pages(k, page, 3)
    assert k.mem_map[page].refcount == 1
    assert z.vm_stat["NR_FREE_PAGES"] == free
