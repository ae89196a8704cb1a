"""Pages of structures: the layout in this build, cache lines, and values that a run left."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kmmdoc.model.run import Run
from kmmdoc.model.scenario import Struct
from kmmdoc.model.snapshot import Snapshot

CACHE_LINE = 64
"""Bytes of a cache line (and alignment of ____cacheline_aligned) on x86-64."""


@dataclass(frozen=True, slots=True)
class Member:
    """A row of the layout: a member, or `padding` bytes where the compiler left a hole."""

    name: str
    type: str
    offset: int
    size: int
    padding: bool = False
    value: str = ""

    @property
    def line(self) -> int:
        """The cache line in which it begins."""
        return self.offset // CACHE_LINE


def members(struct: Struct, values: Mapping[str, Any] | None = None) -> Iterator[Member]:
    """The members in order of offset, holes among them; `values` by member name are shown beside."""
    at = 0
    for field in sorted(struct.fields, key=lambda f: (f.offset, f.size)):
        if field.offset > at:
            yield Member("", "", at, field.offset - at, padding=True)
        shown = _value(values[field.name]) if values and field.name in values else ""
        yield Member(field.name, field.type, field.offset, field.size, value=shown)
        at = max(at, field.offset + field.size)
    if at < struct.size and struct.fields:
        yield Member("", "", at, struct.size - at, padding=True)


def _value(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        if len(value) > 12 or any(isinstance(v, (list, dict)) for v in value):
            return ""
        return ", ".join(_value(v) for v in value)
    return "" if isinstance(value, dict) or value is None else str(value)


def _zone(s: Snapshot) -> Any:
    zones = [z for n in s["nodes"] for z in n["zones"] if z["present_pages"]]
    return max(zones, key=lambda z: z["present_pages"])


_INSTANCES: dict[str, tuple[str, str, Callable[[Snapshot], Any]]] = {
    "zone": ("nodes", "largest-zone", _zone),
    "pglist_data": ("nodes", "node-0", lambda s: s["nodes"][0]),
    "memblock": ("memblock", "memblock", lambda s: s["memblock"]),
    "memblock_type": ("memblock", "memblock-memory", lambda s: s["memblock"]["memory"]),
    "pcpu_chunk": ("pcpu", "first-chunk", lambda s: s["pcpu"]["first_chunk"]),
    "kmem_cache": ("slub", "first-cache", lambda s: s["slub"]["caches"][0]),
    "vmap_area": ("vmalloc", "first-area", lambda s: s["vmalloc"]["vmap_area_list"][0]),
    "vm_struct": ("vmalloc", "first-area-vm", lambda s: s["vmalloc"]["vmap_area_list"][0]["vm"]),
    "per_cpu_pages": ("nodes", "largest-zone-cpu", lambda s: _zone(s)["percpu"][0]),
    "mem_section": ("sections", "section-0", lambda s: s["sections"]["sections"][0]),
}
"""Structure -> (section that has one, the key of the word for which it is, how to get it)."""


@dataclass(frozen=True, slots=True)
class Instance:
    """One structure of a run: which (the word `struct.WHICH`), at which stage, its members by name."""

    which: str
    stage: str
    values: Mapping[str, Any]


def instance(run: Run, struct: str) -> Instance | None:
    """A structure of that type at the last stage that has one."""
    if struct not in _INSTANCES:
        return None
    section, which, get = _INSTANCES[struct]
    for stage in reversed(run.snapshots):
        snapshot = run.snapshots[stage]
        if section in snapshot:
            try:
                found = get(snapshot)
            except (IndexError, KeyError, TypeError, ValueError):
                continue
            if found:
                return Instance(which, stage, found)
    return None
