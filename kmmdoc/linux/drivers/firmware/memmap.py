"""drivers/firmware/memmap.c: the firmware's map, kept for /sys/firmware/memmap."""

from __future__ import annotations

from kmmdoc.linux.include.linux.bootmem import memblock_virt_alloc
from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.state import Kernel


@kfunc
def firmware_map_add_early(k: Kernel, start: int, end: int, type: str) -> int:
    """Keep one entry, `[start, end)`, in memory taken from memblock."""
    memblock_virt_alloc(k, k.build.sizeof("firmware_map_entry"), 0)
    k.firmware_map.append((start, end - 1, type))
    return 0
