"""mm/page_alloc.c: how large the zones of each node are, and their first values."""

from __future__ import annotations

from kmmdoc.linux.include.linux.memblock import MAX_NUMNODES, ULLONG_MAX
from kmmdoc.linux.include.linux.mmzone import (
    MAX_NR_ZONES,
    ZONE_MOVABLE,
    ZONE_NAMES,
    pglist_data,
    populated_zone,
    zone,
)
from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.mm.memblock import for_each_mem_pfn_range
from kmmdoc.linux.mm.mm_init import mminit_verify_pageflags_layout
from kmmdoc.linux.mm.mmzone import lruvec_init
from kmmdoc.linux.mm.page_alloc.memmap import init_currently_empty_zone, memmap_init_zone
from kmmdoc.linux.mm.page_alloc.movable import find_zone_movable_pfns_for_nodes
from kmmdoc.linux.mm.page_alloc.pcp import zone_batchsize
from kmmdoc.linux.mm.page_alloc.ranges import (
    __absent_pages_in_range,
    clamp,
    find_min_pfn_for_node,
    find_min_pfn_with_active_regions,
    get_pfn_range_for_nid,
    setup_nr_node_ids,
)
from kmmdoc.linux.mm.vmstat import mod_zone_page_state
from kmmdoc.linux.state import KERN_CONT, KERN_DEBUG, KERN_DEFAULT, KERN_INFO, KERN_WARNING, Kernel
from kmmdoc.model.quantities import PAGE_SHIFT, PAGE_SIZE

KFILE = "mm/page_alloc.c"

SYSCTL_MIN_UNMAPPED_RATIO = 1
SYSCTL_MIN_SLAB_RATIO = 5


@kfunc
def zone_pcp_init(k: Kernel, z: zone) -> None:
    """The zone uses the boot pagesets for now; print its size and the batch that it will have."""
    z.pageset = k.boot_pageset
    z.pageset_ptr = k.build.percpu["boot_pageset"]
    if populated_zone(z):
        batch = zone_batchsize(k, z)
        k.printk(KERN_DEBUG, f"  {z.name} zone: {z.present_pages} pages, LIFO batch:{batch}\n")


@kfunc
def adjust_zone_range_for_zone_movable(
    k: Kernel, nid: int, zone_type: int, node_end_pfn: int, start: int, end: int
) -> tuple[int, int]:
    """The range of a zone with what the Movable zone of the node takes cut off, or the Movable zone's own."""
    movable = k.zone_movable_pfn[nid]
    if not movable:
        return start, end
    if zone_type == ZONE_MOVABLE:
        return movable, min(node_end_pfn, k.arch_zone_highest_possible_pfn[k.movable_zone])
    if start < movable < end:
        return start, movable
    if start >= movable:
        return end, end
    return start, end


@kfunc
def zone_spanned_pages_in_node(
    k: Kernel, nid: int, zone_type: int, node_start_pfn: int, node_end_pfn: int
) -> int:
    """Page frames from the first to the last of the zone in the node, holes included."""
    start, end = adjust_zone_range_for_zone_movable(
        k,
        nid,
        zone_type,
        node_end_pfn,
        k.arch_zone_lowest_possible_pfn[zone_type],
        k.arch_zone_highest_possible_pfn[zone_type],
    )
    if end < node_start_pfn or start > node_end_pfn:
        return 0
    return (min(end, node_end_pfn) - max(start, node_start_pfn)) & ULLONG_MAX


@kfunc
def zone_absent_pages_in_node(
    k: Kernel, nid: int, zone_type: int, node_start_pfn: int, node_end_pfn: int
) -> int:
    """Page frames of the zone in the node that are no memory, in 64 bits."""
    low, high = k.arch_zone_lowest_possible_pfn[zone_type], k.arch_zone_highest_possible_pfn[zone_type]
    start, end = adjust_zone_range_for_zone_movable(
        k, nid, zone_type, node_end_pfn, clamp(node_start_pfn, low, high), clamp(node_end_pfn, low, high)
    )
    return __absent_pages_in_range(k, nid, start, end)


@kfunc
def calculate_node_totalpages(k: Kernel, pgdat: pglist_data, start_pfn: int, end_pfn: int) -> None:
    """Add up what the node spans and what of it is memory."""
    zones = range(MAX_NR_ZONES)
    spanned = sum(zone_spanned_pages_in_node(k, pgdat.node_id, i, start_pfn, end_pfn) for i in zones)
    absent = sum(zone_absent_pages_in_node(k, pgdat.node_id, i, start_pfn, end_pfn) for i in zones)
    pgdat.node_spanned_pages = spanned & ULLONG_MAX
    pgdat.node_present_pages = (spanned - absent) & ULLONG_MAX
    k.printk(KERN_DEBUG, f"On node {pgdat.node_id} totalpages: {pgdat.node_present_pages}\n")


@kfunc
def set_pageblock_order(k: Kernel) -> None:
    """Nothing to do: the order of a pageblock is fixed when this kernel is compiled.

    So it leaves no call in its own file either, in free_area_init_core().
    """


