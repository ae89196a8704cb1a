"""mm/page_alloc.c: handing out pages. A page is its page frame number, None where there is none."""

from __future__ import annotations

from collections.abc import Collection

from kmmdoc.linux.include.linux.gfp import (
    __GFP_COLD,
    __GFP_COMP,
    __GFP_HARDWALL,
    __GFP_HIGH,
    __GFP_MEMALLOC,
    __GFP_MOVABLE,
    __GFP_NO_KSWAPD,
    __GFP_NOMEMALLOC,
    __GFP_NOWARN,
    __GFP_RECLAIMABLE,
    __GFP_THISNODE,
    __GFP_WAIT,
    __GFP_ZERO,
    GFP_THISNODE,
    gfp_zone,
)
from kmmdoc.linux.include.linux.jiffies import jiffies
from kmmdoc.linux.include.linux.mm_types import Page
from kmmdoc.linux.include.linux.mmzone import (
    MAX_ORDER,
    MIGRATE_UNMOVABLE,
    WMARK_HIGH,
    WMARK_LOW,
    WMARK_MIN,
    zone,
    zonelist,
)
from kmmdoc.linux.include.linux.topology import numa_node_id, smp_processor_id
from kmmdoc.linux.kfunc import extern, kfunc
from kmmdoc.linux.mm.mmzone import for_each_zone_zonelist, next_zones_zonelist
from kmmdoc.linux.mm.page_alloc.rmqueue import __rmqueue, rmqueue_bulk
from kmmdoc.linux.mm.vmstat import (
    __mod_zone_page_state,
    count_vm_event,
    mod_zone_page_state,
    zone_page_state,
    zone_statistics,
)
from kmmdoc.linux.state import KERN_WARNING, Kernel, __va
from kmmdoc.model.quantities import PAGE_SHIFT
from kmmdoc.model.trace import PagesAllocated

KFILE = "mm/page_alloc.c"

ALLOC_NO_WATERMARKS = 0x04
ALLOC_WMARK_MASK = ALLOC_NO_WATERMARKS - 1
ALLOC_HARDER = 0x10
ALLOC_HIGH = 0x20
ALLOC_CPUSET = 0x40
ALLOC_FAIR = 0x100
ZONE_FAIR_DEPLETED = 1 << 5

alloc_pages_current = extern("alloc_pages_current")

Nodes = Collection[int] | None


def gfpflags_to_migratetype(k: Kernel, flags: int) -> int:
    """The kind of pageblock that an allocation belongs to."""
    if k.page_group_by_mobility_disabled:
        return MIGRATE_UNMOVABLE
    return bool(flags & __GFP_MOVABLE) << 1 | bool(flags & __GFP_RECLAIMABLE)


def prep_compound_page(k: Kernel, page: int, order: int) -> None:
    """Tie 2**order pages together: a head, whose order is kept, and tails without a count of their own."""
    flags = k.page_flags
    k.mem_map.compound_order[page] = order
    k.mem_map.set_flags(page, 1, flags.PG_head)
    tail = flags.PG_tail
    k.mem_map.update(page + 1, (1 << order) - 1, lambda p: Page(p.flags | tail, 0, p.mapcount))


@kfunc
def prep_new_page(k: Kernel, page: int, order: int, gfp_flags: int) -> None:
    """Make a free block one that is in use.

    Simplified: contents of pages do not exist here, so __GFP_ZERO has no effect.
    """
    k.mem_map.set_count(page, 1, 1)
    if order and gfp_flags & __GFP_COMP:
        prep_compound_page(k, page, order)
    k.events.append(PagesAllocated(page, 1 << order))


