"""mm/page_alloc.c: a zone's struct pages, wait table and free lists at the start."""

from __future__ import annotations

from kmmdoc.linux.include.linux.bootmem import memblock_virt_alloc_node_nopanic
from kmmdoc.linux.include.linux.mm_types import Page
from kmmdoc.linux.include.linux.mmzone import (
    MAX_ORDER,
    MIGRATE_MOVABLE,
    PAGEBLOCK_NR_PAGES,
    SECTION_HAS_MEM_MAP,
    free_area,
    pfn_to_section_nr,
    section_nr_to_pfn,
    zone,
)
from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.mm.mm_init import MMINIT_TRACE, mminit_dprintk, mminit_verify_page_links
from kmmdoc.linux.mm.page_alloc.pageblock import set_pageblock_migratetype
from kmmdoc.linux.mm.page_alloc.ranges import early_pfn_in_nid
from kmmdoc.linux.mm.slab_common import slab_is_available
from kmmdoc.linux.mm.vmalloc.alloc import vmalloc
from kmmdoc.linux.state import Kernel

KFILE = "mm/page_alloc.c"

ENOMEM = 12
PAGES_PER_WAITQUEUE = 256
WAIT_QUEUE_HEAD_BYTES = 24  # sizeof(wait_queue_head_t)


def wait_table_hash_nr_entries(pages: int) -> int:
    """Entries of the wait table for a zone of so many pages: a power of two from 4 to 4096."""
    wanted = pages // PAGES_PER_WAITQUEUE
    size = 1 << max(wanted - 1, 0).bit_length()
    return max(min(size, 4096), 4)


def wait_table_bits(size: int) -> int:
    """Binary logarithm of a number of entries."""
    return (size & -size).bit_length() - 1


@kfunc
def memmap_init_zone(k: Kernel, size: int, nid: int, zone_idx: int, start_pfn: int) -> None:
    """Make `size` struct pages from `start_pfn` on reserved pages of the zone, and its pageblocks movable.

    Frames without a section, and those that belong to another node, are left out; holes within sections
    are not. Frames are passed in stretches that go the same way; the trace says how often.
    """
    end_pfn = start_pfn + size
    k.highest_memmap_pfn = max(k.highest_memmap_pfn, end_pfn - 1)
    z = k.node_data[nid].node_zones[zone_idx]
    page = Page(k.page_flags.links(zone_idx, nid) | k.page_flags.PG_reserved, 1, -1)
    first_section, last_section = pfn_to_section_nr(start_pfn), pfn_to_section_nr(end_pfn - 1) + 1
    for a, b, word in list(k.section_mem_map.runs(first_section, last_section)):
        if not word & SECTION_HAS_MEM_MAP:
            continue
        low, high = max(section_nr_to_pfn(a), start_pfn), min(section_nr_to_pfn(b), end_pfn)
        for start, end, known in _stretches(k, low, high):
            _init_stretch(k, z, page, start, end, known)


def _stretches(k: Kernel, low: int, high: int) -> list[tuple[int, int, bool]]:
    """`[low, high)` cut where memory regions begin and end: (start, end, is it memory?)."""
    parts: list[tuple[int, int, bool]] = []
    for r in k.memblock.memory.regions:
        start, end = max(r.base >> 12, low), min(r.base + r.size >> 12, high)
        if start >= end:
            continue
        if low < start:
            parts.append((low, start, False))
        parts.append((start, end, True))
        low = end
    if low < high:
        parts.append((low, high, False))
    return parts


def _init_stretch(k: Kernel, z: zone, page: Page, start: int, end: int, known: bool) -> None:
    """Initialise the pages `[start, end)` of one memory region, or of one hole."""
    nid, zone_idx = z.zone_pgdat.node_id, z.idx
    blocks_from = -(-start // PAGEBLOCK_NR_PAGES) * PAGEBLOCK_NR_PAGES
    blocks = max(0, -(-(end - blocks_from) // PAGEBLOCK_NR_PAGES)) if blocks_from < end else 0
    # In a region the first page is searched for and the others known then; in a hole each is searched for.
    mine = True
    rounds = ((start, 1), (start + 1, end - start - 1)) if known else ((start, end - start),)
    for pfn, n in rounds:
        if n <= 0:
            continue
        with k.repeat(n):
            mine = early_pfn_in_nid(k, pfn, nid)
            if mine:
                k.mem_map.set(pfn, n, page)
                mminit_verify_page_links(k, pfn, zone_idx, nid)
    if mine and blocks:
        with k.repeat(blocks):
            set_pageblock_migratetype(k, blocks_from, MIGRATE_MOVABLE, blocks)


@kfunc
def zone_init_free_lists(k: Kernel, z: zone) -> None:
    """Empty lists of free blocks, for every order and migratetype."""
    z.free_area = [free_area(order) for order in range(MAX_ORDER)]


@kfunc
def zone_wait_table_init(k: Kernel, z: zone, zone_size_pages: int) -> int:
    """Allocate the hash table of queues in which to wait for a page of the zone; 0 or -ENOMEM."""
    z.wait_table_hash_nr_entries = wait_table_hash_nr_entries(zone_size_pages)
    z.wait_table_bits = wait_table_bits(z.wait_table_hash_nr_entries)
    alloc_size = z.wait_table_hash_nr_entries * WAIT_QUEUE_HEAD_BYTES
    if slab_is_available(k):
        z.wait_table = int(vmalloc(k, alloc_size))
    else:
        z.wait_table = memblock_virt_alloc_node_nopanic(k, alloc_size, z.zone_pgdat.node_id)
    return 0 if z.wait_table else -ENOMEM


@kfunc
def init_currently_empty_zone(k: Kernel, z: zone, zone_start_pfn: int, size: int) -> int:
    """Make a zone that spans `size` pages from `zone_start_pfn` on ready, without its pages; 0 or -ENOMEM."""
    error = zone_wait_table_init(k, z, size)
    if error:
        return error
    z.zone_pgdat.nr_zones = z.idx + 1
    z.zone_start_pfn = zone_start_pfn
    mminit_dprintk(
        k,
        MMINIT_TRACE,
        "memmap_init",
        f"Initialising map node {z.zone_pgdat.node_id} zone {z.idx}"
        f" pfns {zone_start_pfn} -> {zone_start_pfn + size}\n",
    )
    zone_init_free_lists(k, z)
    return 0
