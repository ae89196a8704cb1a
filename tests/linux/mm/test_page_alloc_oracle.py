"""Zone sizes, zonelists and hash tables are what the real mm/page_alloc.c made of the same machines."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import kmmdoc.linux.arch.x86.mm.numa  # noqa: F401  (distances)
from kmmdoc.linux.include.linux.memblock import MAX_NUMNODES
from kmmdoc.linux.include.linux.mmzone import pglist_data
from kmmdoc.linux.mm import memblock as mb
from kmmdoc.linux.mm.page_alloc import hash as large_hash
from kmmdoc.linux.mm.page_alloc import memmap, zone_init, zonelists
from kmmdoc.linux.mm.page_alloc.memmap import wait_table_bits, wait_table_hash_nr_entries
from kmmdoc.linux.mm.page_alloc.pcp import pageset_set_high_and_batch, zone_batchsize
from kmmdoc.linux.mm.page_alloc.ranges import node_map_pfn_alignment
from kmmdoc.linux.state import Kernel, KernelPanic, __va
from kmmdoc.machines.builds import load_build
from kmmdoc.model.scenario import Machine, Scenario
from kmmdoc.model.trace import dmesg

DMA_PFN, DMA32_PFN = 1 << 24 >> 12, 1 << 32 >> 12
Oracle = Callable[[str], Any]


def fresh() -> Kernel:
    return Kernel(Scenario(Machine("test", ()), load_build(), ""))


def with_nodes(k: Kernel, online: list[int]) -> None:
    k.node_states["N_ONLINE"] = set(online)
    k.nr_online_nodes = len(online)
    k.node_data = {nid: pglist_data(nid) for nid in online}


def test_wait_table(oracle: Oracle) -> None:
    for pages, entries, bits in oracle("pure.json")["wait_table"]:
        assert wait_table_hash_nr_entries(pages) == entries, pages
        assert wait_table_bits(entries) == bits


def test_calc_memmap_size(oracle: Oracle) -> None:
    k = fresh()
    for spanned, present, pages in oracle("pure.json")["calc_memmap_size"]:
        assert zone_init.calc_memmap_size(k, spanned, present) == pages, (spanned, present)


def test_zone_batchsize(oracle: Oracle) -> None:
    k = fresh()
    z = pglist_data().node_zones[0]
    for managed, batch in oracle("pure.json")["zone_batchsize"]:
        z.managed_pages = managed
        assert zone_batchsize(k, z) == batch, managed


def test_pageset_high_and_batch(oracle: Oracle) -> None:
    k = fresh()
    z = pglist_data().node_zones[0]
    p = k.boot_pageset[0]
    for managed, fraction, high, batch in oracle("pure.json")["pageset_high_and_batch"]:
        z.managed_pages, k.percpu_pagelist_fraction = managed, fraction
        pageset_set_high_and_batch(k, z, p)
        assert (p.pcp.high, p.pcp.batch) == (high, batch), (managed, fraction)


def test_zone_sizes(oracle: Oracle, monkeypatch: pytest.MonkeyPatch) -> None:
    # This is about sizes: wait tables always find room.
    monkeypatch.setattr(memmap, "memblock_virt_alloc_node_nopanic", lambda k, size, nid: __va(0x1000))
    for case in oracle("pure-rand-*.json")["zone_sizes"]:
        k = fresh()
        for base, size, nid in case["memory"]:
            mb.memblock_add_node(k, base, size, nid)
        with_nodes(k, case["online"])
        k.node_states["N_POSSIBLE"] = set(case["online"])
        k.required_kernelcore = case["required_kernelcore_pages"]
        k.required_movablecore = case["required_movablecore_pages"]
        k.dma_reserve = case["dma_reserve"]
        check_zone_sizes(k, case)


def check_zone_sizes(k: Kernel, case: dict[str, Any]) -> None:
    where, out = f"seed {case['seed']}", case["out"]
    assert node_map_pfn_alignment(k) == out["node_map_pfn_alignment"], where
    del k.events[:]
    zone_init.free_area_init_nodes(k, [DMA_PFN, DMA32_PFN, case["max_low_pfn"], 0])
    assert dmesg(k.events) == out["log"], where
    assert (k.nr_kernel_pages, k.nr_all_pages) == (out["nr_kernel_pages"], out["nr_all_pages"]), where
    assert k.movable_zone == out["movable_zone"], where
    assert sorted(k.node_states["N_NORMAL_MEMORY"]) == out["N_MEMORY"], where
    limits = zip(k.arch_zone_lowest_possible_pfn, k.arch_zone_highest_possible_pfn, strict=True)
    assert [list(pair) for pair in limits] == out["zone_limits"], where
    for node in out["nodes"]:
        pgdat = k.node_data[node["nid"]]
        assert k.zone_movable_pfn[node["nid"]] == node["zone_movable_pfn"], where
        assert pgdat.node_start_pfn == node["node_start_pfn"], where
        assert pgdat.node_spanned_pages == node["spanned"], where
        assert pgdat.node_present_pages == node["present"], where
        zones = [
            [z.zone_start_pfn, z.spanned_pages, z.present_pages, z.managed_pages] for z in pgdat.node_zones
        ]
        assert zones == node["zones"], where


@pytest.mark.parametrize("order", ["zone_order", "node_order"])
def test_zonelists(order: str, oracle: Oracle) -> None:
    for case in oracle("pure-rand-*.json")["zonelists"]:
        k, where = fresh(), f"seed {case['seed']}"
        with_nodes(k, case["online"])
        k.node_states["N_NORMAL_MEMORY"] = set(case["N_MEMORY"])
        k.node_to_cpumask_map = {nid: {nid} for nid in case["nodes_with_cpus"]}
        n = len(case["distance"])
        k.numa_distance_cnt, k.numa_distance_table = n, [list(row) for row in case["distance"]]
        for nid, pgdat in k.node_data.items():
            for z in pgdat.node_zones:
                z.node = nid
                z.present_pages = case["present"][nid][z.idx]
                z.managed_pages = case["managed"][nid][z.idx]
        k.user_zonelist_order = 2 if order == "zone_order" else 1
        zonelists.set_zonelist_order(k)
        zonelists.__build_all_zonelists(k)
        expected = case[order]
        for row in expected["lists"]:
            lists = k.node_data[row["node"]].node_zonelists
            got = [[[ref.zone.node, ref.zone_idx] for ref in zones.zonerefs] for zones in lists]
            assert got == [row["zonelist"], row["thisnode"]], where
        assert k.node_load[: len(expected["node_load"])] == expected["node_load"], where
        assert k.policy_zone == expected["policy_zone"], where


def hash_of(k: Kernel, name: str, nr_kernel: int, nr_all: int, p: dict[str, int]) -> large_hash.Hash:
    k.nr_kernel_pages, k.nr_all_pages = nr_kernel, nr_all
    return large_hash.alloc_large_system_hash(
        k,
        name,
        p["bucketsize"],
        p["numentries"],
        p["scale"],
        p["flags"],
        p["initial_shift"],
        p["low_limit"],
        p["high_limit"],
    )


def test_system_hash(oracle: Oracle, monkeypatch: pytest.MonkeyPatch) -> None:
    data = oracle("pure.json")["system_hash"]
    monkeypatch.setattr(large_hash, "_alloc_table", lambda k, size, flags: __va(0x1000))
    for nr_kernel, nr_all, tables in data["rows"]:
        k = fresh()
        for name, (entries, order, size, shift, mask) in tables.items():
            del k.events[:]
            table = hash_of(k, name, nr_kernel, nr_all, data["parameters"][name])
            assert (table.shift, table.mask) == (shift, mask)
            line = f"{name} hash table entries: {entries} (order: {order}, {size} bytes)"
            assert dmesg(k.events) == [line]


def test_alloc_large_system_hash(oracle: Oracle, monkeypatch: pytest.MonkeyPatch) -> None:
    for case in oracle("pure-rand-*.json")["alloc_large_system_hash"]:
        most = case["largest_successful_allocation"]
        monkeypatch.setattr(
            large_hash, "_alloc_table", lambda k, size, flags, most=most: __va(0x1000) * (size <= most)
        )
        k = fresh()
        expected = case["result"]
        where = f"seed {case['seed']}"
        if isinstance(expected, dict):
            with pytest.raises(KernelPanic):
                hash_of(k, "test", case["nr_kernel_pages"], case["nr_all_pages"], case)
            continue
        table = hash_of(k, "test", case["nr_kernel_pages"], case["nr_all_pages"], case)
        entries, order, size, shift, mask = expected
        assert (table.shift, table.mask) == (shift, mask), where
        line = f"test hash table entries: {entries} (order: {order}, {size} bytes)"
        assert dmesg(k.events) == [line], where


def test_all_nodes_is_what_the_build_has() -> None:
    assert len(fresh().zone_movable_pfn) == MAX_NUMNODES
