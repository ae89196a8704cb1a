"""Recorded calls made on a simulated kernel: arguments and results as the registers of a real one hold them.

An argument is a number. What it means depends on the function: a structure is passed by its address, a
page by that of its struct page, a text by an address that stands for it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from inspect import signature
from typing import Any

from kmmdoc.lab.state import populated
from kmmdoc.linux.include.linux.mmzone import zonelist
from kmmdoc.linux.include.linux.slub_def import KmemCache
from kmmdoc.linux.kfunc import symbols
from kmmdoc.linux.mm.vmalloc.areas import VMALLOC_START
from kmmdoc.linux.readers.slub import VMEMMAP_START
from kmmdoc.linux.state import PAGE_OFFSET, Kernel, __pa
from kmmdoc.model.quantities import PAGE_SHIFT

Json = dict[str, Any]

WORD = (1 << 64) - 1
POINTER = 8


def frame(address: int) -> int:
    """The page frame that an address of the direct map lies in."""
    return __pa(address) >> PAGE_SHIFT


def in_direct_map(address: int) -> bool:
    """Is this an address of the direct map?"""
    return PAGE_OFFSET <= address < VMALLOC_START


class UnknownCall(Exception):
    """The simulator has no such function, or does not know how to pass its arguments."""


def signed(value: int, bits: int = 32) -> int:
    """The low `bits` of a register as a signed number.

    >>> signed(0xFFFFFFFFFFFFFFFF), signed(0xFFFFFFFF), signed(1)
    (-1, -1, 1)
    """
    value &= (1 << bits) - 1
    return value - (value >> bits - 1 << bits)


@dataclass
class Caller:
    """Somebody who calls functions of `k` and keeps what the functions need of him.

    `memory` holds the words that lie in the caller's own memory: arrays of struct page pointers.
    `recorded` is the state that was recorded after the call that is to be made.
    `slabs` are the heads of all slabs that an object was returned from.
    """

    k: Kernel
    memory: dict[int, int] = field(default_factory=dict)
    recorded: Json = field(default_factory=dict)
    slabs: set[int] = field(default_factory=set)

    def page_pointer(self, pfn: int) -> int:
        """Address of the struct page of a page frame."""
        return VMEMMAP_START + pfn * self.k.build.sizeof("page")

    def pfn(self, pointer: int) -> int:
        """Page frame of a struct page."""
        return (pointer - VMEMMAP_START) // self.k.build.sizeof("page")

    def cache(self, pointer: int) -> KmemCache:
        """The cache whose structure lies at an address."""
        for s in self.k.slab_caches:
            if s.address == pointer:
                return s
        raise UnknownCall(f"there is no cache at {pointer:#x}")

    def pages(self, pointer: int, n: int) -> list[int]:
        """Page frames of an array of `n` struct page pointers."""
        try:
            return [self.pfn(self.memory[pointer + POINTER * i]) for i in range(n)]
        except KeyError:
            raise UnknownCall(f"what lies in the caller's memory at {pointer:#x} is not known") from None

    def make(self, step: Json) -> int | None:
        """Make one recorded call: what it returns as a register would hold it, None for nothing."""
        name = step["call"]
        if name not in symbols:
            raise UnknownCall(f"{name}() is not modelled")
        for what, value in step.get("pre", {}).items():
            self._prepare(step, what, value)
        values = [int(arg, 16) for arg in step["args"]]
        arguments = CONVERTERS.get(name, _plain)(self, step, values)
        if not _fits(name, len(arguments)):
            raise UnknownCall(f"{name}() with {len(arguments)} arguments")
        mark = len(self.k.events)
        result = symbols[name](self.k, *arguments)
        del self.k.events[mark:]
        ret = self._register(name, result)
        if ret is not None and name not in RETURNS_POINTER and (slab := self.slab_of(ret)) >= 0:
            self.slabs.add(slab)
        return ret

    def _prepare(self, step: Json, what: str, value: int) -> None:
        if what != "page._count":
            raise UnknownCall(f"a call prepared by setting {what}")
        self.k.mem_map.set_count(self.pfn(int(step["args"][0], 16)), 1, value)

    def _register(self, name: str, result: Any) -> int | None:
        if name in RETURNS_PAGE:
            return 0 if result is None else self.page_pointer(result)
        if name in RETURNS_POINTER:
            return 0 if result is None else int(result.address)
        return None if result is None else int(result) & WORD

    def slab_of(self, ret: int) -> int:
        """Head page of the slab that the object at `ret` lies in, -1 for none."""
        slab = self.k.slab_pages.get(frame(ret))
        return slab.pfn if slab is not None else -1

    def pfn_of(self, name: str, ret: int | None) -> int | None:
        """The page frame that a call returned, -1 where it failed, None where it returns no pages."""
        if ret is None:
            return None
        if name in RETURNS_PAGE:
            return self.pfn(ret) if ret else -1
        if not ret:
            return -1
        if not in_direct_map(ret) or self.slab_of(ret) >= 0:
            return None
        return frame(ret) if self.k.mem_map.get(frame(ret)) is not None else None

    def page(self, pfn: int) -> Json:
        """The struct page of a page frame, as the records show it; private and index are not modelled."""
        page = self.k.mem_map[pfn]
        data = {"flags": hex(page.flags), "mapcount": page.mapcount & 0xFFFF_FFFF, "count": page.refcount}
        if pfn in self.k.mem_map.compound_order:
            data["compound_order"] = self.k.mem_map.compound_order[pfn]
        return data


@cache
def _fits(name: str, n: int) -> bool:
    """Can the function be called with `n` arguments behind the kernel?"""
    try:
        signature(symbols[name]).bind(*[None] * (n + 1))
    except TypeError:
        return False
    return True


Converter = Callable[[Caller, Json, list[int]], list[Any]]


def _plain(caller: Caller, step: Json, values: list[int]) -> list[Any]:
    """Sizes, addresses, orders and flags are the numbers themselves."""
    return list(values)


def _nothing(caller: Caller, step: Json, values: list[int]) -> list[Any]:
    """Functions that ignore their argument."""
    return []


def _node(at: int) -> Converter:
    def convert(caller: Caller, step: Json, values: list[int]) -> list[Any]:
        return [signed(value) if i == at else value for i, value in enumerate(values)]

    return convert


def _page(caller: Caller, step: Json, values: list[int]) -> list[Any]:
    return [caller.pfn(values[0]), *values[1:]]


def _cold(caller: Caller, step: Json, values: list[int]) -> list[Any]:
    return [caller.pfn(values[0]), bool(values[1])]


def _cache(caller: Caller, step: Json, values: list[int]) -> list[Any]:
    return [caller.cache(values[0]), *values[1:]]


def _cache_node(caller: Caller, step: Json, values: list[int]) -> list[Any]:
    return [caller.cache(values[0]), values[1], signed(values[2])]


def _create(caller: Caller, step: Json, values: list[int]) -> list[Any]:
    """The constructor stands for itself: what matters is that there is one."""
    return [step["name"], *values[1:4], hex(values[4]) if values[4] else None]


def _text(caller: Caller, step: Json, values: list[int]) -> list[Any]:
    """A text to copy.

    Simplified: where the record does not say what the text was, it is one as long as fits into an object
    of the cache that the copy was recorded in. Which object that is remains to be predicted.
    """
    text = step.get("name")
    if values[0] and text is None:
        slub = caller.recorded.get("slub", {})
        slab = slub.get("slab_pages", {}).get(str(step.get("slab_pfn")))
        if slab is None:
            raise UnknownCall("a text of which nothing is known")
        text = "x" * (slub["caches"][slab["cache"]]["object_size"] - 1)
    return [text if values[0] else None, *values[1:]]


def _nodemask(caller: Caller, step: Json, values: list[int]) -> list[Any]:
    nid, index = step["zonelist"]
    zones: zonelist = caller.k.node_data[nid].node_zonelists[index]
    if values[3]:
        raise UnknownCall("an allocation with a mask of nodes")
    return [*values[:2], zones, None]


def _zone(caller: Caller, step: Json, values: list[int]) -> list[Any]:
    """A zone by its name, or by where its structure lies in that of its node."""
    named = step.get("zone")
    name = named if isinstance(named, str) else "/".join(map(str, named or ()))
    build = caller.k.build
    first, size = build.structs["pglist_data"].offset("node_zones"), build.sizeof("zone")
    for key, z in populated(caller.k).items():
        if key == name or z.zone_pgdat.address + first + z.idx * size == values[0]:
            return [z, z.pageset[0].pcp]
    raise UnknownCall(f"there is no zone {name} at {values[0]:#x}")


def _map_ram(caller: Caller, step: Json, values: list[int]) -> list[Any]:
    return [caller.pages(values[0], signed(values[1])), signed(values[2]), *_protection(values[3:])]


def _vmap(caller: Caller, step: Json, values: list[int]) -> list[Any]:
    return [caller.pages(values[0], values[1]), values[2], *_protection(values[3:])]


def _protection(values: list[int]) -> list[int]:
    """Page table flags without accessed and dirty bits, which the simulator leaves out everywhere."""
    return [value & ~0x60 for value in values]


CONVERTERS: dict[str, Converter] = {
    "__alloc_pages_nodemask": _nodemask,
    "__free_pages": _page,
    "split_page": _page,
    "put_page": _page,
    "free_hot_cold_page": _cold,
    "drain_local_pages": _nothing,
    "drain_zone_pages": _zone,
    "init_per_zone_wmark_min": _nothing,
    "vm_unmap_aliases": _nothing,
    "alloc_pages_exact_nid": _node(0),
    "__kmalloc_node": _node(2),
    "kmem_cache_create": _create,
    "kmem_cache_alloc": _cache,
    "kmem_cache_alloc_node": _cache_node,
    "kmem_cache_free": _cache,
    "kmem_cache_shrink": _cache,
    "kmem_cache_destroy": _cache,
    "kstrdup": _text,
    "vm_map_ram": _map_ram,
    "vmap": _vmap,
}
"""How the arguments of a function are passed where they are not all plain numbers."""

RETURNS_PAGE = {"__alloc_pages_nodemask", "alloc_pages_current", "alloc_kmem_pages", "alloc_kmem_pages_node"}
RETURNS_POINTER = {"kmem_cache_create", "get_vm_area"}


def callers_memory(caller: Caller, steps: list[Json]) -> dict[int, int]:
    """Arrays of struct page pointers that the recorder kept in memory of its own, found from its calls.

    It wrote the single pages of the calls before, in order, from the lowest address that a call names on,
    and 512 bytes above it those of the largest block.
    """
    mapping = [step for step in steps if step["call"] in ("vm_map_ram", "vmap")]
    if not mapping:
        return {}
    first = steps.index(mapping[0])
    before = (step for step in steps[:first] if step["call"] == "__get_free_pages")
    taken = [step for step in before if step.get("pfn", -1) >= 0]
    base = min(int(step["args"][0], 16) for step in mapping)
    memory: dict[int, int] = {}
    single = [step["pfn"] for step in taken if int(step["args"][1], 16) == 0]
    for i, pfn in enumerate(single):
        memory[base + POINTER * i] = caller.page_pointer(pfn)
    for step in taken:
        order = int(step["args"][1], 16)
        if order:
            for i in range(1 << order):
                memory[base + BLOCK_OFFSET + POINTER * i] = caller.page_pointer(step["pfn"] + i)
    return memory


BLOCK_OFFSET = 512
"""Bytes from the array of single pages to that of the pages of a block."""
