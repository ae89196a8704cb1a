"""Per-cpu areas: how they are laid out, and the chunks that dynamic per-cpu memory is handed out from."""

from __future__ import annotations

from kmmdoc.linux.include.linux.vmalloc import vm_struct

KFILE = "include/linux/percpu.h"

PERCPU_MODULE_RESERVE = 8 << 10
"""Bytes of the first chunk kept for the static per-cpu variables of modules."""
PERCPU_DYNAMIC_EARLY_SLOTS = 128
"""Entries of the area maps that the first chunks have until slab is up."""
PERCPU_DYNAMIC_EARLY_SIZE = 12 << 10
PERCPU_DYNAMIC_RESERVE = 28 << 10
"""Bytes for dynamic allocations in the first chunk of a 64-bit kernel."""
PCPU_MIN_UNIT_SIZE = 32 << 10


class PcpuGroupInfo:
    """CPUs that lie close together and share an allocation.

    `cpu_map` gives the CPU of each of the `nr_units` units, NR_CPUS where the unit is not used;
    `base_offset` is in bytes from the lowest group.
    """

    __slots__ = ("base_offset", "cpu_map", "nr_units")

    def __init__(self) -> None:
        self.nr_units = 0
        self.base_offset = 0
        self.cpu_map: list[int] = []


class PcpuAllocInfo:
    """The layout of the first chunk; sizes in bytes. The structure itself lies at `address` (virtual)."""

    __slots__ = (
        "address",
        "ai_size",
        "alloc_size",
        "atom_size",
        "dyn_size",
        "groups",
        "reserved_size",
        "static_size",
        "unit_size",
    )

    def __init__(self, address: int, ai_size: int, nr_groups: int) -> None:
        self.address = address
        self.ai_size = ai_size
        self.groups = [PcpuGroupInfo() for _ in range(nr_groups)]
        self.static_size = self.reserved_size = self.dyn_size = 0
        self.unit_size = self.atom_size = self.alloc_size = 0

    @property
    def nr_groups(self) -> int:
        """Number of groups."""
        return len(self.groups)


class PcpuChunk:
    """One chunk of per-cpu memory: a unit for every CPU, with one map of what is used in all of them.

    `map` holds offsets in ascending order, each the start of an area up to the next offset; bit 0 is set
    where the area is in use. Entry `map_used` is the end of the chunk. `populated` is a bitmap of the
    unit's pages that have memory behind them, `data` the areas of a chunk in the vmalloc space. `address`
    and `map_ptr` are where the structure and its map lie (virtual).
    """

    __slots__ = (
        "address",
        "base_addr",
        "contig_hint",
        "data",
        "first_free",
        "free_size",
        "immutable",
        "map",
        "map_alloc",
        "map_ptr",
        "nr_populated",
        "populated",
    )

    def __init__(self, address: int, base_addr: int) -> None:
        self.address = address
        self.base_addr = base_addr
        self.free_size = self.contig_hint = 0
        self.map: list[int] = []
        self.map_alloc = 0
        self.map_ptr = 0
        self.first_free = 0
        self.immutable = False
        self.nr_populated = 0
        self.populated = 0
        self.data: list[vm_struct] = []

    @property
    def map_used(self) -> int:
        """Number of areas of the map."""
        return len(self.map) - 1
