"""mem_init() on the recorded state before it gives the recorded state after it, block by block."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kmmdoc.linux.arch.x86.mm.init_64_mem import mem_init
from kmmdoc.linux.include.linux.mmzone import zone
from kmmdoc.linux.mm.memblock import memblock_add, memblock_reserve
from kmmdoc.linux.mm.nobootmem_free import __free_memory_core
from kmmdoc.linux.mm.page_alloc.blocks import largest_blocks
from kmmdoc.linux.readers.pages import page_runs
from kmmdoc.linux.state import Kernel
from kmmdoc.model.trace import PagesFreed, call_tree, dmesg

RECORD = Path(__file__).resolve().parents[3] / "data" / "truth" / "m2g-c4"
ListsOf = Callable[[zone], dict[str, list[int]]]


@pytest.fixture
def stages() -> dict[str, Any]:
    data = json.loads((RECORD / "snapshots.json").read_text())["stages"]
    return {stage["stage"]: stage for stage in data}


@pytest.fixture
def runs() -> dict[str, Any]:
    stages: dict[str, Any] = json.loads((RECORD / "pages.json").read_text())["stages"]
    return stages


def test_mem_init(
    stages: dict[str, Any],
    runs: dict[str, Any],
    load_before_mem_init: Callable[..., Kernel],
    lists_of: ListsOf,
) -> None:
    k = load_before_mem_init(stages, runs["after_zone_sizes_init"])
    mem_init(k)
    after = stages["after_mem_init"]
    for node in after["nodes"]:
        for recorded, z in zip(node["zones"], k.node_data[node["nid"]].node_zones, strict=True):
            lists = {key: pfns[:1024] for key, pfns in lists_of(z).items()}
            assert lists == recorded.get("free_list_pfns", {})
            assert [area.nr_free for area in z.free_area] == recorded["nr_free"]
            assert z.managed_pages == recorded["managed_pages"]
            assert z.vm_stat == {name: n for name, n in recorded["vm_stat"].items() if n}
    assert k.totalram_pages == after["globals"]["totalram_pages"]
    assert k.after_bootmem == after["globals"]["after_bootmem"]
    assert list(page_runs(k)) == runs["after_mem_init"]
    log = (RECORD / "dmesg.txt").read_text()
    assert [line for line in dmesg(k.events) if line not in log] == []


def test_calls_stand_for_the_real_number(
    stages: dict[str, Any], runs: dict[str, Any], load_before_mem_init: Callable[..., Kernel]
) -> None:
    k = load_before_mem_init(stages, runs["after_zone_sizes_init"])
    mem_init(k)
    counts: dict[str, int] = {}
    for root in call_tree(k.events):
        for _, node in root.walk():
            counts[node.ref.name] = counts.get(node.ref.name, 0) + node.count
    # Counted in the recorded call sequence between mem_init and kmem_cache_init.
    assert {
        name: counts[name] for name in ("__free_pages_bootmem", "__free_pages_ok", "free_hot_cold_page")
    } == {
        "__free_pages_bootmem": 544,
        "__free_pages_ok": 540,
        "free_hot_cold_page": 4,
    }
    assert counts["__free_memory_core"] == 32
    freed = sum(event.nr for event in k.events if isinstance(event, PagesFreed))
    assert freed == stages["after_mem_init"]["globals"]["totalram_pages"]


def test_blocks_cover_the_range_and_are_aligned() -> None:
    for start, end in ((1, 4096), (5, 16), (1023, 5000), (4096, 4097)):
        at = start
        for pfn, order in largest_blocks(start, end):
            assert pfn == at
            assert pfn % (1 << order) == 0
            at += 1 << order
        assert at == end


def test_64_tib_costs_what_2_gib_costs(bare_kernel: Callable[[], Kernel]) -> None:
    from kmmdoc.linux.include.linux.mm_types import Page
    from kmmdoc.linux.include.linux.mmzone import MAX_ORDER, free_area, per_cpu_pageset, pglist_data

    def events(pages: int) -> int:
        k = bare_kernel()
        pgdat = k.node_data[0] = pglist_data(0)
        z = pgdat.node_zones[2]
        z.name, z.zone_start_pfn, z.spanned_pages, z.present_pages = "Normal", 0, pages, pages
        z.free_area = [free_area(order) for order in range(MAX_ORDER)]
        z.pageset = {0: per_cpu_pageset()}
        z.pageset[0].pcp.batch = 1
        k.max_low_pfn = pages
        k.mem_map.set(0, pages, Page(k.page_flags.links(2, 0) | k.page_flags.PG_reserved, 1, -1))
        k.pageblock_migratetype.set(0, pages, 2)
        memblock_add(k, 0, pages << 12)
        memblock_reserve(k, 0, 1 << 20)
        before = len(k.events)
        assert __free_memory_core(k, 1 << 20, pages << 12) == pages - 256
        assert z.free_area[10].nr_free == pages // 1024 - 1
        return len(k.events) - before

    assert events(1 << 34) == events(1 << 19)
