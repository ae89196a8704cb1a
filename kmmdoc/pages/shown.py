"""Values of members for readers, as MyST: by their unit, with the names of flags and of what has a name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import groupby
from typing import Any

from kmmdoc.model.quantities import PAGE_SHIFT, size_text
from kmmdoc.model.scenario import KernelBuild
from kmmdoc.model.words import Words
from kmmdoc.pages.texts import plain

MOST = 6
"""Elements, runs of equal ones counted once, that are shown of an array."""

_HEX = {"address", "physical-address", "pointer", "per-cpu-pointer", "page-frame", "bitmap", "flags"}
_DECIMAL = {
    "count",
    "number",
    "index",
    "node",
    "cpu",
    "order",
    "bits",
    "objects",
    "zone",
    "jiffies",
    "counter",
}
_SHIFTS = {"bytes": 0, "kib": 10, "mib": 20, "pages": PAGE_SHIFT}

SLAB_FLAGS = {
    0x100: "SLAB_DEBUG_FREE",
    0x400: "SLAB_RED_ZONE",
    0x800: "SLAB_POISON",
    0x2000: "SLAB_HWCACHE_ALIGN",
    0x4000: "SLAB_CACHE_DMA",
    0x10000: "SLAB_STORE_USER",
    0x20000: "SLAB_RECLAIM_ACCOUNT",
    0x40000: "SLAB_PANIC",
    0x80000: "SLAB_DESTROY_BY_RCU",
    0x100000: "SLAB_MEM_SPREAD",
    0x200000: "SLAB_TRACE",
    0x800000: "SLAB_NOLEAKTRACE",
    0x40000000: "__CMPXCHG_DOUBLE",
    0x80000000: "__OBJECT_POISON",
}
GFP_FLAGS = {0x1: "__GFP_DMA", 0x4000: "__GFP_COMP", 0x80000: "__GFP_RECLAIMABLE"}
"""Those that a cache's allocflags can have."""
VM_FLAGS = {
    0x1: "VM_IOREMAP",
    0x2: "VM_ALLOC",
    0x4: "VM_MAP",
    0x8: "VM_USERMAP",
    0x10: "VM_VPAGES",
    0x20: "VM_UNINITIALIZED",
}
VMAP_FLAGS = {0x1: "VM_LAZY_FREE", 0x2: "VM_LAZY_FREEING", 0x4: "VM_VM_AREA"}
RESOURCE_FLAGS = {
    0x100: "IORESOURCE_IO",
    0x200: "IORESOURCE_MEM",
    0x2000: "IORESOURCE_PREFETCH",
    0x4000: "IORESOURCE_READONLY",
    0x80000000: "IORESOURCE_BUSY",
}
SECTION_FLAGS = {0x1: "SECTION_MARKED_PRESENT", 0x2: "SECTION_HAS_MEM_MAP"}
E820_TYPES = {1: "E820_RAM", 2: "E820_RESERVED", 3: "E820_ACPI", 4: "E820_NVS", 5: "E820_UNUSABLE"}

_FLAGS: Mapping[str, Mapping[int, str]] = {
    "kmem_cache.flags": SLAB_FLAGS,
    "kmem_cache.allocflags": GFP_FLAGS,
    "vm_struct.flags": VM_FLAGS,
    "vmap_area.flags": VMAP_FLAGS,
    "resource.flags": RESOURCE_FLAGS,
    "memblock_region.flags": {0x1: "MEMBLOCK_HOTPLUG"},
    "mem_section.section_mem_map": SECTION_FLAGS,
}
_ENUMS: Mapping[str, Mapping[int, str]] = {
    "e820entry.type": E820_TYPES,
    "memblock_region.nid": {64: "MAX_NUMNODES"},
    "page._mapcount": {-128: "PAGE_BUDDY_MAPCOUNT_VALUE"},
}