@kfunc
def buffered_rmqueue(
    k: Kernel, preferred_zone: zone, z: zone, order: int, gfp_flags: int, migratetype: int
) -> int | None:
    """Take a block from `z`: single pages through the CPU's lists, larger blocks from the free lists.

    What is taken counts against the zone's share (NR_ALLOC_BATCH); a zone that has used it up is passed
    over by fair allocations.
    """
    page: int | None
    if order == 0:
        cold = bool(gfp_flags & __GFP_COLD)
        pcp = z.pageset[smp_processor_id(k)].pcp
        pages = pcp.lists[migratetype]
        if not pages:
            pcp.count += rmqueue_bulk(k, z, 0, pcp.batch, pages, migratetype, cold)
            if not pages:
                return None
        page = pages.pop() if cold else pages.pop(0)
        pcp.count -= 1
    else:
        page = __rmqueue(k, z, order, migratetype)
        if page is None:
            return None
        __mod_zone_page_state(k, z, "NR_FREE_PAGES", -(1 << order))
    k.mem_map.freepage_migratetype.pop(page, None)
    __mod_zone_page_state(k, z, "NR_ALLOC_BATCH", -(1 << order))
    if z.vm_stat.get("NR_ALLOC_BATCH", 0) <= 0:
        z.flags |= ZONE_FAIR_DEPLETED
    count_vm_event(k, f"PGALLOC_{z.name.upper()}", 1 << order)
    zone_statistics(k, preferred_zone, z, gfp_flags)
    prep_new_page(k, page, order, gfp_flags)
    return page


@kfunc
def __zone_watermark_ok(
    k: Kernel, z: zone, order: int, mark: int, classzone_idx: int, alloc_flags: int, free_pages: int
) -> bool:
    """Would more than `mark` pages stay free, and enough of them in large blocks?

    Urgent callers may go half, hard-pressed ones another quarter lower. At each smaller order its blocks
    do not count any more, and half as many pages must be left.
    """
    free_pages -= (1 << order) - 1
    if alloc_flags & ALLOC_HIGH:
        mark -= mark // 2
    if alloc_flags & ALLOC_HARDER:
        mark -= mark // 4
    if free_pages <= mark + z.lowmem_reserve[classzone_idx]:
        return False
    for smaller in range(order):
        free_pages -= z.free_area[smaller].nr_free << smaller
        mark >>= 1
        if free_pages <= mark:
            return False
    return True


def zone_watermark_ok(
    k: Kernel, z: zone, order: int, mark: int, classzone_idx: int, alloc_flags: int
) -> bool:
    """__zone_watermark_ok() with the zone's free pages."""
    free = zone_page_state(z, "NR_FREE_PAGES")
    return __zone_watermark_ok(k, z, order, mark, classzone_idx, alloc_flags, free)


@kfunc
def zlc_setup(k: Kernel, zones: zonelist, alloc_flags: int) -> Nodes:
    """Start to use the zonelist's cache of full zones; the nodes that may serve, None without a cache.

    What it knows is forgotten after a second. Time stands still here, so that happens once, at first use.
    """
    now = jiffies(k)
    if zones.zlcache and now > zones.last_full_zap + k.build.number("HZ"):
        zones.fullzones.clear()
        zones.last_full_zap = now
    return k.node_states["N_NORMAL_MEMORY"] if zones.zlcache else None


def zlc_zone_worth_trying(zones: zonelist, at: int, allowed: Nodes) -> bool:
    """Is entry `at` on an allowed node and not marked full?"""
    if not zones.zlcache:
        return True
    return (allowed is None or zones.zonerefs[at].zone.node in allowed) and at not in zones.fullzones


@kfunc
def reset_alloc_batches(k: Kernel, preferred_zone: zone) -> None:
    """Give the preferred zone and those below it on its node a new share."""
    for z in preferred_zone.zone_pgdat.node_zones[: preferred_zone.idx + 1]:
        fresh = z.watermark[WMARK_HIGH] - z.watermark[WMARK_LOW] - z.vm_stat.get("NR_ALLOC_BATCH", 0)
        mod_zone_page_state(k, z, "NR_ALLOC_BATCH", fresh)
        z.flags &= ~ZONE_FAIR_DEPLETED


