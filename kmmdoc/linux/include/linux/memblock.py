"""include/linux/memblock.h: the two lists of regions that describe memory before the page allocator runs."""

from __future__ import annotations

INIT_MEMBLOCK_REGIONS = 128
MEMBLOCK_HOTPLUG = 0x1
MEMBLOCK_ALLOC_ANYWHERE = 0xFFFF_FFFF_FFFF_FFFF
MEMBLOCK_ALLOC_ACCESSIBLE = 0
ULLONG_MAX = 0xFFFF_FFFF_FFFF_FFFF

NUMA_NO_NODE = -1
MAX_NUMNODES = 64  # 1 << CONFIG_NODES_SHIFT of x86-64


class memblock_region:
    """Bytes `[base, base + size)` of node `nid` (MAX_NUMNODES: none)."""

    __slots__ = ("base", "flags", "nid", "size")

    def __init__(self, base: int = 0, size: int = 0, nid: int = 0, flags: int = 0) -> None:
        self.base = base
        self.size = size
        self.nid = nid
        self.flags = flags

    @property
    def end(self) -> int:
        """First byte after the region."""
        return self.base + self.size

    def __repr__(self) -> str:
        return f"[{self.base:#x}-{self.base + self.size:#x})@{self.nid}"


class memblock_type:
    """One sorted list of regions that do not overlap; empty, it keeps one region of size 0.

    `max` is the length of the array that the kernel has for it and `array` that array's physical
    address, None while it is the static one of the image. `regions` holds the `cnt` entries in use.
    """

    __slots__ = ("array", "max", "name", "regions", "total_size")

    def __init__(self, name: str) -> None:
        self.name = name
        self.regions = [memblock_region()]
        self.max = INIT_MEMBLOCK_REGIONS
        self.total_size = 0
        self.array: int | None = None

    @property
    def cnt(self) -> int:
        """Number of regions in use; never below 1."""
        return len(self.regions)

    def __repr__(self) -> str:
        return f"memblock.{self.name}"


class memblock:
    """All memory, what of it is taken, and below which address allocations must stay."""

    __slots__ = ("bottom_up", "current_limit", "memory", "reserved")

    def __init__(self) -> None:
        self.bottom_up = False
        self.current_limit = MEMBLOCK_ALLOC_ANYWHERE
        self.memory = memblock_type("memory")
        self.reserved = memblock_type("reserved")


def memblock_is_hotpluggable(r: memblock_region) -> bool:
    """May the memory of `r` be taken out while the system runs?"""
    return bool(r.flags & MEMBLOCK_HOTPLUG)


def memblock_region_memory_base_pfn(r: memblock_region) -> int:
    """First whole page frame of `r`."""
    return ((r.base + 4095) & ULLONG_MAX) >> 12


def memblock_region_memory_end_pfn(r: memblock_region) -> int:
    """Page frame after the last whole one of `r`."""
    return (r.base + r.size) >> 12
