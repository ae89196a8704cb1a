"""kernel/events/hw_breakpoint.c: who holds which breakpoint register."""

from __future__ import annotations

from kmmdoc.linux.include.linux.gfp import GFP_KERNEL
from kmmdoc.linux.include.linux.slab import kcalloc
from kmmdoc.linux.kernel.events.core import perf_pmu_register
from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.state import Kernel

KFILE = "kernel/events/hw_breakpoint.c"

HBP_NUM = 4
"""Breakpoint registers of an x86 CPU; code and data share them."""


@kfunc
def init_hw_breakpoint(k: Kernel) -> int:
    """A table for each possible CPU of how many tasks hold how many registers."""
    for _ in k.cpu_possible_mask:
        if not kcalloc(k, HBP_NUM, 4, GFP_KERNEL):
            return -12
    return perf_pmu_register(k, "breakpoint")
