"""mm/slab_common.c: what SLUB shares with the other slab allocators: merging, kmalloc's caches, creation."""

from __future__ import annotations

from kmmdoc.linux.include.linux.gfp import __GFP_COMP, GFP_DMA, GFP_KERNEL, GFP_NOWAIT
from kmmdoc.linux.include.linux.slab import (
    ARCH_KMALLOC_MINALIGN,
    ARCH_SLAB_MINALIGN,
    KMALLOC_MAX_SIZE,
    KMALLOC_SHIFT_HIGH,
    KMALLOC_SHIFT_LOW,
    PAGE_SHIFT,
    SLAB_CACHE_DMA,
    SLAB_DEBUG_FREE,
    SLAB_DEBUG_OBJECTS,
    SLAB_DESTROY_BY_RCU,
    SLAB_FAILSLAB,
    SLAB_HWCACHE_ALIGN,
    SLAB_NOLEAKTRACE,
    SLAB_NOTRACK,
    SLAB_PANIC,
    SLAB_POISON,
    SLAB_RECLAIM_ACCOUNT,
    SLAB_RED_ZONE,
    SLAB_STORE_USER,
    SLAB_TEMPORARY,
    SLAB_TRACE,
    ZERO_SIZE_PTR,
    kmalloc_size,
    kmem_cache_zalloc,
)
from kmmdoc.linux.include.linux.slub_def import UP, KmemCache
from kmmdoc.linux.kfunc import extern, kfunc, setup_param
from kmmdoc.linux.lib.kasprintf import kasprintf
from kmmdoc.linux.mm.page_alloc.alloc import alloc_kmem_pages
from kmmdoc.linux.mm.slub.layout import kmem_cache_flags
from kmmdoc.linux.mm.util import kstrdup
from kmmdoc.linux.state import KERN_ERR, KERN_WARNING, Kernel, __va

__kmem_cache_alias = extern("__kmem_cache_alias")
__kmem_cache_create = extern("__kmem_cache_create")
kfree = extern("kfree")
ksize = extern("ksize")
__kmalloc_track_caller = extern("__kmalloc_track_caller")
__kmem_cache_shutdown = extern("__kmem_cache_shutdown")
__kmem_cache_shrink = extern("__kmem_cache_shrink")
sysfs_slab_remove = extern("sysfs_slab_remove")

SLAB_NEVER_MERGE = (
    (SLAB_RED_ZONE | SLAB_POISON | SLAB_STORE_USER | SLAB_TRACE)
    | (SLAB_DESTROY_BY_RCU | SLAB_NOLEAKTRACE)
    | SLAB_FAILSLAB
)
SLAB_MERGE_SAME = SLAB_DEBUG_FREE | SLAB_RECLAIM_ACCOUNT | SLAB_CACHE_DMA | SLAB_NOTRACK
CACHE_CREATE_MASK = (
    (SLAB_HWCACHE_ALIGN | SLAB_CACHE_DMA | SLAB_PANIC | SLAB_DESTROY_BY_RCU | SLAB_DEBUG_OBJECTS)
    | (SLAB_RED_ZONE | SLAB_POISON | SLAB_STORE_USER | SLAB_TRACE | SLAB_DEBUG_FREE)
    | (SLAB_NOLEAKTRACE | SLAB_RECLAIM_ACCOUNT | SLAB_TEMPORARY | SLAB_NOTRACK)
)
ENOMEM = 12
CACHE_LINE_SIZE = 64
"""cache_line_size() in bytes.

Simplified: no CPU reports another size here.
"""


@setup_param("slub_nomerge")
@setup_param("slab_nomerge")
@kfunc
def setup_slab_nomerge(k: Kernel, rest: str) -> int:
    """slab_nomerge: every cache gets slabs of its own."""
    k.slab_nomerge = 1
    return 1


@kfunc
def slab_unmergeable(k: Kernel, s: KmemCache) -> bool:
    """May nothing else move into this cache? Boot caches are closed as long as their count is negative."""
    return bool(k.slab_nomerge or s.flags & SLAB_NEVER_MERGE or s.ctor or s.refcount < 0)


