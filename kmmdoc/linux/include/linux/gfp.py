"""What an allocation asks of the page allocator: the bits of gfp_t and the sets of them that callers use."""

from __future__ import annotations

__GFP_DMA = 0x01
__GFP_HIGHMEM = 0x02
__GFP_DMA32 = 0x04
__GFP_MOVABLE = 0x08
__GFP_WAIT = 0x10
__GFP_HIGH = 0x20
__GFP_IO = 0x40
__GFP_FS = 0x80
__GFP_COLD = 0x100
__GFP_NOWARN = 0x200
__GFP_REPEAT = 0x400
__GFP_NOFAIL = 0x800
__GFP_NORETRY = 0x1000
__GFP_MEMALLOC = 0x2000
__GFP_COMP = 0x4000
__GFP_ZERO = 0x8000
__GFP_NOMEMALLOC = 0x1_0000
__GFP_HARDWALL = 0x2_0000
__GFP_THISNODE = 0x4_0000
__GFP_RECLAIMABLE = 0x8_0000
__GFP_NOTRACK = 0x20_0000
__GFP_NO_KSWAPD = 0x40_0000
__GFP_OTHER_NODE = 0x80_0000
__GFP_WRITE = 0x100_0000

__GFP_BITS_MASK = (1 << 25) - 1

GFP_ATOMIC = __GFP_HIGH
GFP_NOWAIT = 0
GFP_NOIO = __GFP_WAIT
GFP_NOFS = GFP_NOIO | __GFP_IO
GFP_KERNEL = GFP_NOFS | __GFP_FS
GFP_USER = GFP_KERNEL | __GFP_HARDWALL
GFP_HIGHUSER = GFP_USER | __GFP_HIGHMEM
GFP_HIGHUSER_MOVABLE = GFP_HIGHUSER | __GFP_MOVABLE
GFP_DMA = __GFP_DMA
GFP_DMA32 = __GFP_DMA32
GFP_THISNODE = __GFP_NOWARN | __GFP_NORETRY | __GFP_THISNODE

GFP_ZONEMASK = 0x0F
"""The bits that choose the zone to start in."""

GFP_MOVABLE_MASK = __GFP_MOVABLE | __GFP_RECLAIMABLE
"""The bits that choose the migratetype."""

GFP_RECLAIM_MASK = (
    GFP_KERNEL
    | GFP_ATOMIC
    | (__GFP_NOWARN | __GFP_REPEAT | __GFP_NOFAIL | __GFP_NORETRY)
    | (__GFP_MEMALLOC | __GFP_NOMEMALLOC)
)
"""The bits that say how far the page allocator may go."""

GFP_CONSTRAINT_MASK = __GFP_THISNODE | __GFP_HARDWALL
"""The bits that say where it may look."""

GFP_BOOT_MASK = __GFP_BITS_MASK ^ GFP_KERNEL
"""What of a mask holds while interrupts are off: nothing may wait, start I/O or enter a file system."""

GFP_SLAB_BUG_MASK = ~(__GFP_BITS_MASK ^ __GFP_DMA32 ^ __GFP_HIGHMEM)
"""What a slab allocation may not ask for: DMA32, high memory, bits that mean nothing."""


def gfp_zone(flags: int) -> int:
    """The highest zone that may serve `flags`: ZONE_DMA 0, ZONE_DMA32 1, ZONE_NORMAL 2, ZONE_MOVABLE 3.

    There is no high memory on 64 bits, so __GFP_HIGHMEM alone means ZONE_NORMAL. Asking for two zones at
    once is a caller's bug that the kernel does not catch without CONFIG_DEBUG_VM; the lower one counts here.

    >>> gfp_zone(GFP_KERNEL), gfp_zone(GFP_DMA), gfp_zone(GFP_DMA32), gfp_zone(GFP_HIGHUSER_MOVABLE)
    (2, 0, 1, 3)
    """
    if flags & __GFP_DMA:
        return 0
    if flags & __GFP_DMA32:
        return 1
    return 3 if flags & __GFP_HIGHMEM and flags & __GFP_MOVABLE else 2
