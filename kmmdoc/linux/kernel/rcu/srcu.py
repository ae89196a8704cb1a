"""kernel/rcu/srcu.c: read-copy-update whose readers may sleep."""

from __future__ import annotations

from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.mm.percpu.alloc import __alloc_percpu
from kmmdoc.linux.state import Kernel

KFILE = "kernel/rcu/srcu.c"


@kfunc
def init_srcu_struct(k: Kernel) -> int:
    """Two pairs of counters on every CPU."""
    return 0 if __alloc_percpu(k, 4 * 8, 8) else -12
