"""mm/sparse.c: memory in sections of 128 MiB, each with its part of the memory map and its pageblock types.

Sections are kept as runs of equal ones: `k.section_mem_map` gives the section's word and `k.section_usemap`
(first section of the run, direct-map address of that section's pageblock types) by section number.
`k.mem_section` has the address of every root, a page with the words of 256 sections.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from kmmdoc.linux.include.linux.bootmem import (
    memblock_free_early,
    memblock_virt_alloc,
    memblock_virt_alloc_node,
    memblock_virt_alloc_node_nopanic,
)
from kmmdoc.linux.include.linux.mm_types import ZEROED
from kmmdoc.linux.include.linux.mmzone import (
    NR_MEM_SECTIONS,
    PAGEBLOCK_ORDER,
    PAGES_PER_SECTION,
    PFN_SECTION_SHIFT,
    SECTION_HAS_MEM_MAP,
    SECTION_MARKED_PRESENT,
    SECTION_NID_SHIFT,
    SECTIONS_PER_ROOT,
    pfn_to_section_nr,
    section_nr_to_pfn,
)
from kmmdoc.linux.include.linux.slab import kzalloc_node
from kmmdoc.linux.kfunc import extern, kfunc
from kmmdoc.linux.mm.memblock.bulk import more_below, take_below
from kmmdoc.linux.mm.slab_common import slab_is_available
from kmmdoc.linux.mm.sparse_vmemmap import VMEMMAP_START, sparse_mem_maps_populate_node
from kmmdoc.linux.state import KERN_WARNING, Kernel, __pa
from kmmdoc.model.quantities import MAX_PHYSMEM_BITS, PAGE_SHIFT, PAGE_SIZE

SIZEOF_POINTER = 8
GFP_KERNEL = 0xD0
_EARLY_NID_MASK = (1 << SECTION_NID_SHIFT) - 1

NodePopulate = Callable[[Kernel, "Sections", int], None]
Sections = list[tuple[int, int]]
"""Runs of sections that are present: (first, after the last)."""

set_pageblock_order = extern("set_pageblock_order")
vmemmap_populate_print_last = extern("vmemmap_populate_print_last")


@kfunc
def sparse_index_alloc(k: Kernel, nid: int) -> int:
    """A page for the words of the sections of one root, on node `nid`; its address."""
    size = SECTIONS_PER_ROOT * k.build.sizeof("mem_section")
    if slab_is_available(k):
        return int(kzalloc_node(k, size, GFP_KERNEL, nid))
    return memblock_virt_alloc_node(k, size, nid)


@kfunc
def sparse_index_init(k: Kernel, section_nr: int, nid: int) -> int:
    """Make the root of section `section_nr`; -17 (EEXIST) where it is there, -12 (ENOMEM) without memory."""
    root = section_nr // SECTIONS_PER_ROOT
    if root in k.mem_section:
        return -17
    section = sparse_index_alloc(k, nid)
    if not section:
        return -12
    k.mem_section[root] = section
    return 0


@kfunc
def mminit_validate_memmodel_limits(k: Kernel, start_pfn: int, end_pfn: int) -> tuple[int, int]:
    """The range without what lies above the highest address that sections can describe."""
    limit = 1 << (MAX_PHYSMEM_BITS - PAGE_SHIFT)
    if max(start_pfn, end_pfn) > limit:
        k.warn_once(f"pfnvalidation: {start_pfn} -> {end_pfn} exceeds SPARSEMEM max {limit}\n")
    return min(start_pfn, limit), min(end_pfn, limit)


@kfunc
def memory_present(k: Kernel, nid: int, start: int, end: int) -> None:
    """Page frames `[start, end)` are memory of node `nid`: mark their sections, each by its first node."""
    start, end = mminit_validate_memmodel_limits(k, start & -PAGES_PER_SECTION, end)
    if start >= end:
        return
    first, last = pfn_to_section_nr(start), pfn_to_section_nr(end - 1)
    word = nid << SECTION_NID_SHIFT | SECTION_MARKED_PRESENT
    root, end_root = first // SECTIONS_PER_ROOT, last // SECTIONS_PER_ROOT + 1
    while root < end_root:
        rounds = _equal_roots(k, root, end_root) if root > first // SECTIONS_PER_ROOT else 1
        with k.repeat(rounds):
            sparse_index_init(k, max(first, root * SECTIONS_PER_ROOT), nid)
        if rounds > 1:
            page = k.mem_section[root]
            take_below(k, __pa(page), (rounds - 1) * PAGE_SIZE)
            k.mem_section.update((root + i, page - i * PAGE_SIZE) for i in range(1, rounds))
        root += rounds
    for a, b, known in list(k.section_mem_map.runs(first, last + 1)):
        if not known:
            k.section_mem_map.set(a, b, word)


def _equal_roots(k: Kernel, root: int, end_root: int) -> int:
    """How many roots from `root` on are new and get a page directly below the last root's; 1 for others."""
    if root - 1 not in k.mem_section or any(nr in k.mem_section for nr in range(root, end_root)):
        return 1
    return max(min(end_root - root, more_below(k, __pa(k.mem_section[root - 1]), PAGE_SIZE)), 1)