@kfunc
def find_mergeable(
    k: Kernel, size: int, align: int, flags: int, name: str, ctor: str | None
) -> KmemCache | None:
    """The cache, newest first, whose slabs can hold these objects at a cost of less than a word each."""
    if k.slab_nomerge or flags & SLAB_NEVER_MERGE or ctor:
        return None
    size = size + 7 & ~7
    align = calculate_alignment(k, flags, align, size)
    size = size + align - 1 & -align
    flags = kmem_cache_flags(k, size, flags, name, None)
    for s in k.slab_caches:
        if slab_unmergeable(k, s) or size > s.size or (flags ^ s.flags) & SLAB_MERGE_SAME:
            continue
        if s.size & -align == s.size and s.size - size < 8:
            return s
    return None


@kfunc
def calculate_alignment(k: Kernel, flags: int, align: int, size: int) -> int:
    """Alignment of objects, in bytes: what was asked for, and a cache line or the part of it they fill."""
    if flags & SLAB_HWCACHE_ALIGN:
        line = CACHE_LINE_SIZE
        while size <= line // 2:
            line //= 2
        align = max(align, line)
    return max(align, ARCH_SLAB_MINALIGN) + 7 & ~7


@kfunc
def do_kmem_cache_create(
    k: Kernel, name: str, object_size: int, size: int, align: int, flags: int, ctor: str | None
) -> KmemCache | None:
    """Make a cache of its own, None where there is no memory."""
    address = kmem_cache_zalloc(k, k.kmem_cache, GFP_KERNEL)
    if not address:
        return None
    s = KmemCache(address)
    s.name, s.object_size, s.size, s.align, s.ctor = name, object_size, size, align, ctor
    if __kmem_cache_create(k, s, flags):
        kfree(k, address)
        return None
    s.refcount = 1
    k.slab_caches.insert(0, s)
    return s


@kfunc
def kmem_cache_create(
    k: Kernel, name: str, size: int, align: int, flags: int, ctor: str | None = None
) -> KmemCache | None:
    """A cache for objects of `size` bytes: one that exists and suits, or a new one. None on failure.

    `ctor` is the name of the function that initialises new objects. With SLAB_PANIC failure is a panic.

    Simplified: every failure is reported as lack of memory.
    """
    flags &= CACHE_CREATE_MASK
    s: KmemCache | None = __kmem_cache_alias(k, name, size, align, flags, ctor)
    if s is None and kstrdup(k, name, GFP_KERNEL):
        alignment = calculate_alignment(k, flags, align, size)
        s = do_kmem_cache_create(k, name, size, size, alignment, flags, ctor)
    if s is None:
        if flags & SLAB_PANIC:
            k.panic(f"kmem_cache_create: Failed to create slab '{name}'. Error {-ENOMEM}")
        k.printk(KERN_WARNING, f"kmem_cache_create({name}) failed with error {-ENOMEM}")
    return s


@kfunc
def kmem_cache_destroy(k: Kernel, s: KmemCache) -> None:
    """Give up a cache, when nobody else shares it.

    sysfs keeps the structure for as long as somebody looks at it; before sysfs knows caches, nobody ever
    frees it.

    Simplified: a cache whose slabs wait for a grace period goes at once.
    """
    s.refcount -= 1
    if s.refcount:
        return
    if __kmem_cache_shutdown(k, s):
        k.printk(KERN_ERR, f"kmem_cache_destroy {s.name}: Slab cache still has objects\n")
        return
    k.slab_caches.remove(s)
    sysfs_slab_remove(k, s)


@kfunc
def kmem_cache_shrink(k: Kernel, s: KmemCache) -> int:
    """Free the empty slabs of a cache: 0 or a negative error."""
    return int(__kmem_cache_shrink(k, s))


@kfunc
def slab_is_available(k: Kernel) -> bool:
    """Does kmalloc work already?"""
    return k.slab_state >= UP


@kfunc
def create_boot_cache(k: Kernel, s: KmemCache, name: str | None, size: int, flags: int) -> None:
    """Open a cache whose structure exists already; it is not merged with others until its count says so."""
    s.name = name
    s.size = s.object_size = size
    s.align = calculate_alignment(k, flags, ARCH_KMALLOC_MINALIGN, size)
    error = __kmem_cache_create(k, s, flags)
    if error:
        k.panic(f"Creation of kmalloc slab {name or '(null)'} size={size} failed. Reason {error}")
    s.refcount = -1


