"""mm/memblock.c, changing the lists: add, remove, reserve, free, split, merge, grow, set node or flag.

Functions that the kernel lets fail return 0 or a negative error number, as there.
"""

from __future__ import annotations

from kmmdoc.linux.include.linux.memblock import (
    MAX_NUMNODES,
    MEMBLOCK_HOTPLUG,
    ULLONG_MAX,
    memblock_region,
    memblock_type,
)
from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.mm.memblock.find import memblock_find_in_range
from kmmdoc.linux.mm.slab_common import slab_is_available
from kmmdoc.linux.mm.slub.alloc import __kmalloc as kmalloc
from kmmdoc.linux.mm.slub.free import kfree
from kmmdoc.linux.state import KERN_ERR, KERN_INFO, Kernel, __pa, __va
from kmmdoc.model.trace import Release, Reserve

KFILE = "mm/memblock.c"

ENOMEM = 12
REGION_BYTES = 32  # sizeof(struct memblock_region)
GFP_KERNEL = 0xD0


def _page_align(size: int) -> int:
    return (size + 4095) & ~4095


def span_text(base: int, size: int) -> str:
    """`[first-last]` as the debug lines print it; the last byte wraps at 64 bits."""
    return f"[{base:#016x}-{(base + size - 1) & ULLONG_MAX:#016x}]"


@kfunc
def memblock_remove_region(k: Kernel, type_: memblock_type, r: int) -> None:
    """Take region number `r` out; a list that becomes empty keeps one region of size 0 and no node."""
    type_.total_size = (type_.total_size - type_.regions[r].size) & ULLONG_MAX
    del type_.regions[r]
    if not type_.regions:
        type_.regions.append(memblock_region(0, 0, MAX_NUMNODES, 0))


def _allocated_info(type_: memblock_type) -> tuple[int, int]:
    if type_.array is None:
        return 0, 0
    return type_.array, _page_align(REGION_BYTES * type_.max)


@kfunc
def get_allocated_memblock_reserved_regions_info(k: Kernel) -> tuple[int, int]:
    """Physical address and bytes of the reserved array; (0, 0) while it is the static one."""
    return _allocated_info(k.memblock.reserved)


@kfunc
def get_allocated_memblock_memory_regions_info(k: Kernel) -> tuple[int, int]:
    """Physical address and bytes of the memory array; (0, 0) while it is the static one."""
    return _allocated_info(k.memblock.memory)


@kfunc
def memblock_double_array(k: Kernel, type_: memblock_type, new_area_start: int, new_area_size: int) -> int:
    """Move the list to an array of twice the length; 0, or -1 when there is no room or it is too early.

    The new array must not lie in `[new_area_start, new_area_start + new_area_size)`, which is about to be
    reserved: it is sought above that range first, then below.
    """
    use_slab = slab_is_available(k)
    if not k.memblock_can_resize:
        return -1
    old_bytes = type_.max * REGION_BYTES
    new_bytes = _page_align(old_bytes * 2)
    if use_slab:
        virt = kmalloc(k, old_bytes * 2, GFP_KERNEL)
        addr = __pa(virt) if virt else 0
    else:
        addr = _find_room_for_array(k, type_, new_bytes, new_area_start, new_area_size)
    if not addr:
        k.printk(
            KERN_ERR,
            f"memblock: Failed to double {type_.name} array from {type_.max} to {type_.max * 2} entries !\n",
        )
        return -1
    if k.memblock_debug:
        last = addr + old_bytes * 2 - 1
        k.printk(
            KERN_INFO,
            f"memblock: {type_.name} is doubled to {type_.max * 2} at [{addr:#010x}-{last:#010x}]",
        )
    old_array, old_in_slab = type_.array, k.memblock_in_slab[type_.name]
    type_.array = addr
    type_.max *= 2
    if old_array is not None:  # the static one stays
        if old_in_slab:
            kfree(k, __va(old_array))
        else:
            memblock_free(k, old_array, _page_align(old_bytes))
    if not use_slab and memblock_reserve(k, addr, new_bytes):
        k.bug("memblock_double_array")
    k.memblock_in_slab[type_.name] = bool(use_slab)
    return 0


