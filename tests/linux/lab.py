"""Allocator calls recorded one by one on a stopped kernel, made again on a simulated one.

The recorded kernel was stopped after setup_per_cpu_pageset(); the simulated one boots to there. The state is
compared in the schema of the records: `initial`, and a JSON merge patch (RFC 7386) for every call.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kmmdoc.linux import debugger
from kmmdoc.linux.arch.x86.kernel.head64 import x86_64_start_kernel
from kmmdoc.linux.include.linux.mmzone import zone
from kmmdoc.linux.include.linux.slub_def import KmemCache, KmemCacheCpu, SlabPage
from kmmdoc.linux.kernel import Kernel
from kmmdoc.linux.kfunc import symbols
from kmmdoc.linux.link import link
from kmmdoc.linux.mm.vmalloc.areas import VMALLOC_END, VMALLOC_START
from kmmdoc.linux.readers.pcpu import read as read_pcpu
from kmmdoc.machines.recorded import load_recorded

Json = dict[str, Any]
ACCESSED_DIRTY = 0x60
"""Bits of a page table entry that the records show and the simulator leaves out."""
NO_NODE = "0xffffffffffffffff"
DATA = Path(__file__).parents[1] / "data"


class Stopped(Exception):
    """The simulated kernel has reached the place where the recorded one stood."""


def boot(machine: str, *, snapshots: bool = False) -> Kernel:
    """Boot the recorded machine up to the return of setup_per_cpu_pageset(); with `snapshots`, keep them."""
    link()
    k = Kernel(load_recorded(DATA / "truth" / machine))
    if snapshots:
        debugger.attach(k)
    snapshot = k.stop
    k.stops_after["setup_per_cpu_pageset"] = "after_setup_per_cpu_pageset"

    def stop(stage: str) -> None:
        snapshot(stage)
        if stage == "after_setup_per_cpu_pageset":
            raise Stopped

    k.stop = stop
    try:
        x86_64_start_kernel(k)
    except Stopped:
        k.stop = lambda stage: None
    return k


def runs(numbers: list[int]) -> list[list[int]]:
    """Numbers in list order as [first, last] of stretches that go up by one.

    >>> runs([3, 4, 5, 1, 9, 8])
    [[3, 5], [1, 1], [9, 9], [8, 8]]
    """
    result: list[list[int]] = []
    for n in numbers:
        if result and result[-1][1] == n - 1:
            result[-1][1] = n
        else:
            result.append([n, n])
    return result


def read_zone(z: zone) -> Json:
    """What the records keep of a zone, as far as it changes."""
    pset = z.pageset[0]
    return {
        "nr_free": [area.nr_free for area in z.free_area],
        "free": {
            f"{order}/{kind}": list(blocks)
            for order, area in enumerate(z.free_area)
            for kind, blocks in enumerate(area.free_list)
            if len(blocks)
        },
        "vm_stat": {name: n for name, n in z.vm_stat.items() if n},
        "pcp0": {"count": pset.pcp.count, "lists": [list(pages) for pages in pset.pcp.lists]},
    }


def _free(page: SlabPage, first: int) -> list[list[int]]:
    return runs([page.index(obj) for obj in page.chain(first)])


def _cpu(c: KmemCacheCpu) -> Json:
    return {
        "tid": c.tid,
        "page": c.page.pfn if c.page is not None else 0,
        "freelist": hex(c.freelist) if c.freelist else 0,
        "partial": [[page.pfn, page.pages, page.pobjects] for page in c.partials()],
        "free": _free(c.page, c.freelist) if c.page is not None else [],
    }


def read_cache(s: KmemCache) -> Json:
    """What the records keep of a cache."""
    return {
        "ptr": hex(s.address),
        "size": s.size,
        "object_size": s.object_size,
        "inuse": s.inuse,
        "refcount": s.refcount,
        "nodes": {
            str(nid): {
                "nr_partial": n.nr_partial,
                "nr_slabs": n.nr_slabs,
                "total_objects": n.total_objects,
                "partial": [page.pfn for page in n.partial],
            }
            for nid, n in s.node.items()
        },
        "cpu0": _cpu(s.cpus[0]),
    }


def read_slab(page: SlabPage) -> Json:
    """What the records keep of a slab."""
    return {
        "cache": page.slab_cache.name,
        "inuse": page.inuse,
        "objects": page.objects,
        "frozen": int(page.frozen),
        "order": page.order,
        "free": _free(page, page.freelist),
    }


def read_vmalloc(k: Kernel) -> Json:
    """What the records keep of the vmalloc space, without the shape of its tree."""
    areas = {}
    for va in k.vmap_area_list:
        data: Json = {"ptr": hex(va.address), "va_end": hex(va.va_end), "flags": va.flags}
        if va.vm is not None:
            data["vm"] = {
                "ptr": hex(va.vm.address),
                "addr": hex(va.vm.addr),
                "size": hex(va.vm.size),
                "flags": hex(va.vm.flags),
                "nr_pages": va.vm.nr_pages,
            }
            if va.vm.pages:
                data["vm"]["pages_ptr"] = hex(va.vm.pages_ptr)
        mapped = [leaf for leaf in k.init_pgt.leaves() if va.va_start <= leaf.va < va.va_end]
        data["mapped"] = [
            [hex(leaf.va), hex(leaf.pa), leaf.nr, leaf.level, hex(leaf.flags | ACCESSED_DIRTY)]
            for leaf in mapped
        ]
        areas[hex(va.va_start)] = data
    cache = k.free_vmap_cache
    return {
        "areas": areas,
        "order": [hex(va.va_start) for va in k.vmap_area_list],
        "cached_hole_size": hex(k.cached_hole_size),
        "cached_vstart": hex(k.cached_vstart),
        "cached_align": hex(k.cached_align),
        "free_vmap_cache": hex(cache.va_start) if cache is not None else 0,
        "vmap_lazy_nr": k.vmap_lazy_nr,
        "pt_pages": [
            [phys >> 12, level, hex(va)]
            for phys, level, va, _ in k.init_pgt.tables()
            if VMALLOC_START <= va < VMALLOC_END
        ],
    }


def read(k: Kernel) -> Json:
    """The state of `k`, as far as it is compared."""
    return {
        "zones": {
            f"{nid}/{z.name}": read_zone(z)
            for nid, pgdat in k.node_data.items()
            for z in pgdat.node_zones
            if z.present_pages
        },
        "vm_stat": {name: n for name, n in k.vm_stat.items() if n},
        "slub": {
            "caches": {s.name: read_cache(s) for s in k.slab_caches},
            "slab_pages": {str(page.pfn): read_slab(page) for page in k.slab_pages.values()},
        },
        "vmalloc": read_vmalloc(k),
        "pcpu": read_pcpu(k),
    }


def merge(state: Any, patch: Any) -> Any:
    """Apply a JSON merge patch: objects merge, null removes, everything else replaces."""
    if not isinstance(patch, dict):
        return patch
    result = dict(state) if isinstance(state, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge(result.get(key), value)
    return result


def differences(wanted: Any, got: Any, path: str = "") -> Iterator[str]:
    """Where `got` has another value than `wanted`: of things with names of their own (free lists, counters,
    caches, areas) every one of either, of slabs those that the record has, of fields those that both have.
    """
    if isinstance(wanted, dict) and isinstance(got, dict):
        kind = path.rsplit(".", 1)[-1]
        if kind in ("free", "vm_stat", "caches", "areas", "nodes"):
            keys = wanted.keys() | got.keys()
        else:
            keys = wanted.keys() if kind == "slab_pages" else wanted.keys() & got.keys()
        for key in sorted(keys):
            yield from differences(wanted.get(key), got.get(key), f"{path}.{key}")
    elif wanted != got:
        yield f"{path[1:]}: recorded {str(wanted)[:120]}, simulated {str(got)[:120]}"


def load(name: str) -> Json:
    """The record of a sequence."""
    data: Json = json.loads((DATA / "lab-objects" / f"{name}.json").read_text())
    return data


def call(k: Kernel, step: Json, arrays: dict[int, int]) -> int:
    """Make the recorded call: its result, 0 where it has none.

    Caches are passed by their address, names and constructors by an address that stands for them. `arrays`
    holds what lies at an address of an array of pages.
    """
    name = step["call"]
    args: list[Any] = [-1 if arg == NO_NODE else int(arg, 16) for arg in step["args"]]
    if name == "kmem_cache_create":
        s = symbols[name](k, step["name"], *args[1:4], "ctor" if args[4] else None)
        return int(s.address)
    if name.startswith("kmem_cache_"):
        args[0] = next(s for s in k.slab_caches if s.address == args[0])
    if name in ("vm_map_ram", "vmap"):
        pages = [arrays[args[0] + 8 * i] for i in range(args[1])]
        return int(symbols[name](k, pages, *args[2:]))
    result = symbols[name](k, *args)
    return int(getattr(result, "address", result) or 0)


def page_arrays(record: Json) -> dict[int, int]:
    """The arrays that the caller of vm_map_ram() and vmap() kept: eight pages, and those of a block."""
    if record["sequence"] != "vmap-ram":
        return {}
    pfns = [step["pfn"] for step in record["steps"][:9]]
    base = 0xFFFF_FFFF_81F9_00C0
    arrays = {base + 8 * i: pfn for i, pfn in enumerate(pfns[:8])}
    return arrays | {base + 512 + 8 * i: pfns[8] + i for i in range(128)}


def replay(k: Kernel, record: Json) -> Iterator[tuple[int, list[str]]]:
    """Make every call of `record`: the number of each that differs in result or state, with what differs.

    Number -1 is the state before the first call. Only sections that the record has are compared.
    """
    state = record["initial"]
    found = list(differences(state, read(k)))
    if found:
        yield -1, found
    arrays = page_arrays(record)
    for step in record["steps"]:
        state = merge(state, step["changed"])
        result = call(k, step, arrays)
        found = list(differences(state, read(k)))
        if "ret" in step and int(step["ret"], 16) != result:
            found.insert(0, f"ret: recorded {step['ret']}, simulated {result:#x}")
        k.events.clear()
        if found:
            yield step["i"], found
