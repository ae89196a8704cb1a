"""arch/x86/kernel/e820.c, the table itself: asking, adding, printing, changing and sorting it out."""

from __future__ import annotations

from kmmdoc.linux.arch.x86.include.asm.e820 import (
    E820_ACPI,
    E820_NVS,
    E820_RAM,
    E820_RESERVED,
    E820_RESERVED_KERN,
    E820_UNUSABLE,
    E820_X_MAX,
    e820entry,
    e820map,
)
from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.lib.sort import sort
from kmmdoc.linux.state import KERN_DEBUG, KERN_ERR, KERN_INFO, Kernel

KFILE = "arch/x86/kernel/e820.c"
U64_MAX = (1 << 64) - 1

_PRINTED = {
    E820_RAM: "usable",
    E820_RESERVED_KERN: "usable",
    E820_RESERVED: "reserved",
    E820_ACPI: "ACPI data",
    E820_NVS: "ACPI NVS",
    E820_UNUSABLE: "unusable",
}


def e820_any_mapped(k: Kernel, start: int, end: int, type: int) -> bool:
    """Does an entry of `type` (0 = any) overlap bytes `[start, end)`?"""
    return any((not type or e.type == type) and e.addr < end and e.addr + e.size > start for e in k.e820.map)


@kfunc
def e820_all_mapped(k: Kernel, start: int, end: int, type: int) -> bool:
    """Do entries of `type` (0 = any) cover all of bytes `[start, end)`? The table must be sorted."""
    for e in k.e820.map:
        if (type and e.type != type) or e.addr >= end or e.addr + e.size <= start:
            continue
        if e.addr <= start:
            start = e.addr + e.size
        if start >= end:
            return True
    return False


@kfunc
def __e820_add_region(k: Kernel, e820x: e820map, start: int, size: int, type: int) -> None:
    """Append an entry; one that does not fit is dropped with a message."""
    if e820x.nr_map >= E820_X_MAX:
        last = (start + size - 1) & U64_MAX
        k.printk(KERN_ERR, f"e820: too many entries; ignoring [mem {start:#010x}-{last:#010x}]\n")
        return
    e820x.map.append(e820entry(start, size, type))


@kfunc
def e820_add_region(k: Kernel, start: int, size: int, type: int) -> None:
    """Append an entry to the table in use."""
    __e820_add_region(k, k.e820, start, size, type)


@kfunc
def e820_print_type(k: Kernel, type: int) -> None:
    """Print a type's name onto the open line."""
    k.pr_cont(_PRINTED.get(type) or f"type {type}")


@kfunc
def e820_print_map(k: Kernel, who: str) -> None:
    """Print the table, a line each, with the source `who` in front."""
    for e in k.e820.map:
        last = (e.addr + e.size - 1) & U64_MAX
        k.printk(KERN_INFO, f"{who}: [mem {e.addr:#018x}-{last:#018x}] ")
        e820_print_type(k, e.type)
        k.pr_cont("\n")


class change_member:
    """An address at which entry `pbios` begins or ends."""

    __slots__ = ("addr", "pbios")

    def __init__(self, addr: int, pbios: e820entry) -> None:
        self.addr, self.pbios = addr, pbios


@kfunc
def cpcompare(k: Kernel, a: change_member, b: change_member) -> int:
    """Order change points by address; at one address, beginnings come before ends."""
    if a.addr != b.addr:
        return 1 if a.addr > b.addr else -1
    return (a.addr != a.pbios.addr) - (b.addr != b.pbios.addr)


@kfunc
def sanitize_e820_map(k: Kernel, biosmap: list[e820entry], max_nr_map: int) -> int:
    """Sort `biosmap` in place and resolve its overlaps: where entries overlap, the highest type wins.

    Neighbours of one type become one entry. Returns 0; or -1 with the map unchanged when it has fewer than
    two entries or one that runs past the end of the address space.
    """
    if len(biosmap) < 2:
        return -1
    if len(biosmap) > max_nr_map:
        k.bug("sanitize_e820_map")
    if any(e.addr + e.size > U64_MAX for e in biosmap):
        return -1
    points = [change_member(addr, e) for e in biosmap if e.size for addr in (e.addr, e.addr + e.size)]
    sort(points, lambda a, b: cpcompare(k, a, b))
    k.step("change-points", points=len(points))
    biosmap[:] = _sweep(points, max_nr_map)
    return 0


