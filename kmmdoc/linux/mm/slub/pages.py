"""Slabs from and to the page allocator.

Simplified: what lies in the memory is not modelled, so the checks of a debugging cache always pass; their
calls are made.
"""

from __future__ import annotations

from kmmdoc.linux.include.linux.gfp import (
    __GFP_NOFAIL,
    __GFP_NORETRY,
    __GFP_NOTRACK,
    __GFP_NOWARN,
    GFP_CONSTRAINT_MASK,
    GFP_RECLAIM_MASK,
    GFP_SLAB_BUG_MASK,
)
from kmmdoc.linux.include.linux.mmzone import zone
from kmmdoc.linux.include.linux.slab import (
    PAGE_SHIFT,
    SLAB_DESTROY_BY_RCU,
    SLAB_RECLAIM_ACCOUNT,
    SLAB_RED_ZONE,
    SLAB_STORE_USER,
)
from kmmdoc.linux.include.linux.slub_def import KmemCache, KmemCacheNode, OrderObjects, SlabPage
from kmmdoc.linux.kernel.rcu.tree import call_rcu
from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.mm.mempolicy import alloc_pages_current, node_zonelist
from kmmdoc.linux.mm.page_alloc.alloc import __alloc_pages_nodemask
from kmmdoc.linux.mm.page_alloc.free import __free_pages
from kmmdoc.linux.mm.slub.layout import OBJECT_POISON, kmem_cache_debug
from kmmdoc.linux.mm.vmstat import mod_zone_page_state
from kmmdoc.linux.state import Kernel, __va

KFILE = "mm/slub.c"

NUMA_NO_NODE = -1
SLUB_RED_INACTIVE, SLUB_RED_ACTIVE = 0xBB, 0xCC


def page_to_nid(k: Kernel, pfn: int) -> int:
    """The memory node of a page."""
    return k.page_flags.nid(k.mem_map[pfn].flags)


def virt_to_head_page(k: Kernel, address: int) -> SlabPage | None:
    """The slab that the object at `address` lies in, None where it lies in none."""
    return k.slab_pages.get((address - __va(0)) >> PAGE_SHIFT)


def get_node(s: KmemCache, node: int) -> KmemCacheNode | None:
    """The cache's part on `node`, None before it has one."""
    return s.node.get(node)


# What a debugging cache does to an object.


@kfunc
def init_object(k: Kernel, s: KmemCache, obj: int, value: int) -> None:
    """Fill the object's poison and red zone with the pattern for free or used."""


@kfunc
def init_tracking(k: Kernel, s: KmemCache, obj: int) -> None:
    """Forget who allocated and freed the object."""


@kfunc
def setup_object_debug(k: Kernel, s: KmemCache, page: SlabPage, obj: int) -> None:
    """Prepare a new object for checking, where its cache is checked."""
    if s.flags & (SLAB_STORE_USER | SLAB_RED_ZONE | OBJECT_POISON):
        init_object(k, s, obj, SLUB_RED_INACTIVE)
        init_tracking(k, s, obj)


@kfunc
def alloc_debug_processing(k: Kernel, s: KmemCache, page: SlabPage, obj: int) -> bool:
    """Check the free object that is about to be handed out and note who takes it."""
    k.step("check-object")
    init_object(k, s, obj, SLUB_RED_ACTIVE)
    return True


@kfunc
def free_debug_processing(k: Kernel, s: KmemCache, page: SlabPage, obj: int) -> KmemCacheNode | None:
    """Check the object that comes back and note who gave it: the node whose lists are now locked."""
    k.step("check-object")
    init_object(k, s, obj, SLUB_RED_INACTIVE)
    return get_node(s, page_to_nid(k, page.pfn))


def add_full(s: KmemCache, n: KmemCacheNode, page: SlabPage) -> None:
    """Put a slab without free objects on the list of full slabs; only tracked caches have that list."""
    if s.flags & SLAB_STORE_USER:
        n.full.insert(0, page)


def remove_full(s: KmemCache, n: KmemCacheNode, page: SlabPage) -> None:
    """Take a slab off the list of full slabs."""
    if s.flags & SLAB_STORE_USER:
        n.full.remove(page)


