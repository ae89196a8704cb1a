"""Allocating an object: the fast path that pops a CPU's list, the slow path that finds it a slab.

Simplified: __GFP_ZERO clears nothing, since contents are not modelled. Interrupts, preemption and other
CPUs never come between, so nothing is ever retried.
"""

from __future__ import annotations

from kmmdoc.linux.include.linux.gfp import __GFP_COMP, __GFP_NOTRACK, __GFP_NOWARN
from kmmdoc.linux.include.linux.slab import KMALLOC_MAX_CACHE_SIZE, PAGE_SHIFT, get_order
from kmmdoc.linux.include.linux.slub_def import KmemCache, KmemCacheCpu, SlabPage
from kmmdoc.linux.include.linux.topology import smp_processor_id
from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.mm.page_alloc.alloc import alloc_kmem_pages_node
from kmmdoc.linux.mm.slab_common import kmalloc_order_trace, kmalloc_slab
from kmmdoc.linux.mm.slub.layout import kmem_cache_debug
from kmmdoc.linux.mm.slub.pages import NUMA_NO_NODE, alloc_debug_processing, new_slab, page_to_nid
from kmmdoc.linux.mm.slub.partial import __cmpxchg_double_slab, deactivate_slab, flush_slab, get_partial
from kmmdoc.linux.state import KERN_WARNING, Kernel, __va

KFILE = "mm/slub.c"


def node_match(k: Kernel, page: SlabPage | None, node: int) -> bool:
    """Does the slab lie on the wanted node, or does the caller not mind?"""
    return page is not None and (node == NUMA_NO_NODE or page_to_nid(k, page.pfn) == node)


@kfunc
def slab_out_of_memory(k: Kernel, s: KmemCache, gfpflags: int, nid: int) -> None:
    """Report that no slab could be had.

    Simplified: not rate limited.
    """
    if gfpflags & __GFP_NOWARN:
        return
    warn = KERN_WARNING
    k.printk(warn, f"SLUB: Unable to allocate memory on node {nid} (gfp=0x{gfpflags:x})\n")
    k.printk(
        warn,
        f"  cache: {s.name}, object size: {s.object_size}, buffer size: {s.size}, "
        f"default order: {s.oo.order}, min order: {s.min.order}\n",
    )
    if s.min.order > get_order(s.object_size):
        k.printk(warn, f"  {s.name} debugging increased min order, use slub_debug=O to disable.\n")
    for node, n in sorted(s.node.items()):
        free = sum(page.objects - page.inuse for page in n.partial)
        k.printk(warn, f"  node {node}: slabs: {n.nr_slabs}, objs: {n.total_objects}, free: {free}\n")


@kfunc
def new_slab_objects(k: Kernel, s: KmemCache, flags: int, node: int, c: KmemCacheCpu) -> int:
    """Free objects for a CPU that has none: from partial slabs, else from a new slab. 0 on failure."""
    freelist = get_partial(k, s, flags, node, c)
    if freelist:
        return int(freelist)
    page = new_slab(k, s, flags, node)
    if page is None:
        return 0
    if c.page is not None:
        flush_slab(k, s, c)
    freelist = page.freelist
    page.freelist = 0
    c.page = page
    return int(freelist)


@kfunc
def get_freelist(k: Kernel, s: KmemCache, page: SlabPage) -> int:
    """Take over what others freed to the CPU's slab; where there is nothing the slab is full: unfreeze it."""
    freelist = page.freelist
    __cmpxchg_double_slab(k, s, page, 0, page.objects, freelist != 0)
    return freelist


def _usable(k: Kernel, s: KmemCache, node: int, c: KmemCacheCpu) -> int:
    """The first free object of the CPU's slabs, current one first, then those on its partial list."""
    while True:
        page = c.page
        if page is not None:
            if not node_match(k, page, node):
                k.step("node-mismatch")
                deactivate_slab(k, s, page, c.freelist)
                c.freelist = 0
            else:
                freelist = c.freelist or get_freelist(k, s, page)
                if freelist:
                    return int(freelist)
            c.page = None
        if c.partial is None:
            return 0
        k.step("use-cpu-partial")
        c.page, c.partial = c.partial, c.partial.next
        c.freelist = 0


