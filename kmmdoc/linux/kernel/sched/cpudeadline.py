"""kernel/sched/cpudeadline.c: the heap of the CPUs' earliest deadlines."""

from __future__ import annotations

from kmmdoc.linux.include.linux.gfp import GFP_KERNEL
from kmmdoc.linux.include.linux.slab import kcalloc
from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.state import Kernel

KFILE = "kernel/sched/cpudeadline.c"


@kfunc
def cpudl_init(k: Kernel) -> int:
    """An entry of 16 bytes (deadline, CPU, index) for every CPU number."""
    return 0 if kcalloc(k, k.nr_cpu_ids, 16, GFP_KERNEL) else -12