@kfunc
def create_kmalloc_cache(k: Kernel, name: str | None, size: int, flags: int) -> KmemCache:
    """Make one of kmalloc's caches."""
    address = kmem_cache_zalloc(k, k.kmem_cache, GFP_NOWAIT)
    if not address:
        k.panic(f"Out of memory when creating slab {name or '(null)'}")
    s = KmemCache(address)
    create_boot_cache(k, s, name, size, flags)
    k.slab_caches.insert(0, s)
    s.refcount = 1
    return s


@kfunc
def kmalloc_slab(k: Kernel, size: int, flags: int) -> KmemCache | int:
    """The cache for `size` bytes; ZERO_SIZE_PTR for none, 0 for more than the page allocator has."""
    if size > KMALLOC_MAX_SIZE:
        return 0
    if size == 0:
        return ZERO_SIZE_PTR
    index = k.size_index[(size - 1) // 8] if size <= 192 else (size - 1).bit_length()
    caches = k.kmalloc_dma_caches if flags & GFP_DMA else k.kmalloc_caches
    cache = caches[index] if index < len(caches) else None
    return cache if cache is not None else 0


@kfunc
def create_kmalloc_caches(k: Kernel, flags: int) -> None:
    """Make kmalloc's caches: powers of two with 96 and 192 between them, then their names, then the DMA set.

    Nameless at first, since a name needs kmalloc.
    """
    for i in range(KMALLOC_SHIFT_LOW, KMALLOC_SHIFT_HIGH + 1):
        if k.kmalloc_caches[i] is None:
            k.kmalloc_caches[i] = create_kmalloc_cache(k, None, 1 << i, flags)
        between = {6: 1, 7: 2}.get(i)
        if between is not None and k.kmalloc_caches[between] is None:
            k.kmalloc_caches[between] = create_kmalloc_cache(k, None, kmalloc_size(between), flags)
    k.slab_state = UP
    k.step("kmalloc-works")

    for i, s in enumerate(k.kmalloc_caches):
        if s is not None:
            s.name = f"kmalloc-{kmalloc_size(i)}"
            if not kasprintf(k, GFP_NOWAIT, s.name):
                k.bug("create_kmalloc_caches")
    for i, s in enumerate(k.kmalloc_caches):
        if s is not None:
            name = f"dma-kmalloc-{kmalloc_size(i)}"
            if not kasprintf(k, GFP_NOWAIT, name):
                k.bug("create_kmalloc_caches")
            k.kmalloc_dma_caches[i] = create_kmalloc_cache(k, name, kmalloc_size(i), SLAB_CACHE_DMA | flags)


@kfunc
def kmalloc_order(k: Kernel, size: int, flags: int, order: int) -> int:
    """Allocate whole pages, as one compound page that remembers its order."""
    pfn = alloc_kmem_pages(k, flags | __GFP_COMP, order)
    return __va(pfn << PAGE_SHIFT) if pfn else 0


@kfunc
def kmalloc_order_trace(k: Kernel, size: int, flags: int, order: int) -> int:
    """kmalloc_order() for a kmalloc() above what the caches hold."""
    return int(kmalloc_order(k, size, flags, order))


def _grow(k: Kernel, p: int, new_size: int, flags: int) -> int:
    """The same memory where it is large enough, new memory otherwise."""
    if p and ksize(k, p) >= new_size:
        return p
    return int(__kmalloc_track_caller(k, new_size, flags))


@kfunc
def __krealloc(k: Kernel, p: int, new_size: int, flags: int) -> int:
    """krealloc() that leaves the old memory to the caller."""
    return _grow(k, p, new_size, flags) if new_size else ZERO_SIZE_PTR


@kfunc
def krealloc(k: Kernel, p: int, new_size: int, flags: int) -> int:
    """Memory of at least `new_size` bytes in place of `p`; it never shrinks. 0 on failure."""
    if not new_size:
        kfree(k, p)
        return ZERO_SIZE_PTR
    ret = _grow(k, p, new_size, flags)
    if ret and p != ret:
        kfree(k, p)
    return ret


@kfunc
def kzfree(k: Kernel, p: int) -> None:
    """Clear memory and free it."""
    if p > ZERO_SIZE_PTR:
        ksize(k, p)
        kfree(k, p)