@kfunc
def get_page_from_freelist(
    k: Kernel,
    gfp_mask: int,
    nodemask: Nodes,
    order: int,
    zones: zonelist,
    high_zoneidx: int,
    alloc_flags: int,
    preferred_zone: zone,
    classzone_idx: int,
    migratetype: int,
) -> int | None:
    """Go through the zonelist for a zone that has the block and stays above its watermark.

    The first pass is fair: it keeps to the local node and passes over zones that have used up their share.
    When it fails, the shares are renewed and all zones are tried. With several nodes, zones found full are
    remembered and passed over until a pass that ignores that.

    Simplified: the dirty limits of zones and zone reclaim (off here) are not modelled.
    """
    use_cache = cache_was_set_up = False
    allowed: Nodes = None
    while True:
        skipped = 0
        for at, z in for_each_zone_zonelist(k, zones, high_zoneidx, nodemask):
            if use_cache and not zlc_zone_worth_trying(zones, at, allowed):
                continue
            if alloc_flags & ALLOC_FAIR:
                if z.node != preferred_zone.node:
                    break
                if z.flags & ZONE_FAIR_DEPLETED:
                    skipped += 1
                    continue
            mark = z.watermark[alloc_flags & ALLOC_WMARK_MASK]
            enough = zone_watermark_ok(k, z, order, mark, classzone_idx, alloc_flags)
            if enough or alloc_flags & ALLOC_NO_WATERMARKS:
                page = buffered_rmqueue(k, preferred_zone, z, order, gfp_mask, migratetype)
                if page is not None:
                    return page
            elif not cache_was_set_up and k.nr_online_nodes > 1:
                allowed = zlc_setup(k, zones, alloc_flags)
                use_cache = cache_was_set_up = True
            if use_cache and zones.zlcache:
                zones.fullzones.add(at)

        again = False
        if alloc_flags & ALLOC_FAIR:
            alloc_flags &= ~ALLOC_FAIR
            if skipped:
                again = True
                reset_alloc_batches(k, preferred_zone)
            if k.nr_online_nodes > 1:
                again = True
        if use_cache:
            use_cache = False
            again = True
        if not again:
            return None


def gfp_to_alloc_flags(gfp_mask: int) -> int:
    """How far below the low watermark the slow path may go for a caller."""
    alloc_flags = WMARK_MIN | ALLOC_CPUSET | gfp_mask & __GFP_HIGH
    if not gfp_mask & (__GFP_WAIT | __GFP_NO_KSWAPD):
        if not gfp_mask & __GFP_NOMEMALLOC:
            alloc_flags |= ALLOC_HARDER
        alloc_flags &= ~ALLOC_CPUSET
    if gfp_mask & __GFP_MEMALLOC and not gfp_mask & __GFP_NOMEMALLOC:
        alloc_flags |= ALLOC_NO_WATERMARKS
    return alloc_flags


@kfunc
def wakeup_kswapd(k: Kernel, z: zone, order: int, classzone_idx: int) -> None:
    """Ask the node's reclaim thread for blocks of `order`; there is no such thread yet."""
    pgdat = z.zone_pgdat
    if z.present_pages and pgdat.kswapd_max_order < order:
        pgdat.kswapd_max_order = order
        pgdat.classzone_idx = min(pgdat.classzone_idx, classzone_idx)


@kfunc
def warn_alloc_failed(k: Kernel, gfp_mask: int, order: int) -> None:
    """Report a failed allocation, unless its caller does not want that.

    Simplified: without the dump of the stack and of the memory state, and without the limit on the rate.
    """
    if not gfp_mask & __GFP_NOWARN:
        text = f"swapper/0: page allocation failure: order:{order}, mode:0x{gfp_mask:x}\n"
        k.printk(KERN_WARNING, text)


