"""What the simulator holds as the kernel does: attributes of its classes, and the members that they are."""

from __future__ import annotations

from typing import Final

from kmmdoc.linux.arch.x86.include.asm.e820 import e820entry, e820map
from kmmdoc.linux.arch.x86.mm.numa_internal import numa_memblk
from kmmdoc.linux.include.linux import hugetlb, ioport, memblock, mmzone, percpu, slub_def, vmalloc
from kmmdoc.model.writes import Key

LENGTH: Final = "#"
"""After an attribute's name: what is written when the length of the list in it changes."""

Names = dict[str, tuple[Key, ...]]


def _held(struct: str, same: str, **others: Key | tuple[Key, ...]) -> Names:
    """Attributes called as the members are, and `others`; NAME__length stands for NAME's length."""
    names: Names = {name: ((struct, name),) for name in same.split()}
    for name, keys in others.items():
        attribute = name.replace("__length", LENGTH)
        names[attribute] = keys if isinstance(keys[0], tuple) else (keys,)
    return names


def _order_objects(member: str) -> tuple[Key, ...]:
    return (("kmem_cache", member), ("kmem_cache_order_objects", "x"))


HELD: dict[type, Names] = {
    memblock.memblock: _held("memblock", "bottom_up current_limit"),
    memblock.memblock_type: _held(
        "memblock_type",
        "max total_size",
        array=("memblock_type", "regions"),
        regions__length=("memblock_type", "cnt"),
    ),
    memblock.memblock_region: _held("memblock_region", "base size nid flags"),
    e820map: _held("e820map", "map", map__length=("e820map", "nr_map")),
    e820entry: _held("e820entry", "addr size type"),
    numa_memblk: _held("numa_memblk", "start end nid"),
    mmzone.free_area: _held("free_area", "nr_free"),
    mmzone.per_cpu_pages: _held("per_cpu_pages", "count high batch lists"),
    mmzone.per_cpu_pageset: _held("per_cpu_pageset", "expire stat_threshold vm_stat_diff"),
    mmzone.zone: _held(
        "zone",
        "watermark lowmem_reserve node inactive_ratio dirty_balance_reserve min_unmapped_pages min_slab_pages"
        " zone_start_pfn managed_pages spanned_pages present_pages name nr_migrate_reserve_block wait_table"
        " wait_table_hash_nr_entries wait_table_bits flags percpu_drift_mark compact_cached_free_pfn"
        " compact_cached_migrate_pfn compact_considered compact_defer_shift compact_order_failed"
        " compact_blockskip_flush vm_stat",
        pageset_ptr=("zone", "pageset"),
    ),
    mmzone.zonelist: _held(
        "zonelist_cache",
        "z_to_n fullzones last_full_zap",
        zlcache=("zonelist", "zlcache_ptr"),
        zonerefs=(("zonelist", "_zonerefs"), ("zoneref", "zone"), ("zoneref", "zone_idx")),
    ),
    mmzone.pglist_data: _held(
        "pglist_data",
        "nr_zones node_start_pfn node_present_pages node_spanned_pages node_id kswapd kswapd_max_order"
        " classzone_idx",
    ),
    slub_def.KmemCache: _held(
        "kmem_cache",
        "cpu_slab flags min_partial size object_size offset cpu_partial allocflags refcount ctor inuse align"
        " reserved name remote_node_defrag_ratio node",
        oo=_order_objects("oo"),
        max=_order_objects("max"),
        min=_order_objects("min"),
    ),
    slub_def.KmemCacheCpu: _held("kmem_cache_cpu", "freelist tid page partial"),
    slub_def.KmemCacheNode: _held("kmem_cache_node", "nr_partial partial nr_slabs total_objects full"),
    slub_def.SlabPage: _held("page", "freelist inuse objects frozen next pages pobjects"),
    vmalloc.vm_struct: _held(
        "vm_struct", "addr size flags nr_pages phys_addr caller", pages_ptr=("vm_struct", "pages")
    ),
    vmalloc.vmap_area: _held("vmap_area", "va_start va_end flags vm"),
    vmalloc.vmap_block: _held("vmap_block", "va free dirty dirty_map"),
    percpu.PcpuAllocInfo: _held(
        "pcpu_alloc_info",
        "static_size reserved_size dyn_size unit_size atom_size alloc_size",
        ai_size=("pcpu_alloc_info", "__ai_size"),
    ),
    percpu.PcpuGroupInfo: _held("pcpu_group_info", "nr_units base_offset"),
    percpu.PcpuChunk: _held(
        "pcpu_chunk",
        "free_size contig_hint base_addr map_alloc first_free immutable nr_populated populated data",
        map_ptr=("pcpu_chunk", "map"),
        map__length=("pcpu_chunk", "map_used"),
    ),
    hugetlb.hstate: _held(
        "hstate",
        "order next_nid_to_alloc max_huge_pages nr_huge_pages free_huge_pages",
        nr_per_node=("hstate", "nr_huge_pages_node"),
        hugepage_freelists=("hstate", "hugepage_freelists"),
    ),
    ioport.resource: _held("resource", "name start end flags parent sibling child"),
}
"""The simulator's classes -> attribute -> what of the kernel's it stands for.

Left out is what the simulator writes at another place than the kernel: `zone.zone_pgdat`, which is there from
the beginning, and `page.slab_cache`."""


NOT_WRITTEN: Final[dict[str, tuple[str, ...]]] = {
    "__vmalloc_area_node": (
        "page",
        "zone",
        "free_area",
        "per_cpu_pages",
        "per_cpu_pageset",
        ".vm_stat",
        ".vm_events",
    ),
    "rmqueue_bulk": ("free_area",),
    "vmap_page_range_noflush": ("page", "zone", "free_area", "per_cpu_pages", "per_cpu_pageset"),
    "free_bootmem_late": ("page", "zone", "free_area", "per_cpu_pages", "per_cpu_pageset"),
    "free_reserved_area": (
        "page",
        "zone",
        "free_area",
        "per_cpu_pages",
        "per_cpu_pageset",
        ".totalram_pages",
        ".vm_events",
    ),
    "find_zone_movable_pfns_for_nodes": (".node_states",),
    "setup_arch": ("resource.name", "resource.flags"),
    "probe_roms": ("resource.name", "resource.flags"),
    "vm_area_register_early": ("vm_struct.flags", "vm_struct.size"),
    "reserve_standard_io_resources": ("resource.name", "resource.flags", "resource.start", "resource.end"),
    "setup_node_to_cpumask_map": (".node_to_cpumask_map",),
    "smp_init": (".cpu_online_mask", ".cpu_active_mask"),
}
"""Function -> structures, members and variables (`.name`) that it does not write in the kernel, but does
here: the first five do in one step what other calls do page by page, the next is not the first in the kernel,
the others make what the image or their caller has, and for the last the CPUs themselves write."""
