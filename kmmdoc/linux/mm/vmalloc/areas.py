"""Which addresses of the vmalloc space are taken, and the search for free ones.

The kernel keeps the areas in a tree and in a list, both by address; it finds its way in the tree, here the
sorted list serves for that. Freed areas stay taken until enough of them have gathered: only then are they
purged in one go.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right

from kmmdoc.linux.include.linux.gfp import GFP_RECLAIM_MASK
from kmmdoc.linux.include.linux.slab import kmalloc_node
from kmmdoc.linux.include.linux.vmalloc import VM_LAZY_FREE, VM_LAZY_FREEING, vmap_area
from kmmdoc.linux.kernel.rcu.tree import kfree_call_rcu
from kmmdoc.linux.kfunc import extern, kfunc
from kmmdoc.linux.lib.rbtree import rb_erase, rb_insert_color
from kmmdoc.linux.mm.slub.free import kfree
from kmmdoc.linux.mm.vmalloc.mapping import PAGE_SHIFT, PAGE_SIZE, vunmap_page_range
from kmmdoc.linux.state import KERN_WARNING, Kernel

KFILE = "mm/vmalloc.c"

VMALLOC_START = 0xFFFF_C900_0000_0000
VMALLOC_END = 0xFFFF_E8FF_FFFF_FFFF
TOP = 1 << 64

purge_fragmented_blocks_allcpus = extern("purge_fragmented_blocks_allcpus")


def _start(va: vmap_area) -> int:
    return va.va_start


def _end(va: vmap_area) -> int:
    return va.va_end


@kfunc
def __find_vmap_area(k: Kernel, addr: int) -> vmap_area | None:
    """The area that `addr` is in, or None."""
    at = bisect_right(k.vmap_area_list, addr, key=_start) - 1
    return k.vmap_area_list[at] if at >= 0 and addr < k.vmap_area_list[at].va_end else None


@kfunc
def __insert_vmap_area(k: Kernel, va: vmap_area) -> None:
    """Put an area before the first one that ends above its start.

    One that overlaps another is put there too: the check at the end of the search for the place asks for
    an area that lies on both sides of another at once, which no area does.
    """
    areas = k.vmap_area_list
    at = bisect_right(areas, va.va_start, key=_end)
    _link(k, va, areas[at - 1] if at else None, areas[at] if at < len(areas) else None)
    areas.insert(at, va)


def _link(k: Kernel, va: vmap_area, before: vmap_area | None, after: vmap_area | None) -> None:
    """Hang an area into the tree where the search for its place ends: below one of its neighbours."""
    node, root = va.rb_node, k.vmap_area_root
    node.key = va.va_start
    if after is not None and after.rb_node.left is None:
        root.link(node, after.rb_node, left=True)
    else:
        root.link(node, before.rb_node if before is not None else None, left=False)
    rb_insert_color(k, node, root)


def _search(k: Kernel, size: int, align: int, vstart: int, vend: int) -> int | None:
    """The lowest free address that the cached search position leads to, None where there is none.

    The search goes on behind the area allocated last, unless the request fits a hole seen below it or
    asks for less than the search so far did.
    """
    areas, cache = k.vmap_area_list, k.free_vmap_cache
    if (
        cache is None
        or size < k.cached_hole_size
        or vstart < k.cached_vstart
        or align < k.cached_align
        or (cache.va_end + align - 1 & -align) < vstart
    ):
        k.step("search-from-start")
        k.cached_hole_size = 0
        cache = k.free_vmap_cache = None
    k.cached_vstart, k.cached_align = vstart, align
    if cache is not None:
        addr = cache.va_end + align - 1 & -align
        at = bisect_left(areas, cache.va_start, key=_start)
    else:
        addr = vstart + align - 1 & -align
        at = bisect_left(areas, addr, key=_end)
    while at < len(areas) and addr + size > areas[at].va_start and addr + size <= vend:
        if addr + k.cached_hole_size < areas[at].va_start:
            k.cached_hole_size = areas[at].va_start - addr
        addr = areas[at].va_end + align - 1 & -align
        at += 1
    return addr if addr + size < TOP and addr + size <= vend else None


@kfunc
def alloc_vmap_area(
    k: Kernel, size: int, align: int, vstart: int, vend: int, node: int, gfp_mask: int
) -> vmap_area | None:
    """Take `size` bytes of addresses in `[vstart, vend)`, None where there are none even after a purge."""
    if not size or size % PAGE_SIZE or align & (align - 1):
        k.bug("alloc_vmap_area")
    address = kmalloc_node(k, k.build.sizeof("vmap_area"), gfp_mask & GFP_RECLAIM_MASK, node)
    if not address:
        return None
    addr = _search(k, size, align, vstart, vend)
    if addr is None:
        purge_vmap_area_lazy(k)
        addr = _search(k, size, align, vstart, vend)
    if addr is None:
        k.printk(
            KERN_WARNING,
            f"vmap allocation for size {size} failed: use vmalloc=<size> to increase size.\n",
        )
        kfree(k, address)
        return None
    va = vmap_area(address, addr, addr + size)
    __insert_vmap_area(k, va)
    k.free_vmap_cache = va
    return va


@kfunc
def __free_vmap_area(k: Kernel, va: vmap_area) -> None:
    """Give the addresses of an area up and move the search position below them."""
    areas = k.vmap_area_list
    at = areas.index(va)
    cache = k.free_vmap_cache
    if cache is not None:
        if va.va_end < k.cached_vstart:
            k.free_vmap_cache = None
        elif va.va_start <= cache.va_start:
            k.free_vmap_cache = areas[at - 1] if at else None
    del areas[at]
    rb_erase(k, va.rb_node, k.vmap_area_root)
    if VMALLOC_START < va.va_end <= VMALLOC_END:
        k.vmap_area_pcpu_hole = max(k.vmap_area_pcpu_hole, va.va_end)
    kfree_call_rcu(k, va.address)


@kfunc
def free_vmap_area(k: Kernel, va: vmap_area) -> None:
    """Give the addresses of an area up at once."""
    __free_vmap_area(k, va)


def lazy_max_pages(k: Kernel) -> int:
    """How many pages of freed areas may wait for a purge: 32 MiB times the bits of the number of CPUs."""
    return len(k.cpu_online_mask).bit_length() * ((32 << 20) // PAGE_SIZE)


@kfunc
def __purge_vmap_area_lazy(k: Kernel, sync: bool, force_flush: bool) -> None:
    """Really free what waits; `sync` also gives up blocks that are only used in part.

    Simplified: the flush of the translation caches has nothing to flush.
    """
    if sync:
        purge_fragmented_blocks_allcpus(k)
    purged = [va for va in k.vmap_area_list if va.flags & VM_LAZY_FREE]
    for va in purged:
        va.flags = (va.flags | VM_LAZY_FREEING) & ~VM_LAZY_FREE
        k.vmap_lazy_nr -= (va.va_end - va.va_start) >> PAGE_SHIFT
    for va in purged:
        __free_vmap_area(k, va)


@kfunc
def try_purge_vmap_area_lazy(k: Kernel) -> None:
    """Purge, if nobody does already."""
    __purge_vmap_area_lazy(k, False, False)


@kfunc
def purge_vmap_area_lazy(k: Kernel) -> None:
    """Purge, blocks too."""
    __purge_vmap_area_lazy(k, True, False)


@kfunc
def free_vmap_area_noflush(k: Kernel, va: vmap_area) -> None:
    """Let an unmapped area wait for the next purge; too much that waits brings it about."""
    va.flags |= VM_LAZY_FREE
    k.vmap_lazy_nr += (va.va_end - va.va_start) >> PAGE_SHIFT
    if k.vmap_lazy_nr > lazy_max_pages(k):
        try_purge_vmap_area_lazy(k)


@kfunc
def free_unmap_vmap_area(k: Kernel, va: vmap_area) -> None:
    """Unmap an area and let it wait."""
    vunmap_page_range(k, va.va_start, va.va_end)
    free_vmap_area_noflush(k, va)


@kfunc
def find_vmap_area(k: Kernel, addr: int) -> vmap_area | None:
    """The area that `addr` is in, or None."""
    return __find_vmap_area(k, addr)
