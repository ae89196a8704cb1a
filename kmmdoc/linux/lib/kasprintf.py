"""lib/kasprintf.c: a formatted text in memory of its own."""

from __future__ import annotations

from kmmdoc.linux.kfunc import extern, kfunc
from kmmdoc.linux.state import Kernel

__kmalloc_track_caller = extern("__kmalloc_track_caller")


@kfunc
def kvasprintf(k: Kernel, gfp: int, text: str) -> int:
    """Memory for `text`, which is formatted already, and its closing zero: the address, 0 on failure."""
    return int(__kmalloc_track_caller(k, len(text) + 1, gfp))


@kfunc
def kasprintf(k: Kernel, gfp: int, text: str) -> int:
    """Memory for `text`: the address, 0 on failure."""
    return int(kvasprintf(k, gfp, text))