def inc_slabs_node(s: KmemCache, node: int, objects: int) -> None:
    """Count a slab on `node`; the very first of a node comes before there is anything to count it in."""
    n = get_node(s, node)
    if n is not None:
        n.nr_slabs += 1
        n.total_objects += objects


def dec_slabs_node(s: KmemCache, node: int, objects: int) -> None:
    """Count a slab of `node` out."""
    n = s.node[node]
    n.nr_slabs -= 1
    n.total_objects -= objects


# Slabs.


@kfunc
def alloc_slab_page(k: Kernel, s: KmemCache, flags: int, node: int, oo: OrderObjects) -> int | None:
    """Pages for a slab: the head's pfn, nothing on failure. Only here the memory policy has a say."""
    flags |= __GFP_NOTRACK
    if node == NUMA_NO_NODE:
        pfn = alloc_pages_current(k, flags, oo.order)
    else:
        pfn = __alloc_pages_nodemask(k, flags, oo.order, node_zonelist(k, node, flags), None)
    return pfn or None


@kfunc
def allocate_slab(k: Kernel, s: KmemCache, flags: int, node: int) -> SlabPage | None:
    """Pages of the cache's order, or without much ado of the smallest order that holds an object."""
    flags &= k.gfp_allowed_mask
    flags |= s.allocflags
    oo = s.oo
    pfn = alloc_slab_page(k, s, (flags | __GFP_NOWARN | __GFP_NORETRY) & ~__GFP_NOFAIL, node, oo)
    if pfn is None:
        k.step("fall-back-to-minimum-order")
        oo = s.min
        pfn = alloc_slab_page(k, s, flags, node, oo)
        if pfn is None:
            return None
    page = SlabPage(pfn, __va(pfn << PAGE_SHIFT), oo.order, oo.objects, s)
    mod_zone_page_state(k, *_account(k, s, page, 1 << oo.order))
    return page


def _account(k: Kernel, s: KmemCache, page: SlabPage, pages: int) -> tuple[zone, str, int]:
    item = "NR_SLAB_RECLAIMABLE" if s.flags & SLAB_RECLAIM_ACCOUNT else "NR_SLAB_UNRECLAIMABLE"
    flags = k.mem_map[page.pfn].flags
    return k.node_data[k.page_flags.nid(flags)].node_zones[k.page_flags.zonenum(flags)], item, pages


@kfunc
def new_slab(k: Kernel, s: KmemCache, flags: int, node: int) -> SlabPage | None:
    """A new slab with all objects free and linked in order of address, frozen for the CPU that asked."""
    if flags & GFP_SLAB_BUG_MASK:
        k.bug("new_slab")
    page = allocate_slab(k, s, flags & (GFP_RECLAIM_MASK | GFP_CONSTRAINT_MASK), node)
    if page is None:
        return None
    inc_slabs_node(s, page_to_nid(k, page.pfn), page.objects)
    k.mem_map.set_flags(page.pfn, 1, k.page_flags.PG_slab)
    for pfn in range(page.pfn, page.pfn + (1 << page.order)):
        k.slab_pages[pfn] = page
    if kmem_cache_debug(s):
        with k.repeat(page.objects):
            setup_object_debug(k, s, page, page.base)
    page.freelist = page.base
    page.inuse = page.objects
    page.frozen = True
    return page


@kfunc
def __free_slab(k: Kernel, s: KmemCache, page: SlabPage) -> None:
    """Give the pages of a slab back."""
    pages = 1 << page.order
    mod_zone_page_state(k, *_account(k, s, page, -pages))
    k.mem_map.clear_flags(page.pfn, 1, k.page_flags.PG_slab)
    for pfn in range(page.pfn, page.pfn + pages):
        del k.slab_pages[pfn]
    __free_pages(k, page.pfn, page.order)


@kfunc
def free_slab(k: Kernel, s: KmemCache, page: SlabPage) -> None:
    """Free a slab now, or after a grace period where readers may still look at its objects."""
    if s.flags & SLAB_DESTROY_BY_RCU:
        call_rcu(k, "rcu_free_slab", page)
    else:
        __free_slab(k, s, page)


@kfunc
def discard_slab(k: Kernel, s: KmemCache, page: SlabPage) -> None:
    """Give up an empty slab."""
    dec_slabs_node(s, page_to_nid(k, page.pfn), page.objects)
    free_slab(k, s, page)