@kfunc
def calc_memmap_size(k: Kernel, spanned_pages: int, present_pages: int) -> int:
    """Pages that the struct pages of a zone take; the holes are not counted where they are large."""
    pages = spanned_pages
    if spanned_pages > present_pages + (present_pages >> 4):
        pages = present_pages
    return -(-pages * k.build.sizeof("page") // PAGE_SIZE)


@kfunc
def free_area_init_core(k: Kernel, pgdat: pglist_data, node_start_pfn: int, node_end_pfn: int) -> None:
    """Give every zone of a node its sizes; initialise those that span any page, one behind the other."""
    nid = pgdat.node_id
    zone_start_pfn = pgdat.node_start_pfn
    for j, z in enumerate(pgdat.node_zones):
        size = zone_spanned_pages_in_node(k, nid, j, node_start_pfn, node_end_pfn)
        absent = zone_absent_pages_in_node(k, nid, j, node_start_pfn, node_end_pfn)
        realsize = (size - absent) & ULLONG_MAX
        freesize = _account_zone(k, j, size, realsize)
        z.spanned_pages = size
        z.present_pages = realsize
        z.managed_pages = freesize
        z.node = nid
        z.min_unmapped_pages = freesize * SYSCTL_MIN_UNMAPPED_RATIO // 100
        z.min_slab_pages = freesize * SYSCTL_MIN_SLAB_RATIO // 100
        z.name = ZONE_NAMES[j]
        zone_pcp_init(k, z)
        mod_zone_page_state(k, z, "NR_ALLOC_BATCH", z.managed_pages)
        lruvec_init(k, z)
        if not size:
            continue
        if init_currently_empty_zone(k, z, zone_start_pfn, size):
            k.bug("free_area_init_core")
        memmap_init_zone(k, size, nid, j, zone_start_pfn)
        zone_start_pfn += size


def _account_zone(k: Kernel, j: int, size: int, realsize: int) -> int:
    """Pages of a zone that its memory map and the DMA reserve leave; adds them to the totals."""
    freesize = realsize
    memmap_pages = calc_memmap_size(k, size, realsize)
    if freesize >= memmap_pages:
        freesize -= memmap_pages
        if memmap_pages:
            k.printk(KERN_DEBUG, f"  {ZONE_NAMES[j]} zone: {memmap_pages} pages used for memmap\n")
    else:
        k.printk(KERN_WARNING, f"  {ZONE_NAMES[j]} zone: {memmap_pages} pages exceeds freesize {freesize}\n")
    if j == 0 and freesize > k.dma_reserve:
        freesize -= k.dma_reserve
        k.printk(KERN_DEBUG, f"  {ZONE_NAMES[0]} zone: {k.dma_reserve} pages reserved\n")
    k.nr_kernel_pages += freesize
    k.nr_all_pages += freesize
    return freesize


@kfunc
def free_area_init_node(k: Kernel, nid: int, node_start_pfn: int) -> None:
    """Initialise one node and its zones."""
    pgdat = k.node_data[nid]
    pgdat.node_id = nid
    pgdat.node_start_pfn = node_start_pfn
    start_pfn, end_pfn = get_pfn_range_for_nid(k, nid)
    last = ((end_pfn << PAGE_SHIFT) - 1) & ULLONG_MAX
    k.printk(KERN_INFO, f"Initmem setup node {nid} [mem {start_pfn << PAGE_SHIFT:#010x}-{last:#010x}]\n")
    calculate_node_totalpages(k, pgdat, start_pfn, end_pfn)
    free_area_init_core(k, pgdat, start_pfn, end_pfn)


@kfunc
def free_area_init_nodes(k: Kernel, max_zone_pfn: list[int]) -> None:
    """Initialise all nodes. Zones end below the frames of `max_zone_pfn` and begin where the last ended."""
    low, high = [0] * MAX_NR_ZONES, [0] * MAX_NR_ZONES
    k.arch_zone_lowest_possible_pfn, k.arch_zone_highest_possible_pfn = low, high
    low[0], high[0] = find_min_pfn_with_active_regions(k), max_zone_pfn[0]
    for i in range(1, ZONE_MOVABLE):
        low[i] = high[i - 1]
        high[i] = max(max_zone_pfn[i], low[i])
    k.zone_movable_pfn = [0] * MAX_NUMNODES
    find_zone_movable_pfns_for_nodes(k)
    _print_ranges(k)
    mminit_verify_pageflags_layout(k)
    setup_nr_node_ids(k)
    for nid in sorted(k.node_states["N_ONLINE"]):
        free_area_init_node(k, nid, find_min_pfn_for_node(k, nid))
        if k.node_data[nid].node_present_pages:
            k.node_states["N_NORMAL_MEMORY"].add(nid)


def _print_ranges(k: Kernel) -> None:
    """Print where zones begin and end, and the memory of the nodes."""
    k.printk(KERN_DEFAULT, "Zone ranges:\n")
    for i in range(ZONE_MOVABLE):
        first, end = k.arch_zone_lowest_possible_pfn[i], k.arch_zone_highest_possible_pfn[i]
        k.printk(KERN_CONT, f"  {ZONE_NAMES[i]:<8} ")
        if first == end:
            k.printk(KERN_CONT, "empty\n")
        else:
            k.printk(KERN_CONT, f"[mem {first << PAGE_SHIFT:#010x}-{(end << PAGE_SHIFT) - 1:#010x}]\n")
    k.printk(KERN_DEFAULT, "Movable zone start for each node\n")
    for nid, pfn in enumerate(k.zone_movable_pfn):
        if pfn:
            k.printk(KERN_DEFAULT, f"  Node {nid}: {pfn << PAGE_SHIFT:#010x}\n")
    k.printk(KERN_DEFAULT, "Early memory node ranges\n")
    for start, end, nid in for_each_mem_pfn_range(k, MAX_NUMNODES):
        last = (end << PAGE_SHIFT) - 1
        k.printk(KERN_DEFAULT, f"  node {nid:>3}: [mem {start << PAGE_SHIFT:#010x}-{last:#010x}]\n")


@kfunc
def set_dma_reserve(k: Kernel, new_dma_reserve: int) -> None:
    """So many pages of the first zone will never be free."""
    k.dma_reserve = new_dma_reserve
