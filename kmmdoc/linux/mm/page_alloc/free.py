"""mm/page_alloc.c: giving pages back.

A page is its page frame number. Where functions take `blocks`, they free that many blocks of the highest
order in a row as one step: blocks of that order never merge, so each goes the same way to the head of the
same list. The caller marks the step as repeated in the trace.
"""

from __future__ import annotations

from kmmdoc.linux.include.linux.mm_types import Page
from kmmdoc.linux.include.linux.mmzone import (
    MAX_ORDER,
    MIGRATE_MOVABLE,
    MIGRATE_PCPTYPES,
    free_area,
    per_cpu_pages,
    zone,
)
from kmmdoc.linux.include.linux.topology import smp_processor_id
from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.mm.mmzone import for_each_populated_zone
from kmmdoc.linux.mm.page_alloc.pageblock import get_pfnblock_flags_mask, page_zone
from kmmdoc.linux.mm.vmstat import __mod_zone_page_state, count_vm_event, zone_page_state
from kmmdoc.linux.state import KERN_ALERT, Kernel, __pa
from kmmdoc.model.quantities import PAGE_SHIFT
from kmmdoc.model.trace import PagesFreed

KFILE = "mm/page_alloc.c"

_ALL_PAGE_FLAGS = (1 << 23) - 1
"""PAGE_FLAGS_CHECK_AT_PREP: no flag of a page survives its being freed."""


def bad_page(k: Kernel, page: int, reason: str) -> None:
    """Report a page whose state forbids what is done with it.

    Simplified: without the dump of the page and of the stack.
    """
    k.printk(KERN_ALERT, f"BUG: Bad page state in process swapper  pfn:{page:05x}\n")
    k.printk(KERN_ALERT, f"page dumped because: {reason}\n")


def page_is_buddy(area: free_area, buddy: int) -> bool:
    """Is `buddy` the first page of a free block of the order and zone of `area`?"""
    return any(buddy in blocks for blocks in area.free_list)


def _remove_free_block(area: free_area, pfn: int) -> None:
    """list_del() of a free block from whichever list of `area` it is on."""
    for blocks in area.free_list:
        if pfn in blocks:
            blocks.remove(pfn)
            area.nr_free -= 1
            return


@kfunc
def __free_one_page(
    k: Kernel, page: int, pfn: int, z: zone, order: int, migratetype: int, blocks: int = 1
) -> None:
    """Put a block on its zone's free lists, merged with its buddy as often as that is free.

    The buddy of a block is the other half of the block that is twice as large: their numbers differ in one
    bit. The block goes to the head of its list; to the tail where the next larger buddy is free already,
    because then the block is likely to be merged soon if it is left alone.
    """
    __mod_zone_page_state(k, z, "NR_FREE_PAGES", blocks << order)
    top = MAX_ORDER - 1
    if blocks > 1:
        z.free_area[top].free_list[migratetype].add_head_run(pfn, blocks, 1 << top)
        z.free_area[top].nr_free += blocks
        return
    while order < top:
        area = z.free_area[order]
        buddy = pfn ^ 1 << order
        if not page_is_buddy(area, buddy):
            break
        _remove_free_block(area, buddy)
        pfn &= buddy
        order += 1
    area = z.free_area[order]
    area.nr_free += 1
    if order < top - 1:
        parent = pfn & ~(1 << order)
        if page_is_buddy(z.free_area[order + 1], parent ^ 2 << order):
            area.free_list[migratetype].add_tail(pfn)
            return
    area.free_list[migratetype].add_head(pfn)


def _forget_scanned(k: Kernel, z: zone) -> None:
    """Pages come back: what reclaim has scanned in vain no longer counts."""
    nr_scanned = zone_page_state(z, "NR_PAGES_SCANNED")
    if nr_scanned:
        __mod_zone_page_state(k, z, "NR_PAGES_SCANNED", -nr_scanned)


@kfunc
def free_pcppages_bulk(k: Kernel, z: zone, count: int, pcp: per_cpu_pages) -> None:
    """Move `count` pages from the ends of a CPU's lists to the zone, list after list in turn.

    An empty list passes its share on to the next, so fuller lists give more.
    """
    _forget_scanned(k, z)
    migratetypes = k.mem_map.freepage_migratetype
    at = 0
    share = 0
    while count:
        while True:
            share += 1
            at = (at + 1) % MIGRATE_PCPTYPES
            if pcp.lists[at]:
                break
        if share == MIGRATE_PCPTYPES:
            share = count
        while True:
            page = pcp.lists[at].pop()
            __free_one_page(k, page, page, z, 0, migratetypes.pop(page))
            count -= 1
            if not count:
                break
            share -= 1
            if not share or not pcp.lists[at]:
                break


@kfunc
def free_one_page(
    k: Kernel, z: zone, page: int, pfn: int, order: int, migratetype: int, blocks: int = 1
) -> None:
    """Put a block on the free lists of its zone."""
    _forget_scanned(k, z)
    __free_one_page(k, page, pfn, z, order, migratetype, blocks)


