"""Section `slub`: every cache with its slabs per node and per CPU, and kmalloc's tables."""

from __future__ import annotations

from typing import Any

from kmmdoc.linux.debugger import section
from kmmdoc.linux.include.linux.slub_def import KmemCache, KmemCacheCpu, KmemCacheNode, SlabPage
from kmmdoc.linux.state import Kernel

VMEMMAP_START = 0xFFFF_EA00_0000_0000


def _cpu(cpu: int, c: KmemCacheCpu, sizeof_page: int) -> list[Any]:
    def page(slab: SlabPage | None) -> str:
        return hex(VMEMMAP_START + slab.pfn * sizeof_page if slab is not None else 0)

    return [cpu, hex(c.freelist), hex(c.tid), page(c.page), page(c.partial)]


def _node(nid: int, n: KmemCacheNode) -> dict[str, Any]:
    data: dict[str, Any] = {
        "nid": nid,
        "ptr": hex(n.address),
        "nr_partial": n.nr_partial,
        "nr_slabs": n.nr_slabs,
        "total_objects": n.total_objects,
    }
    if n.partial:
        data["partial_pfns"] = [page.pfn for page in n.partial]
    return data


def _cache(s: KmemCache, sizeof_page: int) -> dict[str, Any]:
    return {
        "ptr": hex(s.address),
        "name": s.name,
        "min_partial": s.min_partial,
        "size": s.size,
        "object_size": s.object_size,
        "offset": s.offset,
        "cpu_partial": s.cpu_partial,
        "refcount": s.refcount,
        "inuse": s.inuse,
        "align": s.align,
        "reserved": s.reserved,
        "remote_node_defrag_ratio": s.remote_node_defrag_ratio,
        "flags": hex(s.flags),
        "allocflags": hex(s.allocflags),
        "ctor": None if s.ctor is None else f"{s.ctor}+0x0",
        "oo": list(s.oo),
        "max": list(s.max),
        "min": list(s.min),
        "nodes": [_node(nid, n) for nid, n in sorted(s.node.items())],
        "cpu_slab": hex(s.cpu_slab),
        "cpu": [
            _cpu(cpu, c, sizeof_page)
            for cpu, c in s.cpus.items()
            if c.page is not None or c.partial is not None
        ],
    }


def _table(caches: list[KmemCache | None]) -> list[list[Any]]:
    return [[i, hex(s.address), s.name] for i, s in enumerate(caches) if s is not None]


@section("slub")
def read(k: Kernel) -> dict[str, Any]:
    """{slab_state, kmem_cache, kmem_cache_node, caches in list order, kmalloc tables, size_index}.

    `cpu` of a cache lists [cpu, first free object, tid, slab's struct page, first partial slab's] of the CPUs
    that have a slab.
    """
    sizeof_page = k.build.sizeof("page")
    return {
        "slab_state": k.slab_state,
        "kmem_cache": hex(k.kmem_cache.address),
        "kmem_cache_node": hex(k.kmem_cache_node.address),
        "caches": [_cache(s, sizeof_page) for s in k.slab_caches],
        "kmalloc_caches": _table(k.kmalloc_caches),
        "kmalloc_dma_caches": _table(k.kmalloc_dma_caches),
        "size_index": list(k.size_index),
    }
