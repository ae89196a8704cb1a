"""mm/memblock.c, the rest: totals, borders, membership, limits, the dump and the memblock= option."""

from __future__ import annotations

from kmmdoc.linux.include.linux.memblock import (
    MAX_NUMNODES,
    ULLONG_MAX,
    memblock_region_memory_base_pfn,
    memblock_region_memory_end_pfn,
    memblock_type,
)
from kmmdoc.linux.kfunc import early_param, kfunc
from kmmdoc.linux.mm.memblock.find import round_down, round_up
from kmmdoc.linux.mm.memblock.regions import memblock_remove_range, memblock_remove_region, release
from kmmdoc.linux.state import KERN_INFO, Kernel

KFILE = "mm/memblock.c"


@kfunc
def memblock_phys_mem_size(k: Kernel) -> int:
    """Bytes of memory."""
    return k.memblock.memory.total_size


@kfunc
def memblock_mem_size(k: Kernel, limit_pfn: int) -> int:
    """Bytes of memory in whole pages below `limit_pfn`."""
    pages = 0
    for r in k.memblock.memory.regions:
        pages += min(memblock_region_memory_end_pfn(r), limit_pfn)
        pages -= min(memblock_region_memory_base_pfn(r), limit_pfn)
    return (pages << 12) & ULLONG_MAX


@kfunc
def memblock_start_of_DRAM(k: Kernel) -> int:
    """Lowest address of memory."""
    return k.memblock.memory.regions[0].base


@kfunc
def memblock_end_of_DRAM(k: Kernel) -> int:
    """Address after the last byte of memory."""
    return k.memblock.memory.regions[-1].end


@kfunc
def memblock_enforce_memory_limit(k: Kernel, limit: int) -> None:
    """Forget all memory above the first `limit` bytes of it; limit 0 means no limit."""
    if not limit:
        return
    max_addr = ULLONG_MAX
    for r in k.memblock.memory.regions:
        if limit <= r.size:
            max_addr = r.base + limit
            break
        limit -= r.size
    memblock_remove_range(k, k.memblock.memory, max_addr, ULLONG_MAX)
    release(k, max_addr, ULLONG_MAX)


@kfunc
def memblock_search(k: Kernel, type_: memblock_type, addr: int) -> int:
    """Index of the region that has `addr`, or -1."""
    regions = type_.regions
    left, right = 0, len(regions)
    while left < right:
        mid = (left + right) // 2
        r = regions[mid]
        if addr < r.base:
            right = mid
        elif addr >= r.base + r.size:
            left = mid + 1
        else:
            return mid
    return -1


@kfunc
def memblock_is_reserved(k: Kernel, addr: int) -> bool:
    """Is the byte at `addr` reserved?"""
    return memblock_search(k, k.memblock.reserved, addr) != -1


@kfunc
def memblock_is_memory(k: Kernel, addr: int) -> bool:
    """Is the byte at `addr` memory?"""
    return memblock_search(k, k.memblock.memory, addr) != -1


@kfunc
def memblock_search_pfn_nid(k: Kernel, pfn: int) -> tuple[int, int, int]:
    """(node, first page frame, frame after the last) of the memory region with `pfn`; node -1: none."""
    mid = memblock_search(k, k.memblock.memory, (pfn << 12) & ULLONG_MAX)
    if mid == -1:
        return -1, 0, 0
    r = k.memblock.memory.regions[mid]
    return r.nid, r.base >> 12, (r.base + r.size) >> 12


@kfunc
def memblock_is_region_memory(k: Kernel, base: int, size: int) -> bool:
    """Does one memory region have all of `[base, base + size)`?"""
    idx = memblock_search(k, k.memblock.memory, base)
    if idx == -1:
        return False
    r = k.memblock.memory.regions[idx]
    return r.base <= base and r.end >= base + min(size, ULLONG_MAX - base)


@kfunc
def memblock_is_region_reserved(k: Kernel, base: int, size: int) -> bool:
    """Is any byte of `[base, base + size)` reserved?"""
    end = base + min(size, ULLONG_MAX - base)
    return any(base < r.base + r.size and r.base < end for r in k.memblock.reserved.regions)


@kfunc
def memblock_trim_memory(k: Kernel, align: int) -> None:
    """Cut every memory region to multiples of `align`; what becomes empty goes.

    The total size of the list is not corrected for what is cut off, only for regions that go.
    """
    type_ = k.memblock.memory
    i = 0
    while i < len(type_.regions):
        r = type_.regions[i]
        orig_end = (r.base + r.size) & ULLONG_MAX
        start, end = round_up(r.base, align), round_down(orig_end, align)
        if start == r.base and end == orig_end:
            i += 1
        elif start < end:
            r.base, r.size = start, end - start
            i += 1
        else:
            memblock_remove_region(k, type_, i)


@kfunc
def memblock_set_current_limit(k: Kernel, limit: int) -> None:
    """Allocations stay below `limit` from now on."""
    k.memblock.current_limit = limit


@kfunc
def memblock_get_current_limit(k: Kernel) -> int:
    """The address below which allocations stay."""
    return k.memblock.current_limit


@kfunc
def memblock_dump(k: Kernel, type_: memblock_type, name: str) -> None:
    """Print one list."""
    k.printk(KERN_INFO, f" {name}.cnt  = 0x{type_.cnt:x}\n")
    for i, r in enumerate(type_.regions):
        last = (r.base + r.size - 1) & ULLONG_MAX
        node = "" if r.nid == MAX_NUMNODES else f" on node {r.nid}"
        k.printk(
            KERN_INFO,
            f" {name}[{i:#x}]\t[{r.base:#016x}-{last:#016x}], {r.size:#x} bytes{node} flags: {r.flags:#x}\n",
        )


@kfunc
def __memblock_dump_all(k: Kernel) -> None:
    """Print both lists."""
    memory, reserved = k.memblock.memory, k.memblock.reserved
    k.printk(KERN_INFO, "MEMBLOCK configuration:\n")
    k.printk(KERN_INFO, f" memory size = {memory.total_size:#x} reserved size = {reserved.total_size:#x}\n")
    memblock_dump(k, memory, "memory")
    memblock_dump(k, reserved, "reserved")


def memblock_dump_all(k: Kernel) -> None:
    """Print both lists where memblock=debug was given."""
    if k.memblock_debug:
        __memblock_dump_all(k)


@kfunc
def memblock_allow_resize(k: Kernel) -> None:
    """From now on the arrays may grow: what is taken is known well enough to allocate."""
    k.memblock_can_resize = True


@early_param("memblock")
@kfunc
def early_memblock(k: Kernel, p: str | None) -> int:
    """memblock=debug: print every reservation and allocation."""
    if p and "debug" in p:
        k.memblock_debug = True
    return 0
