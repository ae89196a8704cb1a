"""mm/util.c: copies of texts."""

from __future__ import annotations

from kmmdoc.linux.kfunc import extern, kfunc
from kmmdoc.linux.state import Kernel

__kmalloc_track_caller = extern("__kmalloc_track_caller")


@kfunc
def kstrdup(k: Kernel, s: str | None, gfp: int) -> int:
    """Memory for a copy of `s` and its closing zero: the address, 0 on failure or for no text."""
    if s is None:
        return 0
    return int(__kmalloc_track_caller(k, len(s) + 1, gfp))
