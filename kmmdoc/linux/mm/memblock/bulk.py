"""Many equal allocations in a row, in one step.

This stands for no kernel code. A loop that takes one page after the other from memblock, top-down, gets
each directly below the last until the free range is used up. The loop runs once for all of those, marked as
repeated in the trace, and the rest is reserved here.
"""

from __future__ import annotations

from kmmdoc.linux.include.linux.memblock import MAX_NUMNODES
from kmmdoc.linux.state import Kernel
from kmmdoc.model.trace import Reserve

PAGE_SIZE = 4096


def more_below(k: Kernel, found: int, size: int, low: int = 0) -> int:
    """How many more blocks of `size` bytes would each be allocated directly below the last one.

    `found` (physical) is the last one, just reserved; blocks stay above `low`. The one that would use the
    range up is not counted, since it goes another way: its region merges with the next one. With
    memblock=debug every allocation has a line of its own, and there are none.
    """
    if k.memblock_debug or k.memblock.bottom_up:
        return 0
    memory = next((r for r in k.memblock.memory.regions if r.base < found <= r.end), None)
    at = next((i for i, r in enumerate(k.memblock.reserved.regions) if r.base == found), None)
    if memory is None or at is None or k.memblock.reserved.regions[at].nid != MAX_NUMNODES:
        return 0
    below = k.memblock.reserved.regions[at - 1].end if at else 0
    bottom = max(memory.base, below, low, PAGE_SIZE)
    return max((found - bottom - 1) // size, 0)


def take_below(k: Kernel, found: int, nbytes: int) -> None:
    """Reserve `nbytes` more directly below `found`, where a reserved region begins."""
    region = next(r for r in k.memblock.reserved.regions if r.base == found)
    region.base -= nbytes
    region.size += nbytes
    k.memblock.reserved.total_size += nbytes
    k.events.append(Reserve(region.base, nbytes))