def _sweep(points: list[change_member], max_nr_map: int) -> list[e820entry]:
    """Walk over the sorted change points and write down every stretch with one winning type."""
    overlap: list[e820entry] = []
    new: list[e820entry] = []
    last_type = last_addr = 0
    for point in points:
        if point.addr == point.pbios.addr:
            overlap.append(point.pbios)
        else:
            at = next(i for i, e in enumerate(overlap) if e is point.pbios)
            overlap[at] = overlap[-1]
            overlap.pop()
        current_type = max((e.type for e in overlap), default=0)
        if current_type == last_type:
            continue
        if last_type and point.addr != last_addr:
            new.append(e820entry(last_addr, point.addr - last_addr, last_type))
            if len(new) >= max_nr_map:
                break
        if current_type:
            last_addr = point.addr
        last_type = current_type
    return new


@kfunc
def __e820_update_range(
    k: Kernel, e820x: e820map, start: int, size: int, old_type: int, new_type: int
) -> int:
    """Turn what is of `old_type` in bytes `[start, start + size)` into `new_type`; returns how many bytes
    were.

    Pieces that split off are appended, so the table must be sanitised afterwards.
    """
    if old_type == new_type:
        k.bug("__e820_update_range")
    size = min(size, U64_MAX - start)
    end = start + size
    k.printk(KERN_DEBUG, f"e820: update [mem {start:#010x}-{(end - 1) & U64_MAX:#010x}] ")
    e820_print_type(k, old_type)
    k.pr_cont(" ==> ")
    e820_print_type(k, new_type)
    k.pr_cont("\n")

    updated, i = 0, 0
    while i < e820x.nr_map:
        e = e820x.map[i]
        i += 1
        if e.type != old_type:
            continue
        e_end = (e.addr + e.size) & U64_MAX
        if e.addr >= start and e_end <= end:
            e.type = new_type
            updated += e.size
            continue
        if e.addr < start and e_end > end:
            __e820_add_region(k, e820x, start, size, new_type)
            __e820_add_region(k, e820x, end, e_end - end, e.type)
            e.size = start - e.addr
            updated += size
            continue
        final_start, final_end = max(start, e.addr), min(end, e_end)
        if final_start >= final_end:
            continue
        __e820_add_region(k, e820x, final_start, final_end - final_start, new_type)
        updated += final_end - final_start
        _cut(e, final_start, final_end)
    return updated & U64_MAX


def _cut(e: e820entry, start: int, end: int) -> None:
    """Take `[start, end)`, the head or the tail of `e`, out of it."""
    e.size -= end - start
    if e.addr >= start:
        e.addr = end


@kfunc
def e820_update_range(k: Kernel, start: int, size: int, old_type: int, new_type: int) -> int:
    """__e820_update_range() on the table in use."""
    return __e820_update_range(k, k.e820, start, size, old_type, new_type)


@kfunc
def e820_update_range_saved(k: Kernel, start: int, size: int, old_type: int, new_type: int) -> int:
    """__e820_update_range() on the table as firmware gave it."""
    return __e820_update_range(k, k.e820_saved, start, size, old_type, new_type)


@kfunc
def e820_remove_range(k: Kernel, start: int, size: int, old_type: int, checktype: bool) -> int:
    """Take bytes `[start, start + size)` out of the table; with `checktype` only what is of `old_type`.

    Returns how many bytes were taken out. An entry that vanishes stays behind empty until the table is
    sanitised.
    """
    size = min(size, U64_MAX - start)
    end = start + size
    k.printk(KERN_DEBUG, f"e820: remove [mem {start:#010x}-{(end - 1) & U64_MAX:#010x}] ")
    if checktype:
        e820_print_type(k, old_type)
    k.pr_cont("\n")

    removed, i = 0, 0
    while i < k.e820.nr_map:
        e = k.e820.map[i]
        i += 1
        if checktype and e.type != old_type:
            continue
        e_end = (e.addr + e.size) & U64_MAX
        if e.addr >= start and e_end <= end:
            removed += e.size
            e.addr = e.size = e.type = 0
            continue
        if e.addr < start and e_end > end:
            e820_add_region(k, end, e_end - end, e.type)
            e.size = start - e.addr
            removed += size
            continue
        final_start, final_end = max(start, e.addr), min(end, e_end)
        if final_start >= final_end:
            continue
        removed += final_end - final_start
        _cut(e, final_start, final_end)
    return removed & U64_MAX


@kfunc
def update_e820(k: Kernel) -> None:
    """Sanitise and print the table after it was changed."""
    if sanitize_e820_map(k, k.e820.map, E820_X_MAX):
        return
    k.printk(KERN_INFO, "e820: modified physical RAM map:\n")
    e820_print_map(k, "modified")


@kfunc
def update_e820_saved(k: Kernel) -> None:
    """Sanitise the table as firmware gave it after it was changed."""
    sanitize_e820_map(k, k.e820_saved.map, E820_X_MAX)