def _present_runs(k: Kernel) -> Iterator[tuple[int, int, int]]:
    """(first section, section after the last, node) of the sections that are present but have no map yet."""
    for a, b, word in k.section_mem_map.runs(0, NR_MEM_SECTIONS):
        if word & SECTION_MARKED_PRESENT:
            yield a, b, word >> SECTION_NID_SHIFT


@kfunc
def sparse_init_one_section(k: Kernel, first: int, count: int, mem_map: int) -> None:
    """Join sections to their memory map: the word gets the map's address as if it began at page frame 0."""
    del mem_map  # with a virtual memory map it follows from the section
    word = VMEMMAP_START | SECTION_MARKED_PRESENT | SECTION_HAS_MEM_MAP
    k.section_mem_map.set(first, first + count, word)
    k.mem_map.set(section_nr_to_pfn(first), count << PFN_SECTION_SHIFT, ZEROED)


def usemap_bytes(k: Kernel) -> int:
    """Bytes for the pageblock types of one section."""
    bits = (1 << (PFN_SECTION_SHIFT - PAGEBLOCK_ORDER)) * k.build.enums["pageblock_bits"]["NR_PAGEBLOCK_BITS"]
    return -(-bits // 64) * 8


@kfunc
def usemap_size(k: Kernel) -> int:
    """Bytes for the pageblock types of one section."""
    return usemap_bytes(k)


@kfunc
def sparse_early_usemaps_alloc_node(k: Kernel, sections: Sections, nodeid: int) -> None:
    """Give the sections of one node their pageblock types, one behind the other in one allocation.

    It is asked for on the node that the node's structure names. That is still node 0 for every one of them:
    the structures were cleared, and free_area_init_node() fills them in later.
    """
    size = usemap_size(k)
    count = sum(b - a for a, b in sections)
    usemap = memblock_virt_alloc_node_nopanic(k, size * count, k.node_data[nodeid].node_id)
    if not usemap:
        k.printk(KERN_WARNING, "sparse_early_usemaps_alloc_node: allocation failed\n")
        return
    for a, b in sections:
        k.section_usemap.set(a, b, (a, usemap))
        usemap += size * (b - a)


@kfunc
def sparse_early_mem_maps_alloc_node(k: Kernel, sections: Sections, nodeid: int) -> None:
    """Give the sections of one node their memory map."""
    sparse_mem_maps_populate_node(k, sections, nodeid)


@kfunc
def alloc_usemap_and_memmap(k: Kernel, alloc_func: NodePopulate) -> None:
    """Call `alloc_func` for each node's sections, several times where another node's lie between."""
    group: Sections = []
    node = -1
    for a, b, nid in list(_present_runs(k)):
        if group and nid != node:
            alloc_func(k, group, node)
            group = []
        node = nid
        group.append((a, b))
    if group:
        alloc_func(k, group, node)


@kfunc
def sparse_init(k: Kernel) -> None:
    """Give every section that is present its memory map and its pageblock types.

    The two tables of addresses that are needed meanwhile have an entry for every possible section. All
    pageblock types are allocated before all memory maps, so that the maps' large pages lie together.
    """
    set_pageblock_order(k)
    size = SIZEOF_POINTER * NR_MEM_SECTIONS
    usemap_map = memblock_virt_alloc(k, size, 0)
    alloc_usemap_and_memmap(k, sparse_early_usemaps_alloc_node)
    map_map = memblock_virt_alloc(k, size, 0)
    alloc_usemap_and_memmap(k, sparse_early_mem_maps_alloc_node)
    for a, b, _ in list(_present_runs(k)):
        if not k.section_usemap[a][1]:
            continue
        sparse_init_one_section(k, a, b - a, VMEMMAP_START)
    vmemmap_populate_print_last(k)
    memblock_free_early(k, __pa(map_map), size)
    memblock_free_early(k, __pa(usemap_map), size)
