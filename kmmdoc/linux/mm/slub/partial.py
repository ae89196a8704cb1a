"""Partly used slabs: the node's list, the CPU's list, and the ways between them.

A slab is *frozen* while a CPU owns it: as its current slab or on its partial list. A frozen slab is on
no node list and its owner alone takes objects off it; everybody may free objects to it.
"""

from __future__ import annotations

from kmmdoc.linux.include.linux.gfp import gfp_zone
from kmmdoc.linux.include.linux.slub_def import KmemCache, KmemCacheCpu, KmemCacheNode, SlabPage
from kmmdoc.linux.include.linux.topology import numa_mem_id, smp_processor_id
from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.mm.mempolicy import mempolicy_slab_node, node_zonelist
from kmmdoc.linux.mm.mmzone import next_zones_zonelist
from kmmdoc.linux.mm.slub.layout import kmem_cache_has_cpu_partial
from kmmdoc.linux.mm.slub.pages import (
    NUMA_NO_NODE,
    add_full,
    discard_slab,
    get_node,
    page_to_nid,
)
from kmmdoc.linux.state import Kernel

KFILE = "mm/slub.c"


@kfunc
def __cmpxchg_double_slab(
    k: Kernel, s: KmemCache, page: SlabPage, freelist: int, inuse: int, frozen: bool
) -> bool:
    """Set first free object and counters of a slab at once; on one CPU it never has to be repeated."""
    page.freelist = freelist
    page.inuse = inuse
    page.frozen = frozen
    return True


@kfunc
def add_partial(k: Kernel, n: KmemCacheNode, page: SlabPage, tail: bool) -> None:
    """Put a slab on the node's list: first in, or last where its objects are cold."""
    n.nr_partial += 1
    n.partial.insert(len(n.partial) if tail else 0, page)


@kfunc
def remove_partial(k: Kernel, n: KmemCacheNode, page: SlabPage) -> None:
    """Take a slab off the node's list."""
    n.partial.remove(page)
    n.nr_partial -= 1


@kfunc
def acquire_slab(k: Kernel, s: KmemCache, n: KmemCacheNode, page: SlabPage, take: bool) -> tuple[int, int]:
    """Freeze a slab of the node's list: (its first free object, how many are free).

    With `take` the whole free list goes to the CPU's lockless list, otherwise it stays with the slab.
    """
    freelist, free = page.freelist, page.objects - page.inuse
    if take:
        __cmpxchg_double_slab(k, s, page, 0, page.objects, True)
    else:
        __cmpxchg_double_slab(k, s, page, freelist, page.inuse, True)
    remove_partial(k, n, page)
    return freelist, free


@kfunc
def get_partial_node(k: Kernel, s: KmemCache, n: KmemCacheNode, c: KmemCacheCpu) -> int:
    """Objects from the node's partial slabs: the first slab for the CPU to use, more for its own list.

    Goes on until the CPU has more than half of cpu_partial objects. Returns the first free object, 0
    for none. The callers see to it that there are partial slabs: the compiler puts that test there.
    """
    obj = available = 0
    for page in list(n.partial):
        first, free = acquire_slab(k, s, n, page, obj == 0)
        available += free
        if not obj:
            c.page = page
            obj = first
        else:
            put_cpu_partial(k, s, page, False)
        if not kmem_cache_has_cpu_partial(s) or available > s.cpu_partial // 2:
            break
    return obj


@kfunc
def get_any_partial(k: Kernel, s: KmemCache, flags: int, c: KmemCacheCpu) -> int:
    """Objects from the partial slabs of other nodes, nearest first, where they have more than they keep.

    Simplified: the kernel skips this in about 2 of 100 calls, by the CPU's cycle counter; here it never does.
    """
    if not s.remote_node_defrag_ratio:
        return 0
    zones = node_zonelist(k, mempolicy_slab_node(k), flags)
    at = next_zones_zonelist(k, zones, 0, gfp_zone(flags), None)
    while at < len(zones.zonerefs):
        n = get_node(s, zones.zonerefs[at].zone.node)
        if n is not None and n.nr_partial > s.min_partial:
            obj = get_partial_node(k, s, n, c)
            if obj:
                return int(obj)
        at = next_zones_zonelist(k, zones, at + 1, gfp_zone(flags), None)
    return 0


