"""mm/page_alloc.c: watermarks and reserves of zones, once their sizes are known."""

from __future__ import annotations

from math import isqrt

from kmmdoc.linux.include.linux.mmzone import (
    MAX_NR_ZONES,
    MIGRATE_MOVABLE,
    MIGRATE_RESERVE,
    PAGEBLOCK_NR_PAGES,
    PAGEBLOCK_ORDER,
    WMARK_HIGH,
    WMARK_LOW,
    WMARK_MIN,
    zone,
)
from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.mm.mmzone import for_each_online_pgdat, for_each_zone
from kmmdoc.linux.mm.page_alloc.pageblock import get_pfnblock_flags_mask, set_pageblock_migratetype
from kmmdoc.linux.mm.page_alloc.rmqueue import move_freepages_block
from kmmdoc.linux.mm.page_alloc.zonelists import nr_free_buffer_pages
from kmmdoc.linux.mm.vmstat import __mod_zone_page_state, refresh_zone_stat_thresholds
from kmmdoc.linux.state import KERN_WARNING, Kernel
from kmmdoc.model.quantities import PAGE_SHIFT

KFILE = "mm/page_alloc.c"

PAGE_TO_K = PAGE_SHIFT - 10


def _has_reserved_page(k: Kernel, start: int, end: int) -> bool:
    """pageblock_is_reserved(): is a page of `[start, end)` reserved, or missing?"""
    found = 0
    for _, n, page in k.mem_map.runs(start, end):
        if page.flags & k.page_flags.PG_reserved:
            return True
        found += n
    return found < end - start


@kfunc
def setup_zone_migrate_reserve(k: Kernel, z: zone) -> None:
    """Set movable pageblocks aside, enough for the minimum watermark but at most two; take surplus ones back.

    They keep large blocks for short urgent allocations. Pageblocks with reserved pages never become free
    as a whole and are passed over.
    """
    wanted = min(2, -(-z.watermark[WMARK_MIN] // PAGEBLOCK_NR_PAGES))
    old = z.nr_migrate_reserve_block
    if wanted == old:
        return
    z.nr_migrate_reserve_block = wanted
    end_pfn = z.zone_start_pfn + z.spanned_pages
    for pfn in range(-(-z.zone_start_pfn >> PAGEBLOCK_ORDER) << PAGEBLOCK_ORDER, end_pfn, PAGEBLOCK_NR_PAGES):
        page = k.mem_map.get(pfn)
        if page is None or k.page_flags.nid(page.flags) != z.node:
            continue
        migratetype = get_pfnblock_flags_mask(k, pfn)
        if wanted:
            if _has_reserved_page(k, pfn, min(pfn + PAGEBLOCK_NR_PAGES, end_pfn)):
                continue
            if migratetype == MIGRATE_RESERVE:
                wanted -= 1
                continue
            if migratetype == MIGRATE_MOVABLE:
                set_pageblock_migratetype(k, pfn, MIGRATE_RESERVE)
                move_freepages_block(k, z, pfn, MIGRATE_RESERVE)
                wanted -= 1
                continue
        elif not old:
            break
        if migratetype == MIGRATE_RESERVE:
            set_pageblock_migratetype(k, pfn, MIGRATE_MOVABLE)
            move_freepages_block(k, z, pfn, MIGRATE_MOVABLE)


@kfunc
def calculate_totalreserve_pages(k: Kernel) -> None:
    """Pages of each zone that user allocations cannot have: high watermark and the largest reserve."""
    total = 0
    for pgdat in for_each_online_pgdat(k):
        for i, z in enumerate(pgdat.node_zones):
            kept = max(0, *z.lowmem_reserve[i:]) + z.watermark[WMARK_HIGH]
            z.dirty_balance_reserve = min(kept, z.managed_pages)
            total += z.dirty_balance_reserve
    k.dirty_balance_reserve = total
    k.totalreserve_pages = total


@kfunc
def setup_per_zone_lowmem_reserve(k: Kernel) -> None:
    """What each zone keeps from allocations that a higher one could serve: a part of the pages above it."""
    for pgdat in for_each_online_pgdat(k):
        zones = pgdat.node_zones
        for j in range(MAX_NR_ZONES):
            zones[j].lowmem_reserve[j] = 0
            managed = zones[j].managed_pages
            for idx in range(j - 1, -1, -1):
                ratio = k.sysctl_lowmem_reserve_ratio[idx] = max(k.sysctl_lowmem_reserve_ratio[idx], 1)
                zones[idx].lowmem_reserve[j] = managed // ratio
                managed += zones[idx].managed_pages
    calculate_totalreserve_pages(k)


@kfunc
def __setup_per_zone_wmarks(k: Kernel) -> None:
    """Share min_free_kbytes out among the zones by size; low and high lie a quarter and a half above."""
    pages_min = k.min_free_kbytes >> PAGE_TO_K
    lowmem_pages = sum(z.managed_pages for z in for_each_zone(k))
    for z in for_each_zone(k):
        share = pages_min * z.managed_pages // lowmem_pages
        z.watermark[WMARK_MIN] = share
        z.watermark[WMARK_LOW] = share + (share >> 2)
        z.watermark[WMARK_HIGH] = share + (share >> 1)
        batch = z.watermark[WMARK_HIGH] - z.watermark[WMARK_LOW] - z.vm_stat.get("NR_ALLOC_BATCH", 0)
        __mod_zone_page_state(k, z, "NR_ALLOC_BATCH", batch)
        setup_zone_migrate_reserve(k, z)
    calculate_totalreserve_pages(k)


@kfunc
def setup_per_zone_wmarks(k: Kernel) -> None:
    """Watermarks of all zones from min_free_kbytes."""
    __setup_per_zone_wmarks(k)


def inactive_ratio(managed_pages: int) -> int:
    """Active anonymous pages that a zone should have for an inactive one: grows with the root of its size.

    >>> [inactive_ratio(gb << 18) for gb in (0, 1, 10, 100)]
    [1, 3, 10, 31]
    """
    gb = managed_pages >> 30 - PAGE_SHIFT
    return isqrt(10 * gb) if gb else 1


@kfunc
def setup_per_zone_inactive_ratio(k: Kernel) -> None:
    """Set inactive_ratio of every zone."""
    for z in for_each_zone(k):
        z.inactive_ratio = inactive_ratio(z.managed_pages)


@kfunc
def init_per_zone_wmark_min(k: Kernel) -> int:
    """Choose min_free_kbytes: the root of 16 times the memory in KiB, between 128 KiB and 64 MiB; 0."""
    wanted = isqrt((nr_free_buffer_pages(k) << PAGE_TO_K) * 16)
    if wanted > k.user_min_free_kbytes:
        k.min_free_kbytes = min(max(wanted, 128), 65536)
    else:
        user = k.user_min_free_kbytes
        text = f"min_free_kbytes is not updated to {wanted} because user defined value {user} is preferred\n"
        k.printk(KERN_WARNING, text)
    setup_per_zone_wmarks(k)
    refresh_zone_stat_thresholds(k)
    setup_per_zone_lowmem_reserve(k)
    setup_per_zone_inactive_ratio(k)
    return 0
