"""Shrinking a cache and giving it up."""

from __future__ import annotations

from kmmdoc.linux.include.linux.gfp import GFP_KERNEL
from kmmdoc.linux.include.linux.slub_def import KmemCache, KmemCacheNode
from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.mm.percpu.alloc import free_percpu
from kmmdoc.linux.mm.slub.alloc import __kmalloc
from kmmdoc.linux.mm.slub.boot import free_kmem_cache_nodes
from kmmdoc.linux.mm.slub.free import kfree
from kmmdoc.linux.mm.slub.pages import discard_slab
from kmmdoc.linux.mm.slub.partial import flush_all, remove_partial
from kmmdoc.linux.state import KERN_ERR, Kernel

KFILE = "mm/slub.c"

ENOMEM = 12


@kfunc
def free_partial(k: Kernel, s: KmemCache, n: KmemCacheNode) -> None:
    """Free the empty slabs of a node and report the others.

    Simplified: the objects that are left are not listed.
    """
    for page in list(n.partial):
        if page.inuse:
            k.printk(KERN_ERR, f"BUG {s.name}: Objects remaining in {s.name} on kmem_cache_close()\n")
        else:
            remove_partial(k, n, page)
            discard_slab(k, s, page)


@kfunc
def kmem_cache_close(k: Kernel, s: KmemCache) -> int:
    """Free everything a cache has but its own structure: 0, or 1 where objects are still in use."""
    flush_all(k, s)
    for _, n in sorted(s.node.items()):
        free_partial(k, s, n)
        if n.nr_partial or n.nr_slabs:
            return 1
    free_percpu(k, s.cpu_slab)
    free_kmem_cache_nodes(k, s)
    return 0


@kfunc
def __kmem_cache_shutdown(k: Kernel, s: KmemCache) -> int:
    """What kmem_cache_destroy() asks of the allocator."""
    return int(kmem_cache_close(k, s))


@kfunc
def __kmem_cache_shrink(k: Kernel, s: KmemCache) -> int:
    """Free the empty slabs and put the fullest of the others first: 0 or -ENOMEM.

    The slabs are sorted through an array of lists, one for each number of objects in use.
    """
    slabs_by_inuse = __kmalloc(k, 16 * s.max.objects, GFP_KERNEL)
    if not slabs_by_inuse:
        return -ENOMEM
    flush_all(k, s)
    for _, n in sorted(s.node.items()):
        if not n.nr_partial:
            continue
        empty = [page for page in n.partial if not page.inuse]
        n.partial = sorted((page for page in n.partial if page.inuse), key=lambda page: page.inuse)[::-1]
        n.nr_partial = len(n.partial)
        for page in reversed(empty):
            discard_slab(k, s, page)
    kfree(k, slabs_by_inuse)
    return 0
