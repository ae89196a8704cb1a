"""Section `globals`: the scalar global variables of the path."""

from __future__ import annotations

from typing import Any

from kmmdoc.linux.debugger import section
from kmmdoc.linux.state import Kernel

NUMBERS = (
    "max_pfn",
    "max_low_pfn",
    "min_low_pfn",
    "highest_memmap_pfn",
    "max_pfn_mapped",
    "max_low_pfn_mapped",
    "totalram_pages",
    "totalreserve_pages",
    "dirty_balance_reserve",
    "nr_kernel_pages",
    "nr_all_pages",
    "dma_reserve",
    "required_kernelcore",
    "required_movablecore",
    "min_pfn_mapped",
    "pgt_buf_end",
    "pgt_buf_top",
    "high_memory",
    "_brk_end",
    "_brk_start",
    "mmap_min_addr",
    "phys_base",
    "saved_max_pfn",
    "after_bootmem",
    "nr_node_ids",
    "nr_online_nodes",
    "nr_cpu_ids",
    "setup_max_cpus",
    "movable_zone",
    "page_group_by_mobility_disabled",
    "percpu_pagelist_fraction",
    "min_free_kbytes",
    "user_min_free_kbytes",
    "current_zonelist_order",
    "user_zonelist_order",
    "zone_reclaim_mode",
    "numa_off",
    "direct_gbpages",
    "page_size_mask",
    "early_ioremap_debug",
    "slab_state",
    "system_state",
    "vmap_initialized",
    "pidhash_shift",
    "d_hash_mask",
    "d_hash_shift",
    "i_hash_mask",
    "i_hash_shift",
    "log_buf_len",
    "disabled_cpus",
    "num_processors",
    "total_cpus",
    "hashdist",
    "slub_min_order",
    "slub_max_order",
    "slub_min_objects",
    "slub_debug",
)
ADDRESSES = (
    "dentry_hashtable",
    "inode_hashtable",
    "pid_hash",
    "log_buf",
    "initrd_start",
    "initrd_end",
    "real_mode_header",
    "numa_distance",
    "pcpu_base_addr",
)
ARRAYS = (
    "direct_pages_count",
    "arch_zone_lowest_possible_pfn",
    "arch_zone_highest_possible_pfn",
)
OTHERS = ("zone_movable_pfn", "can_use_brk_pgt", "nr_pfn_mapped", "pfn_mapped")
SHOWN = NUMBERS + ADDRESSES + ARRAYS + OTHERS
"""Every variable of the section."""

SHOWN_NODES = 4


@section("globals")
def read(k: Kernel) -> dict[str, Any]:
    """Numbers as they are, addresses as texts, arrays as lists.

    `pfn_mapped` as [first, behind last] page frames.
    """
    data: dict[str, Any] = {name: int(getattr(k, name)) for name in NUMBERS}
    data |= {name: hex(getattr(k, name)) for name in ADDRESSES}
    data |= {name: list(getattr(k, name)) for name in ARRAYS}
    data["zone_movable_pfn"] = list(k.zone_movable_pfn[:SHOWN_NODES])
    data["can_use_brk_pgt"] = int(k.can_use_brk_pgt)
    data["nr_pfn_mapped"] = len(k.pfn_mapped)
    data["pfn_mapped"] = [[hex(start), hex(end)] for start, end in k.pfn_mapped]
    return data
