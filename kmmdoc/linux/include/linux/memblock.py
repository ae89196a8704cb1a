"""include/linux/memblock.h: the two lists of regions that describe memory before the page allocator runs.

Plain functions here are the header's inline functions; they leave no trace, as inlined code does not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kmmdoc.linux.kernel import Kernel

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


def movable_node_is_enabled(k: Kernel) -> bool:
    """Was movable_node given, in a build with CONFIG_MOVABLE_NODE?"""
    return k.movable_node_enabled


def memblock_set_bottom_up(k: Kernel, enable: bool) -> None:
    """Choose the direction of allocation; without CONFIG_MOVABLE_NODE it is always top-down."""
    if k.build.enabled("MOVABLE_NODE"):
        k.memblock.bottom_up = enable


def memblock_bottom_up(k: Kernel) -> bool:
    """Do allocations start above the kernel image and go up?"""
    return k.memblock.bottom_up


def memblock_region_memory_base_pfn(r: memblock_region) -> int:
    """First whole page frame of `r`."""
    return ((r.base + 4095) & ULLONG_MAX) >> 12


def memblock_region_memory_end_pfn(r: memblock_region) -> int:
    """Page frame after the last whole one of `r`."""
    return (r.base + r.size) >> 12
