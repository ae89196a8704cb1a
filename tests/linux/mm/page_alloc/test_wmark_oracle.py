"""Batches, watermarks and reserves are those that the real functions compute."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kmmdoc.linux.include.linux.mmzone import per_cpu_pageset, pglist_data, zone, zoneref
from kmmdoc.linux.mm.page_alloc.pcp import pageset_set_high_and_batch, zone_batchsize
from kmmdoc.linux.mm.page_alloc.wmark import inactive_ratio, init_per_zone_wmark_min
from kmmdoc.linux.mm.page_alloc.zonelists import nr_free_buffer_pages
from kmmdoc.linux.state import Kernel

Oracle = Callable[[str], Any]


def a_zone(managed: int) -> zone:
    z = pglist_data(0).node_zones[2]
    z.managed_pages = managed
    return z


def test_zone_batchsize_oracle(oracle: Oracle, bare_kernel: Callable[[], Kernel]) -> None:
    k = bare_kernel()
    for managed, batch in oracle("pure.json")["zone_batchsize"]:
        assert zone_batchsize(k, a_zone(managed)) == batch, managed


def test_pageset_high_and_batch_oracle(oracle: Oracle, bare_kernel: Callable[[], Kernel]) -> None:
    k = bare_kernel()
    for managed, fraction, high, batch in oracle("pure.json")["pageset_high_and_batch"]:
        k.percpu_pagelist_fraction = fraction
        pset = per_cpu_pageset()
        pageset_set_high_and_batch(k, a_zone(managed), pset)
        assert (pset.pcp.high, pset.pcp.batch) == (high, batch), (managed, fraction)


def test_inactive_ratio_oracle(oracle: Oracle) -> None:
    for managed, ratio in oracle("pure.json")["inactive_ratio"]:
        assert inactive_ratio(managed) == ratio, managed


def load(case: dict[str, Any], k: Kernel) -> None:
    k.node_states["N_ONLINE"] = set(case["online"])
    k.cpu_online_mask = {0}
    k.x86_cpu_to_node_map = [case["numa_node_id"]] * 64
    k.sysctl_lowmem_reserve_ratio = list(case["lowmem_reserve_ratio"])
    user = case["user_min_free_kbytes"]
    k.user_min_free_kbytes = user
    k.min_free_kbytes = user if user >= 0 else 1024
    for nid in case["online"]:
        pgdat = k.node_data[nid] = pglist_data(nid)
        for z, m, p in zip(pgdat.node_zones, case["managed"][nid], case["present"][nid], strict=True):
            z.node, z.managed_pages, z.present_pages = nid, m, p
            z.pageset = {0: per_cpu_pageset()}
    zones = [z for pgdat in k.node_data.values() for z in pgdat.node_zones if z.present_pages]
    refs = k.node_data[case["numa_node_id"]].node_zonelists[0].zonerefs
    refs.extend(zoneref(z, z.idx) for z in zones)


def test_wmarks_oracle(oracle: Oracle, bare_kernel: Callable[[], Kernel]) -> None:
    for case in oracle("pure-rand-*.json")["wmarks"]:
        k = bare_kernel()
        load(case, k)
        where = case["seed"]
        assert nr_free_buffer_pages(k) == case["nr_free_buffer_pages_before"], where
        init_per_zone_wmark_min(k)
        for name in ("min_free_kbytes", "totalreserve_pages", "dirty_balance_reserve"):
            assert getattr(k, name) == case[name], (where, name)
        for nid, zones in case["zones"]:
            for z, wanted in zip(k.node_data[nid].node_zones, zones, strict=True):
                pset = z.pageset[0]
                got = {
                    "wmark": z.watermark,
                    "lowmem_reserve": z.lowmem_reserve,
                    "dirty_balance_reserve": z.dirty_balance_reserve,
                    "inactive_ratio": z.inactive_ratio,
                    "alloc_batch": z.vm_stat.get("NR_ALLOC_BATCH", 0)
                    + pset.vm_stat_diff.get("NR_ALLOC_BATCH", 0),
                }
                assert got == wanted, (where, nid, z.idx)
