"""mm/memblock.c, searching: where is free memory of a size, an alignment and a node?"""

from __future__ import annotations

from kmmdoc.linux.include.linux.memblock import (
    MEMBLOCK_ALLOC_ACCESSIBLE,
    NUMA_NO_NODE,
)
from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.mm.memblock.direction import memblock_bottom_up
from kmmdoc.linux.mm.memblock.iterate import for_each_free_mem_range, for_each_free_mem_range_reverse
from kmmdoc.linux.state import Kernel

KFILE = "mm/memblock.c"

PAGE_SIZE = 4096
U64 = 0xFFFF_FFFF_FFFF_FFFF


def round_down(x: int, y: int) -> int:
    """Largest multiple of `y` up to `x`; by masking bits: `y` should be a power of two."""
    return x & ~(y - 1) & U64


def round_up(x: int, y: int) -> int:
    """Smallest multiple of `y` from `x` on, in 64 bits; `y` as for round_down()."""
    return (((x - 1) | (y - 1)) + 1) & U64


def _clamp(value: int, low: int, high: int) -> int:
    return min(max(value, low), high)


@kfunc
def __memblock_find_range_bottom_up(k: Kernel, start: int, end: int, size: int, align: int, nid: int) -> int:
    """Lowest free address in `[start, end)` for `size` bytes; 0 when there is none."""
    for free_start, free_end, _ in for_each_free_mem_range(k, nid):
        this_start, this_end = _clamp(free_start, start, end), _clamp(free_end, start, end)
        cand = round_up(this_start, align)
        if cand < this_end and this_end - cand >= size:
            return cand
    return 0


@kfunc
def __memblock_find_range_top_down(k: Kernel, start: int, end: int, size: int, align: int, nid: int) -> int:
    """Highest free address in `[start, end)` for `size` bytes; 0 when there is none."""
    for free_start, free_end, _ in for_each_free_mem_range_reverse(k, nid):
        this_start, this_end = _clamp(free_start, start, end), _clamp(free_end, start, end)
        if this_end < size:
            continue
        cand = round_down(this_end - size, align)
        if cand >= this_start:
            return cand
    return 0


@kfunc
def memblock_find_in_range_node(k: Kernel, size: int, align: int, start: int, end: int, nid: int) -> int:
    """Free address in `[start, end)` for `size` bytes on `nid`; end 0 means the current limit, result 0 none.

    The first page is never given. Bottom-up allocation stays above the kernel image; where that fails
    the search goes on top-down.
    """
    if end == MEMBLOCK_ALLOC_ACCESSIBLE:
        end = k.memblock.current_limit
    start = max(start, PAGE_SIZE)
    end = max(start, end)
    if memblock_bottom_up(k):
        kernel_end = k.pa_symbol("_end")
        if end > kernel_end:
            found = __memblock_find_range_bottom_up(k, max(start, kernel_end), end, size, align, nid)
            if found:
                return found
            k.warn_once("memblock: bottom-up allocation failed, memory hotunplug may be affected\n")
    return __memblock_find_range_top_down(k, start, end, size, align, nid)


@kfunc
def memblock_find_in_range(k: Kernel, start: int, end: int, size: int, align: int) -> int:
    """Free address in `[start, end)` for `size` bytes on any node; 0 when there is none."""
    return memblock_find_in_range_node(k, size, align, start, end, NUMA_NO_NODE)