def _find_room_for_array(k: Kernel, type_: memblock_type, size: int, avoid: int, avoid_size: int) -> int:
    """Physical address for an array of `size` bytes outside of the range to avoid; 0 when there is none."""
    limit = k.memblock.current_limit
    if type_ is not k.memblock.reserved:
        avoid = avoid_size = 0
    addr = memblock_find_in_range(k, avoid + avoid_size, limit, size, 4096)
    if not addr and avoid_size:
        addr = memblock_find_in_range(k, 0, min(avoid, limit), size, 4096)
    return addr


@kfunc
def memblock_merge_regions(k: Kernel, type_: memblock_type) -> None:
    """Make neighbours of one node and the same flags one region."""
    regions = type_.regions
    i = 0
    while i < len(regions) - 1:
        this, after = regions[i], regions[i + 1]
        if this.base + this.size == after.base and this.nid == after.nid and this.flags == after.flags:
            this.size += after.size
            del regions[i + 1]
            continue
        if this.base + this.size > after.base:
            k.bug("memblock_merge_regions")
        i += 1


@kfunc
def memblock_insert_region(
    k: Kernel, type_: memblock_type, idx: int, base: int, size: int, nid: int, flags: int
) -> None:
    """Put a new region at index `idx`; the array has room."""
    if len(type_.regions) >= type_.max:
        k.bug("memblock_insert_region")
    type_.regions.insert(idx, memblock_region(base, size, nid, flags))
    type_.total_size = (type_.total_size + size) & ULLONG_MAX


@kfunc
def memblock_add_range(k: Kernel, type_: memblock_type, base: int, size: int, nid: int, flags: int) -> int:
    """Add what is not yet in the list of `[base, base + size)`, and merge; 0 or -ENOMEM.

    Parts that overlap known regions leave those as they are. The list is walked twice: to count how many
    regions will be new, so that the array grows before anything changes, and to insert them.
    """
    size = min(size, ULLONG_MAX - base)
    end = base + size
    if not size:
        return 0
    first = type_.regions[0]
    if first.size == 0:
        first.base, first.size, first.nid, first.flags = base, size, nid, flags
        type_.total_size = size
        return 0
    k.step("first-pass")
    nr_new = len(_missing_parts(type_, base, end))
    while len(type_.regions) + nr_new > type_.max:
        if memblock_double_array(k, type_, base, size) < 0:
            return -ENOMEM
    k.step("second-pass", nr_new=nr_new)
    for inserted, (idx, start, stop) in enumerate(_missing_parts(type_, base, end)):
        memblock_insert_region(k, type_, idx + inserted, start, stop - start, nid, flags)
    memblock_merge_regions(k, type_)
    return 0


def _missing_parts(type_: memblock_type, base: int, end: int) -> list[tuple[int, int, int]]:
    """Parts of `[base, end)` that no region covers, each with the index of the region it stands before."""
    parts: list[tuple[int, int, int]] = []
    regions = type_.regions
    i = 0
    for i, r in enumerate(regions):
        rend = r.base + r.size
        if r.base >= end:
            break
        if rend <= base:
            continue
        if r.base > base:
            parts.append((i, base, r.base))
        base = min(rend, end)
    else:
        i = len(regions)
    if base < end:
        parts.append((i, base, end))
    return parts


@kfunc
def memblock_add_node(k: Kernel, base: int, size: int, nid: int) -> int:
    """There is memory at `[base, base + size)`, on node `nid`."""
    return memblock_add_range(k, k.memblock.memory, base, size, nid, 0)


@kfunc
def memblock_add(k: Kernel, base: int, size: int) -> int:
    """There is memory at `[base, base + size)`, of a node not yet known."""
    return memblock_add_range(k, k.memblock.memory, base, size, MAX_NUMNODES, 0)


@kfunc
def memblock_isolate_range(
    k: Kernel, type_: memblock_type, base: int, size: int
) -> tuple[int, tuple[int, int]]:
    """Split regions at both borders of `[base, base + size)`.

    Returns (0 or -ENOMEM, (first index inside, index after the last inside)).
    """
    size = min(size, ULLONG_MAX - base)
    end = base + size
    start_rgn = end_rgn = 0
    if not size:
        return 0, (0, 0)
    regions = type_.regions
    while len(regions) + 2 > type_.max:
        if memblock_double_array(k, type_, base, size) < 0:
            return -ENOMEM, (0, 0)
    i = 0
    while i < len(regions):
        r = regions[i]
        rbase, rend = r.base, r.base + r.size
        if rbase >= end:
            break
        if rend <= base:
            pass
        elif rbase < base or rend > end:
            # Cut at the lower border first; the part below stays at index i and is passed, while a part
            # below the upper border is looked at again.
            cut = base if rbase < base else end
            r.base, r.size = cut, rend - cut
            type_.total_size = (type_.total_size - (cut - rbase)) & ULLONG_MAX
            memblock_insert_region(k, type_, i, rbase, cut - rbase, r.nid, r.flags)
            if rbase >= base:
                continue
        else:
            if not end_rgn:
                start_rgn = i
            end_rgn = i + 1
        i += 1
    return 0, (start_rgn, end_rgn)


