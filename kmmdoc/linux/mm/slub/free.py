"""Freeing an object: to the CPU's list where it came from the CPU's slab, to its slab otherwise."""

from __future__ import annotations

from kmmdoc.linux.include.linux.slab import PAGE_SHIFT, ZERO_SIZE_PTR
from kmmdoc.linux.include.linux.slub_def import KmemCache, SlabPage
from kmmdoc.linux.include.linux.topology import smp_processor_id
from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.mm.page_alloc.free import __free_kmem_pages
from kmmdoc.linux.mm.slub.layout import kmem_cache_debug, kmem_cache_has_cpu_partial, slab_ksize
from kmmdoc.linux.mm.slub.pages import (
    discard_slab,
    free_debug_processing,
    page_to_nid,
    remove_full,
    virt_to_head_page,
)
from kmmdoc.linux.mm.slub.partial import __cmpxchg_double_slab, add_partial, put_cpu_partial, remove_partial
from kmmdoc.linux.state import Kernel, __pa

KFILE = "mm/slub.c"


@kfunc
def __slab_free(k: Kernel, s: KmemCache, page: SlabPage, obj: int) -> None:
    """The slow path: link the object into its slab and put the slab where it now belongs.

    A slab that was full is frozen and goes to the CPU's partial list; one on a node's list stays there,
    until it is empty and the node has enough.
    """
    n = free_debug_processing(k, s, page, obj) if kmem_cache_debug(s) else None
    prior, was_frozen = page.freelist, page.frozen
    page.set_freepointer(obj, prior)
    inuse = page.inuse - 1
    frozen, listed = was_frozen, False
    if (not inuse or not prior) and not was_frozen:
        if kmem_cache_has_cpu_partial(s) and not prior:
            frozen = True
        else:
            listed = True
            n = s.node[page_to_nid(k, page.pfn)]
    __cmpxchg_double_slab(k, s, page, obj, inuse, frozen)
    if not listed or n is None:
        if frozen and not was_frozen:
            put_cpu_partial(k, s, page, True)
        return
    if not inuse and n.nr_partial >= s.min_partial:
        if prior:
            remove_partial(k, n, page)
        else:
            remove_full(s, n, page)
        discard_slab(k, s, page)
    elif not kmem_cache_has_cpu_partial(s) and not prior:
        if kmem_cache_debug(s):
            remove_full(s, n, page)
        add_partial(k, n, page, True)


@kfunc
def slab_free(k: Kernel, s: KmemCache, page: SlabPage, obj: int) -> None:
    """The fast path: push the object on the CPU's list if it lies in the CPU's slab."""
    c = s.cpus[smp_processor_id(k)]
    if c.page is page:
        page.set_freepointer(obj, c.freelist)
        c.freelist = obj
        c.tid += 1
    else:
        __slab_free(k, s, page, obj)


def _slab_of(k: Kernel, obj: int) -> SlabPage:
    page = virt_to_head_page(k, obj)
    if page is None:
        k.bug("kmem_cache_free")
    return page


@kfunc
def kmem_cache_free(k: Kernel, s: KmemCache, obj: int) -> None:
    """Free an object of `s`."""
    slab_free(k, s, _slab_of(k, obj), obj)


@kfunc
def ksize(k: Kernel, obj: int) -> int:
    """The bytes that were really allocated at `obj`."""
    if obj == ZERO_SIZE_PTR:
        return 0
    page = virt_to_head_page(k, obj)
    if page is not None:
        return slab_ksize(page.slab_cache)
    return 1 << PAGE_SHIFT + k.mem_map.compound_order[__pa(obj) >> PAGE_SHIFT]


@kfunc
def kfree(k: Kernel, obj: int) -> None:
    """Free what kmalloc() returned; nothing for NULL or an allocation of no bytes."""
    if obj <= ZERO_SIZE_PTR:
        return
    page = virt_to_head_page(k, obj)
    if page is not None:
        slab_free(k, page.slab_cache, page, obj)
        return
    pfn = __pa(obj) >> PAGE_SHIFT
    if pfn not in k.mem_map.compound_order:
        k.bug("kfree")
    __free_kmem_pages(k, pfn, k.mem_map.compound_order[pfn])
