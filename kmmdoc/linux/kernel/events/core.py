"""kernel/events/core.c: counters for profiling, as far as they take memory."""

from __future__ import annotations

from kmmdoc.linux.kernel.rcu.srcu import init_srcu_struct
from kmmdoc.linux.kfunc import extern, kfunc
from kmmdoc.linux.mm.percpu.alloc import __alloc_percpu
from kmmdoc.linux.state import Kernel

KFILE = "kernel/events/core.c"

PERF_CPU_CONTEXT_SIZE = 504
"""Bytes of a struct perf_cpu_context in a 64-bit defconfig build."""

init_hw_breakpoint = extern("init_hw_breakpoint")


@kfunc
def perf_pmu_register(k: Kernel, name: str | None) -> int:
    """Add a source of events, all of them software here: they share the context that the first one makes."""
    if not __alloc_percpu(k, 4, 4):
        return -12
    if not k.perf_sw_context:
        k.perf_sw_context = __alloc_percpu(k, PERF_CPU_CONTEXT_SIZE, 8)
    return 0 if k.perf_sw_context else -12


@kfunc
def perf_event_init(k: Kernel) -> None:
    """Set the software sources up: events, two clocks, trace points, breakpoints."""
    init_srcu_struct(k)
    for name in ("software", None, None, "tracepoint"):
        perf_pmu_register(k, name)
    init_hw_breakpoint(k)
