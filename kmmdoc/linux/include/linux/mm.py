"""include/linux/mm.h: what start_kernel() finds there."""

from __future__ import annotations

from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.state import Kernel

KFILE = "include/linux/mm.h"


@kfunc
def pgtable_init(k: Kernel) -> None:
    """Set up caches for page tables and their locks. None is needed: both fit where they are."""