@kfunc
def get_partial(k: Kernel, s: KmemCache, flags: int, node: int, c: KmemCacheCpu) -> int:
    """Objects from partial slabs of the wanted node, or of any where the caller does not mind."""
    searchnode = numa_mem_id(k) if node == NUMA_NO_NODE else node
    n = get_node(s, searchnode)
    obj = get_partial_node(k, s, n, c) if n is not None and n.nr_partial else 0
    if obj or node != NUMA_NO_NODE:
        return int(obj)
    return int(get_any_partial(k, s, flags, c))


@kfunc
def deactivate_slab(k: Kernel, s: KmemCache, page: SlabPage, freelist: int) -> None:
    """Take the current slab from a CPU: give its objects back to the slab and unfreeze it.

    The objects of the CPU's list go back one by one, so the slab's own list holds them in reverse
    order afterwards. The slab goes to the head of the node's list, to its tail if others freed to
    it meanwhile, to no list when it is full, and back to the page allocator when it is empty and the
    node has enough.
    """
    n = s.node[page_to_nid(k, page.pfn)]
    tail = page.freelist != 0
    objects = list(page.chain(freelist))
    last = objects.pop() if objects else 0
    if objects:
        k.step("drain-objects", objects=len(objects))
        prior = page.freelist
        for obj in objects:
            page.set_freepointer(obj, prior)
            prior = obj
        with k.repeat(len(objects)):
            __cmpxchg_double_slab(k, s, page, prior, page.inuse - len(objects), True)

    head, inuse = page.freelist, page.inuse
    if last:
        page.set_freepointer(last, head)
        head, inuse = last, inuse - 1
    empty = not inuse and n.nr_partial >= s.min_partial
    if not empty:
        if head:
            add_partial(k, n, page, tail)
        else:
            add_full(s, n, page)
    __cmpxchg_double_slab(k, s, page, head, inuse, False)
    if empty:
        discard_slab(k, s, page)


@kfunc
def unfreeze_partials(k: Kernel, s: KmemCache, c: KmemCacheCpu) -> None:
    """Move the CPU's partial slabs to their nodes; empty ones that a node does not need are freed."""
    discard: list[SlabPage] = []
    while c.partial is not None:
        page = c.partial
        c.partial = page.next
        n = s.node[page_to_nid(k, page.pfn)]
        __cmpxchg_double_slab(k, s, page, page.freelist, page.inuse, False)
        if not page.inuse and n.nr_partial >= s.min_partial:
            discard.append(page)
        else:
            add_partial(k, n, page, True)
    for page in reversed(discard):
        discard_slab(k, s, page)


@kfunc
def put_cpu_partial(k: Kernel, s: KmemCache, page: SlabPage, drain: bool) -> None:
    """Put a frozen slab on the CPU's partial list; with `drain`, make room first when it counts too much.

    The slab on top carries the sums for the whole list: slabs, and objects free when each was put there.
    """
    c = s.cpus[smp_processor_id(k)]
    if c.partial is not None and drain and c.partial.pobjects > s.cpu_partial:
        unfreeze_partials(k, s, c)
    top = c.partial
    page.pages = (top.pages if top else 0) + 1
    page.pobjects = (top.pobjects if top else 0) + page.objects - page.inuse
    page.next = top
    c.partial = page


@kfunc
def flush_slab(k: Kernel, s: KmemCache, c: KmemCacheCpu) -> None:
    """Take a CPU's current slab from it."""
    if c.page is not None:
        deactivate_slab(k, s, c.page, c.freelist)
    c.tid += 1
    c.page = None
    c.freelist = 0


@kfunc
def __flush_cpu_slab(k: Kernel, s: KmemCache, cpu: int) -> None:
    """Take all slabs of the cache from a CPU."""
    c = s.cpus[cpu]
    if c.page is not None:
        flush_slab(k, s, c)
    unfreeze_partials(k, s, c)


@kfunc
def flush_all(k: Kernel, s: KmemCache) -> None:
    """Take all slabs of the cache from all CPUs that have any."""
    for cpu, c in s.cpus.items():
        if c.page is not None or c.partial is not None:
            __flush_cpu_slab(k, s, cpu)
