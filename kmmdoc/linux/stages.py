"""Where the debugger stops: the stages of the recorded boots, and what it reads at each.

The names and places are those of the recordings. A stop stands before a function (at its entry) or
after it (on its return), the first time that function runs.
"""

from __future__ import annotations

from typing import NamedTuple

Sections = tuple[str, ...]


class Stage(NamedTuple):
    """One stop: its name, the function it belongs to, whether it is at the entry, the sections read there."""

    name: str
    function: str
    entry: bool
    sections: Sections


def _after(name: str, *sections: str, function: str | None = None) -> Stage:
    return Stage(name, function or name.removeprefix("after_"), False, sections)


def _before(name: str, *sections: str, function: str | None = None) -> Stage:
    return Stage(name, function or name.removeprefix("before_"), True, sections)


STAGES: tuple[Stage, ...] = (
    _before("at_setup_arch_entry", "bp", "e820", "memblock", "globals", function="setup_arch"),
    _after("after_setup_memory_map", "bp", "e820", "memblock", "globals"),
    _after("after_finish_e820_parsing", "e820", "memblock", "globals"),
    _after("after_e820_end_of_ram_pfn", "e820", "memblock", "globals"),
    _after("after_find_smp_config", "e820", "memblock", "globals", function="default_find_smp_config"),
    _before("before_early_alloc_pgt_buf", "e820", "memblock", "globals"),
    _after("after_early_alloc_pgt_buf", "e820", "memblock", "globals"),
    _before("before_memblock_x86_fill", "e820", "memblock", "globals"),
    _after("after_memblock_x86_fill", "e820", "memblock", "globals"),
    _after("after_reserve_real_mode", "e820", "memblock", "globals"),
    _before("before_init_mem_mapping", "e820", "memblock", "globals"),
    _after("after_init_mem_mapping", "e820", "memblock", "globals", "pagetables"),
    _after("after_setup_log_buf_early", "e820", "memblock", "globals", function="setup_log_buf"),
    _after("after_acpi_boot_table_init", "e820", "memblock", "globals"),
    _before("before_initmem_init", "e820", "memblock", "globals"),
    _after("after_initmem_init", "e820", "memblock", "globals", "numa", "cpus"),
    _after("after_reserve_crashkernel", "e820", "memblock", "globals"),
    _after("after_memblock_find_dma_reserve", "e820", "memblock", "globals"),
    _after(
        "after_sparse_memory_present",
        "e820",
        "memblock",
        "globals",
        "sections",
        function="sparse_memory_present_with_active_regions",
    ),
    _after("after_sparse_init", "e820", "memblock", "globals", "sections", "pagetables"),
    _after("after_zone_sizes_init", "e820", "memblock", "globals", "nodes", "sections", "cpus", "pages"),
    _after("after_paging_init", "e820", "memblock", "globals", "nodes"),
    _after("after_acpi_boot_init", "memblock", "globals", "cpus"),
    _after("after_init_cpu_to_node", "memblock", "globals", "cpus"),
    _after("after_e820_reserve_resources", "memblock", "iomem"),
    _after(
        "after_setup_arch",
        "e820",
        "memblock",
        "globals",
        "nodes",
        "sections",
        "numa",
        "cpus",
        "iomem",
        "pagetables",
    ),
    _before("before_setup_per_cpu_areas", "memblock", "globals", "cpus"),
    _after("after_setup_per_cpu_areas", "memblock", "globals", "pcpu", "cpus", "pagetables", "vmalloc"),
    _after("after_build_all_zonelists", "memblock", "globals", "nodes", "zonelists"),
    _after("after_page_alloc_init", "memblock", "globals"),
    _before("before_pidhash_init", "memblock", "globals"),
    _after("after_pidhash_init", "memblock", "globals"),
    _after("after_vfs_caches_init_early", "memblock", "globals", "hstates"),
    _before("before_mem_init", "memblock", "globals", "nodes", "sections"),
    _after("after_free_all_bootmem", "memblock", "globals", "nodes", "sections"),
    _after("after_mem_init", "memblock", "globals", "nodes", "sections", "pagetables", "pages"),
    _after("after_kmem_cache_init", "globals", "nodes", "slub", "pcpu", "pages"),
    _after("after_percpu_init_late", "globals", "nodes", "slub", "pcpu"),
    _before("before_vmalloc_init", "vmalloc"),
    _after("after_vmalloc_init", "globals", "nodes", "slub", "vmalloc", "pcpu"),
    _after("after_sched_init", "globals", "nodes", "slub"),
    _after("after_kmem_cache_init_late", "globals", "nodes", "slub", "vmalloc"),
    _after("after_setup_per_cpu_pageset", "globals", "nodes", "pcpu"),
    _after("after_fork_init", "globals", "nodes", "slub"),
    _after("after_vfs_caches_init", "globals", "nodes", "slub"),
    _before(
        "at_rest_init",
        "globals",
        "nodes",
        "zonelists",
        "sections",
        "pcpu",
        "slub",
        "vmalloc",
        "cpus",
        "iomem",
        "pages",
        function="rest_init",
    ),
    _after("after_smp_init", "globals", "nodes", "slub", "cpus"),
    _after("after_sched_init_smp", "globals", "nodes"),
    _after("after_init_per_zone_wmark_min", "globals", "nodes", "cpus"),
    _before(
        "before_free_initmem",
        "globals",
        "nodes",
        "sections",
        "pcpu",
        "slub",
        "vmalloc",
        "iomem",
        "hstates",
        "pages",
    ),
    _after("after_free_initmem", "globals", "nodes", "sections"),
)
"""All stops, in the order of a boot."""
