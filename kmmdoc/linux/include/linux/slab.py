"""What every user of the slab allocators sees: cache flags, the sizes of kmalloc, the inline entry points.

kmalloc() and kmalloc_node() here are the kernel's for a size known at compile time: the cache is chosen
by the compiler and the call goes to kmem_cache_alloc_trace(). A size that is computed goes through
__kmalloc() of mm/slub.c, which callers of such sizes call themselves, as the compiler makes them do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kmmdoc.linux.include.linux.gfp import __GFP_ZERO, GFP_DMA
from kmmdoc.linux.kfunc import extern, kfunc
from kmmdoc.linux.state import Kernel

if TYPE_CHECKING:
    from kmmdoc.linux.include.linux.slub_def import KmemCache

KFILE = "include/linux/slab.h"

SLAB_DEBUG_FREE = 0x100
SLAB_RED_ZONE = 0x400
SLAB_POISON = 0x800
SLAB_HWCACHE_ALIGN = 0x2000
SLAB_CACHE_DMA = 0x4000
SLAB_STORE_USER = 0x1_0000
SLAB_RECLAIM_ACCOUNT = 0x2_0000
SLAB_TEMPORARY = SLAB_RECLAIM_ACCOUNT
SLAB_PANIC = 0x4_0000
SLAB_DESTROY_BY_RCU = 0x8_0000
SLAB_MEM_SPREAD = 0x10_0000
SLAB_TRACE = 0x20_0000
SLAB_DEBUG_OBJECTS = 0  # CONFIG_DEBUG_OBJECTS
SLAB_NOLEAKTRACE = 0x80_0000
SLAB_NOTRACK = 0  # CONFIG_KMEMCHECK
SLAB_FAILSLAB = 0  # CONFIG_FAILSLAB

ZERO_SIZE_PTR = 16
"""What an allocation of no bytes returns."""

PAGE_SHIFT = 12
MAX_ORDER = 11
KMALLOC_SHIFT_LOW = 3
KMALLOC_SHIFT_HIGH = PAGE_SHIFT + 1
KMALLOC_MAX_SIZE = 1 << (MAX_ORDER + PAGE_SHIFT)
KMALLOC_MAX_CACHE_SIZE = 1 << KMALLOC_SHIFT_HIGH
KMALLOC_MIN_SIZE = 1 << KMALLOC_SHIFT_LOW
ARCH_KMALLOC_MINALIGN = 8
ARCH_SLAB_MINALIGN = 8

kmem_cache_alloc = extern("kmem_cache_alloc")
kmem_cache_alloc_trace = extern("kmem_cache_alloc_trace")
kmem_cache_alloc_node_trace = extern("kmem_cache_alloc_node_trace")
kmalloc_order_trace = extern("kmalloc_order_trace")
__kmalloc = extern("__kmalloc")
__kmalloc_node = extern("__kmalloc_node")


def get_order(size: int) -> int:
    """The page order that holds `size` bytes; 52 (the order of all of the address space) for none.

    >>> get_order(1), get_order(4096), get_order(4097)
    (0, 0, 1)
    """
    return (size - 1 >> PAGE_SHIFT).bit_length() if size else 64 - PAGE_SHIFT


def kmalloc_index(size: int) -> int:
    """The index in kmalloc_caches of the cache that serves `size` bytes, 0 for none.

    >>> kmalloc_index(8), kmalloc_index(96), kmalloc_index(97), kmalloc_index(192), kmalloc_index(4096)
    (3, 1, 7, 2, 12)
    """
    if size == 0:
        return 0
    if 64 < size <= 96:
        return 1
    if 128 < size <= 192:
        return 2
    return max((size - 1).bit_length(), KMALLOC_SHIFT_LOW)


def kmalloc_size(index: int) -> int:
    """Bytes of the objects of kmalloc_caches[index], 0 for an index that has none.

    >>> [kmalloc_size(i) for i in (0, 1, 2, 3, 13)]
    [0, 96, 192, 8, 8192]
    """
    if index >= KMALLOC_SHIFT_LOW:
        return 1 << index
    return {1: 96, 2: 192}.get(index, 0)


@kfunc
def kmem_cache_zalloc(k: Kernel, s: KmemCache, flags: int) -> int:
    """Allocate a zeroed object of `s`: its address, 0 on failure."""
    return int(kmem_cache_alloc(k, s, flags | __GFP_ZERO))


@kfunc
def kmalloc(k: Kernel, size: int, flags: int) -> int:
    """Allocate `size` bytes (a constant in the kernel's source): their address, 0 on failure."""
    if size > KMALLOC_MAX_CACHE_SIZE:
        return int(kmalloc_order_trace(k, size, flags, get_order(size)))
    if flags & GFP_DMA:
        return int(__kmalloc(k, size, flags))
    index = kmalloc_index(size)
    if not index:
        return ZERO_SIZE_PTR
    return int(kmem_cache_alloc_trace(k, k.kmalloc_caches[index], flags, size))


@kfunc
def kmalloc_node(k: Kernel, size: int, flags: int, node: int) -> int:
    """Allocate `size` bytes (a constant) on memory node `node` if it can be, -1 for anywhere."""
    if size > KMALLOC_MAX_CACHE_SIZE or flags & GFP_DMA:
        return int(__kmalloc_node(k, size, flags, node))
    index = kmalloc_index(size)
    if not index:
        return ZERO_SIZE_PTR
    return int(kmem_cache_alloc_node_trace(k, k.kmalloc_caches[index], flags, node, size))


@kfunc
def kzalloc(k: Kernel, size: int, flags: int) -> int:
    """kmalloc() of zeroed bytes."""
    return int(kmalloc(k, size, flags | __GFP_ZERO))


@kfunc
def kzalloc_node(k: Kernel, size: int, flags: int, node: int) -> int:
    """kmalloc_node() of zeroed bytes."""
    return int(kmalloc_node(k, size, flags | __GFP_ZERO, node))


@kfunc
def kcalloc(k: Kernel, n: int, size: int, flags: int) -> int:
    """Allocate a zeroed array of `n` elements of `size` bytes; the length is computed, not a constant."""
    return int(__kmalloc(k, n * size, flags | __GFP_ZERO))


def zero_or_null(pointer: Any) -> bool:
    """ZERO_OR_NULL_PTR: is `pointer` NULL or the pointer to no bytes?"""
    return isinstance(pointer, int) and pointer <= ZERO_SIZE_PTR
