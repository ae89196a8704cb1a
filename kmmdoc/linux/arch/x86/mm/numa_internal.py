"""What the files of NUMA start-up share (arch/x86/mm/numa_internal.h)."""

from __future__ import annotations


class numa_memblk:
    """Bytes `[start, end)` belong to node `nid`."""

    __slots__ = ("end", "nid", "start")

    def __init__(self, start: int, end: int, nid: int) -> None:
        self.start, self.end, self.nid = start, end, nid