@kfunc
def __alloc_pages_slowpath(
    k: Kernel,
    gfp_mask: int,
    order: int,
    zones: zonelist,
    high_zoneidx: int,
    nodemask: Nodes,
    preferred_zone: zone,
    classzone_idx: int,
    migratetype: int,
) -> int | None:
    """The first try failed: go down to the minimum watermark, then fail.

    Simplified: reclaim, compaction and the out-of-memory killer are not modelled. Until
    kernel_init_freeable() no caller may wait, so none of them would be reached. From then on one that may
    wait fails here where the kernel would first compact and reclaim, and for small blocks kill a program.
    """
    if order >= MAX_ORDER:
        return None
    if gfp_mask & GFP_THISNODE != GFP_THISNODE:
        if not gfp_mask & __GFP_NO_KSWAPD:
            for _, z in for_each_zone_zonelist(k, zones, high_zoneidx, nodemask):
                wakeup_kswapd(k, z, order, preferred_zone.idx)
        alloc_flags = gfp_to_alloc_flags(gfp_mask)
        common = (preferred_zone, classzone_idx, migratetype)
        if not alloc_flags & ALLOC_CPUSET and not nodemask:
            next_zones_zonelist(k, zones, 0, high_zoneidx, None)
        limited = alloc_flags & ~ALLOC_NO_WATERMARKS
        page = get_page_from_freelist(k, gfp_mask, nodemask, order, zones, high_zoneidx, limited, *common)
        if page is None and alloc_flags & ALLOC_NO_WATERMARKS:
            zones = k.node_data[numa_node_id(k)].node_zonelists[0]
            page = get_page_from_freelist(
                k, gfp_mask, nodemask, order, zones, high_zoneidx, ALLOC_NO_WATERMARKS, *common
            )
        if page is not None:
            return page
    warn_alloc_failed(k, gfp_mask, order)
    return None


@kfunc
def __alloc_pages_nodemask(
    k: Kernel, gfp_mask: int, order: int, zones: zonelist, nodemask: Nodes
) -> int | None:
    """Allocate 2**order pages from the zones of a zonelist, on the nodes of `nodemask` (None: any)."""
    high_zoneidx = gfp_zone(gfp_mask)
    migratetype = gfpflags_to_migratetype(k, gfp_mask)
    gfp_mask &= k.gfp_allowed_mask
    if not zones.zonerefs:
        return None
    at = next_zones_zonelist(k, zones, 0, high_zoneidx, nodemask)
    if at == len(zones.zonerefs):
        return None
    preferred_zone, classzone_idx = zones.zonerefs[at]
    alloc_flags = WMARK_LOW | ALLOC_CPUSET | ALLOC_FAIR
    page = get_page_from_freelist(
        k,
        gfp_mask | __GFP_HARDWALL,
        nodemask,
        order,
        zones,
        high_zoneidx,
        alloc_flags,
        preferred_zone,
        classzone_idx,
        migratetype,
    )
    if page is None:
        page = __alloc_pages_slowpath(
            k, gfp_mask, order, zones, high_zoneidx, nodemask, preferred_zone, classzone_idx, migratetype
        )
    return page


@kfunc
def __get_free_pages(k: Kernel, gfp_mask: int, order: int) -> int:
    """Allocate 2**order pages by the policy of the task: their direct-map address, 0 for none."""
    page: int | None = alloc_pages_current(k, gfp_mask, order)
    return 0 if page is None else __va(page << PAGE_SHIFT)


@kfunc
def get_zeroed_page(k: Kernel, gfp_mask: int) -> int:
    """Allocate one cleared page: its direct-map address, 0 for none."""
    return __get_free_pages(k, gfp_mask | __GFP_ZERO, 0)


def alloc_pages_node(k: Kernel, nid: int, gfp_mask: int, order: int) -> int | None:
    """Allocate 2**order pages, preferably on node `nid` (below 0: on the CPU's)."""
    pgdat = k.node_data[numa_node_id(k) if nid < 0 else nid]
    zones = pgdat.node_zonelists[1 if gfp_mask & __GFP_THISNODE else 0]
    return __alloc_pages_nodemask(k, gfp_mask, order, zones, None)


@kfunc
def alloc_kmem_pages(k: Kernel, gfp_mask: int, order: int) -> int | None:
    """Pages for one large object of the slab allocator."""
    page: int | None = alloc_pages_current(k, gfp_mask, order)
    return page


@kfunc
def alloc_kmem_pages_node(k: Kernel, nid: int, gfp_mask: int, order: int) -> int | None:
    """As alloc_kmem_pages(), preferably on node `nid`."""
    return alloc_pages_node(k, nid, gfp_mask, order)
