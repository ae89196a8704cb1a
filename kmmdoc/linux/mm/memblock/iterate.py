"""mm/memblock.c, walking: memory regions, minus reserved ones, in both directions.

The functions that step are kernel functions and counted; the generators are the header's for_each macros.
A position is a pair of indices into the two lists, None at the end.
"""

from __future__ import annotations

from collections.abc import Iterator

from kmmdoc.linux.include.linux.memblock import (
    MAX_NUMNODES,
    MEMBLOCK_HOTPLUG,
    NUMA_NO_NODE,
    ULLONG_MAX,
    memblock_region_memory_base_pfn,
    memblock_region_memory_end_pfn,
    memblock_type,
)
from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.mm.memblock.direction import movable_node_is_enabled
from kmmdoc.linux.state import Kernel

KFILE = "mm/memblock.c"

Position = tuple[int, int] | None
Range = tuple[int, int, int]  # start, end, nid
NO_RANGE: Range = (0, 0, 0)


def no_max_numnodes(k: Kernel, nid: int) -> int:
    """Node to search: MAX_NUMNODES, the old way to say "any", is taken with a warning."""
    if nid == MAX_NUMNODES:
        k.warn_once("Usage of MAX_NUMNODES is deprecated. Use NUMA_NO_NODE instead\n")
        return NUMA_NO_NODE
    return nid


@kfunc
def __next_mem_range(
    k: Kernel, at: Position, nid: int, type_a: memblock_type, type_b: memblock_type | None
) -> tuple[Position, Range]:
    """The first range from position `at` on that is in `type_a` and in none of `type_b`, and where to go on.

    The second index counts the gaps of `type_b`: gap i lies before its region i, the last one after all.
    """
    nid = no_max_numnodes(k, nid)
    a, b = at or (0, 0)
    skip = MEMBLOCK_HOTPLUG if movable_node_is_enabled(k) else 0
    regions = type_a.regions
    others = type_b.regions if type_b is not None else []
    while a < len(regions):
        m = regions[a]
        m_start, m_end, m_nid = m.base, m.base + m.size, m.nid
        if (nid != NUMA_NO_NODE and nid != m_nid) or m.flags & skip:
            a += 1
            continue
        if type_b is None:
            return (a + 1, b), (m_start, m_end, m_nid)
        while b <= len(others):
            r_start = others[b - 1].base + others[b - 1].size if b else 0
            if r_start >= m_end:
                break
            r_end = others[b].base if b < len(others) else ULLONG_MAX
            if m_start < r_end:
                found = (max(m_start, r_start), min(m_end, r_end), m_nid)
                return ((a + 1, b) if m_end <= r_end else (a, b + 1)), found
            b += 1
        a += 1
    return None, NO_RANGE


@kfunc
def __next_mem_range_rev(
    k: Kernel, at: Position, nid: int, type_a: memblock_type, type_b: memblock_type
) -> tuple[Position, Range]:
    """As __next_mem_range(), from the end to the start. Position None begins the walk."""
    nid = no_max_numnodes(k, nid)
    regions, others = type_a.regions, type_b.regions
    a, b = at if at is not None else (len(regions) - 1, len(others))
    skip = MEMBLOCK_HOTPLUG if movable_node_is_enabled(k) else 0
    while a >= 0:
        m = regions[a]
        m_start, m_end, m_nid = m.base, m.base + m.size, m.nid
        if (nid != NUMA_NO_NODE and nid != m_nid) or m.flags & skip:
            a -= 1
            continue
        while b >= 0:
            r_end = others[b].base if b < len(others) else ULLONG_MAX
            if r_end <= m_start:
                break
            r_start = others[b - 1].base + others[b - 1].size if b else 0
            if m_end > r_start:
                found = (max(m_start, r_start), min(m_end, r_end), m_nid)
                return ((a - 1, b) if m_start >= r_start else (a, b - 1)), found
            b -= 1
        a -= 1
    return None, NO_RANGE


@kfunc
def __next_mem_pfn_range(k: Kernel, idx: int, nid: int) -> tuple[int, Range]:
    """Next memory region after index `idx` with a whole page, of `nid` (MAX_NUMNODES: any); -1 at the end.

    The range is [first whole page frame, frame after the last, node].
    """
    regions = k.memblock.memory.regions
    idx += 1
    while idx < len(regions):
        r = regions[idx]
        start, end = memblock_region_memory_base_pfn(r), memblock_region_memory_end_pfn(r)
        if start < end and nid in (MAX_NUMNODES, r.nid):
            return idx, (start, end, r.nid)
        idx += 1
    return -1, NO_RANGE


def for_each_mem_range(
    k: Kernel, type_a: memblock_type, type_b: memblock_type | None, nid: int
) -> Iterator[Range]:
    """Ranges (start, end, nid) in bytes that are in `type_a` and not in `type_b`, upwards."""
    at, found = __next_mem_range(k, None, nid, type_a, type_b)
    while at is not None:
        yield found
        at, found = __next_mem_range(k, at, nid, type_a, type_b)


def for_each_free_mem_range(k: Kernel, nid: int) -> Iterator[Range]:
    """Free ranges (start, end, nid) in bytes of node `nid` (NUMA_NO_NODE: all), upwards."""
    return for_each_mem_range(k, k.memblock.memory, k.memblock.reserved, nid)


def for_each_free_mem_range_reverse(k: Kernel, nid: int) -> Iterator[Range]:
    """Free ranges (start, end, nid) in bytes of node `nid` (NUMA_NO_NODE: all), downwards."""
    memory, reserved = k.memblock.memory, k.memblock.reserved
    at, found = __next_mem_range_rev(k, None, nid, memory, reserved)
    while at is not None:
        yield found
        at, found = __next_mem_range_rev(k, at, nid, memory, reserved)


def for_each_mem_pfn_range(k: Kernel, nid: int) -> Iterator[Range]:
    """Memory of node `nid` (MAX_NUMNODES: all) as (first page frame, frame after the last, nid)."""
    idx, found = __next_mem_pfn_range(k, -1, nid)
    while idx >= 0:
        yield found
        idx, found = __next_mem_pfn_range(k, idx, nid)