@kfunc
def free_pages_prepare(k: Kernel, page: int, order: int, blocks: int = 1) -> bool:
    """Check that nobody uses the pages any more and clear their flags; False where somebody does."""
    n = blocks << order
    for _, _, state in k.mem_map.runs(page, page + n):
        if state.refcount or state.mapcount != -1 or state.flags & k.page_flags.PG_slab:
            bad_page(k, page, "nonzero _count" if state.refcount else "PAGE_FLAGS_CHECK_AT_FREE flag(s) set")
            return False
    k.mem_map.clear_flags(page, n, _ALL_PAGE_FLAGS)
    k.mem_map.compound_order.pop(page, None)
    k.events.append(PagesFreed(page, n))
    return True


@kfunc
def __free_pages_ok(k: Kernel, page: int, order: int, blocks: int = 1) -> None:
    """Free a block of unused pages past the per-cpu lists."""
    if not free_pages_prepare(k, page, order, blocks):
        return
    migratetype = get_pfnblock_flags_mask(k, page)
    count_vm_event(k, "PGFREE", blocks << order)
    free_one_page(k, page_zone(k, page), page, page, order, migratetype, blocks)


@kfunc
def __free_pages_bootmem(k: Kernel, page: int, order: int, blocks: int = 1) -> None:
    """Hand a block of boot memory over: the pages are no longer reserved, and the zone manages them."""
    n = blocks << order
    reserved = k.page_flags.PG_reserved
    k.mem_map.update(page, n, lambda p: Page(p.flags & ~reserved, 0, p.mapcount))
    page_zone(k, page).managed_pages += n
    k.mem_map.set_count(page, 1, 1)
    __free_pages(k, page, order, blocks)


@kfunc
def free_hot_cold_page(k: Kernel, page: int, cold: bool) -> None:
    """Free one page to the list that the CPU keeps, at the head, a cold one at the tail.

    With `high` pages on the lists, `batch` of them go on to the zone. Pages of reserve blocks count as
    movable here.
    """
    if not free_pages_prepare(k, page, 0):
        return
    z = page_zone(k, page)
    migratetype = get_pfnblock_flags_mask(k, page)
    k.mem_map.freepage_migratetype[page] = migratetype
    count_vm_event(k, "PGFREE", 1)
    if migratetype >= MIGRATE_PCPTYPES:
        migratetype = MIGRATE_MOVABLE
    pcp = z.pageset[smp_processor_id(k)].pcp
    if cold:
        pcp.lists[migratetype].append(page)
    else:
        pcp.lists[migratetype].insert(0, page)
    pcp.count += 1
    if pcp.count >= pcp.high:
        free_pcppages_bulk(k, z, pcp.batch, pcp)
        pcp.count -= pcp.batch


@kfunc
def split_page(k: Kernel, page: int, order: int) -> None:
    """Make a block that is in use 2**order pages that are used, and freed, one by one."""
    k.mem_map.set_count(page + 1, (1 << order) - 1, 1)


@kfunc
def drain_zone_pages(k: Kernel, z: zone, pcp: per_cpu_pages) -> None:
    """Move one batch from a CPU's lists to the zone."""
    n = min(pcp.count, pcp.batch)
    if n > 0:
        free_pcppages_bulk(k, z, n, pcp)
        pcp.count -= n


@kfunc
def drain_pages(k: Kernel, cpu: int) -> None:
    """Empty all lists of CPU `cpu`."""
    for z in for_each_populated_zone(k):
        pcp = z.pageset[cpu].pcp
        if pcp.count:
            free_pcppages_bulk(k, z, pcp.count, pcp)
            pcp.count = 0


@kfunc
def drain_local_pages(k: Kernel) -> None:
    """Empty the lists of the CPU that runs this."""
    drain_pages(k, smp_processor_id(k))


@kfunc
def __free_pages(k: Kernel, page: int, order: int, blocks: int = 1) -> None:
    """Drop a reference to a block of pages, and free it if that was the last one."""
    refcount = k.mem_map[page].refcount - 1
    k.mem_map.set_count(page, 1, refcount)
    if refcount == 0:
        if order == 0:
            free_hot_cold_page(k, page, False)
        else:
            __free_pages_ok(k, page, order, blocks)


@kfunc
def free_pages(k: Kernel, addr: int, order: int) -> None:
    """Free the block of pages at the direct-map address `addr`; nothing for 0."""
    if addr:
        __free_pages(k, __pa(addr) >> PAGE_SHIFT, order)


@kfunc
def __free_kmem_pages(k: Kernel, page: int, order: int) -> None:
    """Free pages that the slab allocator took for one large object."""
    __free_pages(k, page, order)


@kfunc
def free_kmem_pages(k: Kernel, addr: int, order: int) -> None:
    """As __free_kmem_pages(), by direct-map address."""
    if addr:
        __free_kmem_pages(k, __pa(addr) >> PAGE_SHIFT, order)
