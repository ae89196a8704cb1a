"""The sections of a snapshot as typed values: what figures and pages read instead of raw JSON.

Addresses and sizes are in bytes, page frame numbers in frames. Each reader takes a Snapshot and raises
KeyError where the stage does not have the section; `Snapshot.__contains__` tells.
"""

from __future__ import annotations

from kmmdoc.model.sections.allocators import (
    Cache,
    CacheNode,
    Chunk,
    CpuSlab,
    PerCpu,
    Resource,
    Slub,
    VmapArea,
    per_cpu,
    resources,
    slub,
    vmap_areas,
)
from kmmdoc.model.sections.base import number
from kmmdoc.model.sections.early import NO_NODE, Memblock, Region, e820, e820_saved, memblock
from kmmdoc.model.sections.layout import Leaf, PageTable, PageTables, Section, Sparse, page_tables, sparse
from kmmdoc.model.sections.zones import (
    MIGRATE_TYPES,
    Node,
    PageRun,
    Pages,
    Pageset,
    Zone,
    Zonelists,
    ZoneRef,
    nodes,
    pages,
    zonelists,
)

__all__ = [
    "MIGRATE_TYPES",
    "NO_NODE",
    "Cache",
    "CacheNode",
    "Chunk",
    "CpuSlab",
    "Leaf",
    "Memblock",
    "Node",
    "PageRun",
    "PageTable",
    "PageTables",
    "Pages",
    "Pageset",
    "PerCpu",
    "Region",
    "Resource",
    "Section",
    "Slub",
    "Sparse",
    "VmapArea",
    "Zone",
    "ZoneRef",
    "Zonelists",
    "e820",
    "e820_saved",
    "memblock",
    "nodes",
    "number",
    "page_tables",
    "pages",
    "per_cpu",
    "resources",
    "slub",
    "sparse",
    "vmap_areas",
    "zonelists",
]
