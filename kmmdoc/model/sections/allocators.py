"""The per-cpu allocator, SLUB, vmalloc and the resource tree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from kmmdoc.model.sections.base import number
from kmmdoc.model.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Chunk:
    """struct pcpu_chunk: the free bytes, and its allocation map as stretches (offset, bytes, in use)."""

    free_size: int
    base: int
    areas: tuple[tuple[int, int, bool], ...]


@dataclass(frozen=True, slots=True)
class PerCpu:
    """The first chunk of the per-cpu allocator; sizes in bytes of one unit."""

    unit_size: int
    nr_units: int
    atom_size: int
    base: int
    static: int
    reserved_end: int
    unit_offsets: tuple[int, ...]
    first: Chunk | None
    reserved: Chunk | None

    @property
    def dynamic_end(self) -> int:
        """Offset in a unit where the dynamic part of the first chunk ends."""
        return self.first.areas[-1][0] + self.first.areas[-1][1] if self.first and self.first.areas else 0


def _chunk(raw: Mapping[str, Any] | None) -> Chunk | None:
    if not raw:
        return None
    marks = list(raw["map"])
    areas = tuple((a & ~1, (b & ~1) - (a & ~1), bool(a & 1)) for a, b in pairwise(marks))
    return Chunk(raw["free_size"], number(raw["base_addr"]), areas)


def per_cpu(snapshot: Snapshot) -> PerCpu:
    """The per-cpu allocator's first chunk and units."""
    raw = snapshot["pcpu"]
    return PerCpu(
        raw["pcpu_unit_size"],
        raw["pcpu_nr_units"],
        raw["pcpu_atom_size"],
        number(raw["pcpu_base_addr"]),
        number(raw["__per_cpu_end"]) - number(raw["__per_cpu_start"]),
        raw["pcpu_reserved_chunk_limit"],
        tuple(number(v) for v in raw["unit_offsets"]),
        _chunk(raw.get("first_chunk")),
        _chunk(raw.get("reserved_chunk")),
    )


@dataclass(frozen=True, slots=True)
class CacheNode:
    """struct kmem_cache_node."""

    nid: int
    address: int
    nr_partial: int
    nr_slabs: int
    objects: int


@dataclass(frozen=True, slots=True)
class CpuSlab:
    """struct kmem_cache_cpu of one CPU: the next free object and the slab it allocates from."""

    cpu: int
    freelist: int
    page: int
    partial: int


@dataclass(frozen=True, slots=True)
class Cache:
    """struct kmem_cache: sizes in bytes; a slab is 2^order pages that hold `objects` objects."""

    name: str
    address: int
    size: int
    object_size: int
    align: int
    order: int
    objects: int
    min_partial: int
    cpu_partial: int
    refcount: int
    nodes: tuple[CacheNode, ...]
    cpus: tuple[CpuSlab, ...]


@dataclass(frozen=True, slots=True)
class Slub:
    """The slab allocator: its state, its caches in the order of the kernel's list, the kmalloc tables."""

    state: int
    caches: tuple[Cache, ...]
    kmalloc: tuple[tuple[int, str], ...]

    def cache(self, name: str) -> Cache | None:
        return next((c for c in self.caches if c.name == name), None)


def slub(snapshot: Snapshot) -> Slub:
    """The state of SLUB."""
    raw = snapshot["slub"]
    return Slub(
        raw["slab_state"],
        tuple(_cache(c) for c in raw["caches"]),
        tuple((row[0], row[2]) for row in raw.get("kmalloc_caches", ())),
    )


def _cache(raw: Mapping[str, Any]) -> Cache:
    cpus = (c for c in raw.get("cpu", ()) if isinstance(c, list) and len(c) >= 5)
    return Cache(
        raw["name"],
        number(raw["ptr"]),
        raw["size"],
        raw["object_size"],
        raw["align"],
        raw["oo"][0],
        raw["oo"][1],
        raw["min_partial"],
        raw["cpu_partial"],
        raw["refcount"],
        tuple(
            CacheNode(n["nid"], number(n["ptr"]), n["nr_partial"], n["nr_slabs"], n["total_objects"])
            for n in raw["nodes"]
        ),
        tuple(CpuSlab(c[0], number(c[1]), number(c[3]), number(c[4])) for c in cpus),
    )


@dataclass(frozen=True, slots=True)
class VmapArea:
    """A range of the vmalloc area in use; `caller` is who asked, `pages` how many page frames back it."""

    start: int
    end: int
    flags: int
    caller: str
    pages: int
    phys: int


def vmap_areas(snapshot: Snapshot) -> tuple[VmapArea, ...]:
    """The areas in use, by address."""
    result = []
    for raw in snapshot["vmalloc"]["vmap_area_list"]:
        vm = raw.get("vm") or {}
        result.append(
            VmapArea(
                number(raw["va_start"]),
                number(raw["va_end"]),
                number(vm.get("flags", 0)),
                str(vm.get("caller") or ""),
                vm.get("nr_pages", 0),
                number(vm.get("phys_addr", 0)),
            )
        )
    return tuple(result)


@dataclass(frozen=True, slots=True)
class Resource:
    """A node of the resource tree: both ends included, as the kernel stores them."""

    depth: int
    start: int
    end: int
    name: str


def resources(snapshot: Snapshot) -> tuple[Resource, ...]:
    """iomem_resource and everything below it, in order."""
    return tuple(Resource(r[0], number(r[1]), number(r[2]), r[3]) for r in snapshot["iomem"])