@kfunc
def memblock_remove_range(k: Kernel, type_: memblock_type, base: int, size: int) -> int:
    """Take `[base, base + size)` out of the list; 0 or -ENOMEM."""
    error, (start_rgn, end_rgn) = memblock_isolate_range(k, type_, base, size)
    if error:
        return error
    for i in range(end_rgn - 1, start_rgn - 1, -1):
        memblock_remove_region(k, type_, i)
    return 0


@kfunc
def memblock_remove(k: Kernel, base: int, size: int) -> int:
    """There is no memory at `[base, base + size)`."""
    return memblock_remove_range(k, k.memblock.memory, base, size)


def release(k: Kernel, base: int, size: int) -> int:
    """Take `[base, base + size)` out of the reserved list and tell the page ledger."""
    size = min(size, ULLONG_MAX - base)
    if size:
        k.events.append(Release(base, size))
    return memblock_remove_range(k, k.memblock.reserved, base, size)


@kfunc
def memblock_free(k: Kernel, base: int, size: int) -> int:
    """Give reserved bytes `[base, base + size)` back; 0 or -ENOMEM."""
    if k.memblock_debug:
        k.printk(KERN_INFO, f"   memblock_free: {span_text(base, size)} {k.caller()}\n")
    return release(k, base, size)


@kfunc
def memblock_reserve_region(k: Kernel, base: int, size: int, nid: int, flags: int) -> int:
    """Take bytes `[base, base + size)` out of the free memory; 0 or -ENOMEM."""
    if k.memblock_debug:
        k.printk(KERN_INFO, f"memblock_reserve: {span_text(base, size)} flags {flags:#02x} {k.caller()}\n")
    error = memblock_add_range(k, k.memblock.reserved, base, size, nid, flags)
    if not error and size:
        k.events.append(Reserve(base, min(size, ULLONG_MAX - base)))
    return error


@kfunc
def memblock_reserve(k: Kernel, base: int, size: int) -> int:
    """Take bytes `[base, base + size)` out of the free memory, for no node in particular; 0 or -ENOMEM."""
    return memblock_reserve_region(k, base, size, MAX_NUMNODES, 0)


@kfunc
def memblock_mark_hotplug(k: Kernel, base: int, size: int) -> int:
    """The memory at `[base, base + size)` may be unplugged; 0 or -ENOMEM."""
    type_ = k.memblock.memory
    error, (start_rgn, end_rgn) = memblock_isolate_range(k, type_, base, size)
    if error:
        return error
    for r in type_.regions[start_rgn:end_rgn]:
        r.flags |= MEMBLOCK_HOTPLUG
    memblock_merge_regions(k, type_)
    return 0


@kfunc
def memblock_clear_hotplug(k: Kernel, base: int, size: int) -> int:
    """The memory at `[base, base + size)` stays; 0 or -ENOMEM."""
    type_ = k.memblock.memory
    error, (start_rgn, end_rgn) = memblock_isolate_range(k, type_, base, size)
    if error:
        return error
    for r in type_.regions[start_rgn:end_rgn]:
        r.flags &= ~MEMBLOCK_HOTPLUG
    memblock_merge_regions(k, type_)
    return 0


@kfunc
def memblock_set_node(k: Kernel, base: int, size: int, type_: memblock_type, nid: int) -> int:
    """Regions of `[base, base + size)` belong to node `nid`; 0 or -ENOMEM."""
    error, (start_rgn, end_rgn) = memblock_isolate_range(k, type_, base, size)
    if error:
        return error
    for r in type_.regions[start_rgn:end_rgn]:
        r.nid = nid
    memblock_merge_regions(k, type_)
    return 0