@kfunc
def __slab_alloc(k: Kernel, s: KmemCache, gfpflags: int, node: int, c: KmemCacheCpu) -> int:
    """The slow path: find the CPU a slab with free objects and take the first. 0 on failure.

    A debugging cache leaves the CPU no list: the object is checked, the slab goes back at once.
    """
    freelist = _usable(k, s, node, c)
    if not freelist:
        freelist = new_slab_objects(k, s, gfpflags, node, c)
        if not freelist:
            slab_out_of_memory(k, s, gfpflags, node)
            return 0
        if kmem_cache_debug(s):
            page = c.page
            assert page is not None
            alloc_debug_processing(k, s, page, freelist)
            deactivate_slab(k, s, page, page.get_freepointer(freelist))
            c.page = None
            c.freelist = 0
            return freelist
    assert c.page is not None
    c.freelist = c.page.get_freepointer(freelist)
    c.tid += 1
    return freelist


@kfunc
def slab_alloc_node(k: Kernel, s: KmemCache, gfpflags: int, node: int) -> int:
    """The fast path: pop the CPU's list if its slab suits, otherwise take the slow one."""
    c = s.cpus[smp_processor_id(k)]
    obj = c.freelist
    page = c.page
    if not obj or page is None or not node_match(k, page, node):
        return int(__slab_alloc(k, s, gfpflags, node, c))
    c.freelist = page.get_freepointer(obj)
    c.tid += 1
    return obj


@kfunc
def kmem_cache_alloc(k: Kernel, s: KmemCache, gfpflags: int) -> int:
    """Allocate an object: its address, 0 on failure."""
    return int(slab_alloc_node(k, s, gfpflags, NUMA_NO_NODE))


@kfunc
def kmem_cache_alloc_trace(k: Kernel, s: KmemCache, gfpflags: int, size: int) -> int:
    """kmem_cache_alloc() for a kmalloc() of `size` bytes."""
    return int(slab_alloc_node(k, s, gfpflags, NUMA_NO_NODE))


@kfunc
def kmem_cache_alloc_node(k: Kernel, s: KmemCache, gfpflags: int, node: int) -> int:
    """Allocate an object on `node` if it can be."""
    return int(slab_alloc_node(k, s, gfpflags, node))


@kfunc
def kmem_cache_alloc_node_trace(k: Kernel, s: KmemCache, gfpflags: int, node: int, size: int) -> int:
    """kmem_cache_alloc_node() for a kmalloc_node() of `size` bytes."""
    return int(slab_alloc_node(k, s, gfpflags, node))


@kfunc
def __kmalloc(k: Kernel, size: int, flags: int) -> int:
    """Allocate `size` bytes: their address, 0 on failure."""
    return _kmalloc(k, size, flags, NUMA_NO_NODE)


@kfunc
def kmalloc_large_node(k: Kernel, size: int, flags: int, node: int) -> int:
    """Allocate whole pages on `node`."""
    pfn = alloc_kmem_pages_node(k, node, flags | __GFP_COMP | __GFP_NOTRACK, get_order(size))
    return __va(pfn << PAGE_SHIFT) if pfn else 0


@kfunc
def __kmalloc_node(k: Kernel, size: int, flags: int, node: int) -> int:
    """Allocate `size` bytes on `node` if it can be."""
    if size > KMALLOC_MAX_CACHE_SIZE:
        return int(kmalloc_large_node(k, size, flags, node))
    return _kmalloc(k, size, flags, node)


@kfunc
def __kmalloc_track_caller(k: Kernel, size: int, gfpflags: int) -> int:
    """__kmalloc() on behalf of a caller whose caller is the one to blame."""
    return _kmalloc(k, size, gfpflags, NUMA_NO_NODE)


def _kmalloc(k: Kernel, size: int, flags: int, node: int) -> int:
    if size > KMALLOC_MAX_CACHE_SIZE:
        return int(kmalloc_order_trace(k, size, flags, get_order(size)))
    s = kmalloc_slab(k, size, flags)
    if not isinstance(s, KmemCache):
        return s
    return int(slab_alloc_node(k, s, flags, node))
