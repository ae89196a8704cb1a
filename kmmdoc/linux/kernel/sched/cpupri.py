"""kernel/sched/cpupri.c: which priority each CPU runs at."""

from __future__ import annotations

from kmmdoc.linux.include.linux.gfp import GFP_KERNEL
from kmmdoc.linux.include.linux.slab import kcalloc
from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.state import Kernel

KFILE = "kernel/sched/cpupri.c"


@kfunc
def cpupri_init(k: Kernel) -> int:
    """An int for every CPU number."""
    return 0 if kcalloc(k, k.nr_cpu_ids, 4, GFP_KERNEL) else -12