class Shower:
    """Shows values of one kernel build in the language of the words."""

    def __init__(self, build: KernelBuild, words: Words) -> None:
        self._words = words
        self._bits: dict[str, Mapping[int, str]] = {
            "zone.flags": {1 << bit: name for name, bit in build.enums["zone_flags"].items()},
            "page.flags": _page_flags(build),
        }
        self._zones = {index: name for name, index in build.enums["zone_type"].items() if name[0] != "_"}
        self._node_shift = 64 - (build.number("NODES_SHIFT") if build.enabled("NUMA") else 0)
        self._zone_shift = self._node_shift - (build.enums["zone_type"]["__MAX_NR_ZONES"] - 1).bit_length()

    def __call__(self, value: Any, unit: str = "", member: str = "") -> str:
        """MyST for a value; `member` is STRUCT.MEMBER where its flags may have names."""
        if value is None:
            return "–"
        if isinstance(value, Mapping):
            items = [f"{plain(str(key))} {self(item, unit, member)}" for key, item in value.items()]
            return _shortened(items) or "–"
        if isinstance(value, (list, tuple)):
            return _shortened(_runs(value, lambda item: self(item, unit, member))) or "–"
        number = _number(value)
        if number is None:
            return f"`{value}`" if value else '`""`'
        text = _text(number, unit, written_hex=isinstance(value, str))
        names = self._names(number, member)
        return f"{text} ({names})" if names else text

    def _names(self, number: int, member: str) -> str:
        if member in _ENUMS:
            name = _ENUMS[member].get(number)
            return f"`{name}`" if name else ""
        if member == "kmem_cache_order_objects.x" or member in (
            "kmem_cache.oo",
            "kmem_cache.max",
            "kmem_cache.min",
        ):
            return self._words("struct.order-objects", order=number >> 16, objects=number & 0xFFFF)
        names = [
            name for bit, name in (_FLAGS.get(member) or self._bits.get(member, {})).items() if number & bit
        ]
        if member == "page.flags" and number >> self._zone_shift:
            zone = number >> self._zone_shift & (1 << self._node_shift - self._zone_shift) - 1
            node = self._words("node", nid=number >> self._node_shift)
            names.append(f"{self._zones[zone]}, {node}")
        return ", ".join(f"`{name}`" for name in names)


def _page_flags(build: KernelBuild) -> dict[int, str]:
    """Bit -> name; where two names are of one bit, the first that is listed."""
    names: dict[int, str] = {}
    for name, bit in build.enums["pageflags"].items():
        if name.startswith("PG_"):
            names.setdefault(1 << bit, name)
    return names


def _number(value: Any) -> int | None:
    if isinstance(value, (bool, int)):
        return int(value)
    if isinstance(value, str) and value.startswith("0x"):
        return int(value, 16)
    return None


def _text(number: int, unit: str, *, written_hex: bool) -> str:
    if unit in ("pointer", "per-cpu-pointer", "address", "function", "list") and number == 0:
        return "0"
    if unit in _SHIFTS:
        nbytes = number << _SHIFTS[unit]
        return f"{number:,} ({size_text(nbytes)})" if abs(nbytes) >= 1024 else f"{number:,}"
    if unit in _HEX or (written_hex and unit not in _DECIMAL):
        return f"`{number:#x}`"
    return f"{number:,}"


def _runs(values: list[Any] | tuple[Any, ...], show: Callable[[Any], str]) -> list[str]:
    """Each value, equal neighbours taken together from three on."""
    found: list[str] = []
    for text, group in groupby(map(show, values)):
        n = sum(1 for _ in group)
        found += [f"{n} × {text}"] if n > 2 else [text] * n
    return found


def _shortened(items: list[str]) -> str:
    return ", ".join(_cut(items))


def _cut(items: list[str]) -> Iterator[str]:
    yield from items[:MOST]
    if len(items) > MOST:
        yield f"… (+{len(items) - MOST})"
