"""Calls of functions on other CPUs, as far as they take memory."""

from __future__ import annotations

from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.mm.percpu.alloc import __alloc_percpu
from kmmdoc.linux.state import Kernel

KFILE = "kernel/smp.c"


@kfunc
def hotplug_cfd(k: Kernel, cpu: int) -> int:
    """For a CPU that comes up: a call descriptor of 32 bytes to every CPU."""
    return 0 if __alloc_percpu(k, 32, 8) else -12


@kfunc
def call_function_init(k: Kernel) -> None:
    """Make the boot CPU able to call the others."""
    hotplug_cfd(k, 0)
