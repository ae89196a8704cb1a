"""kernel/rcu/tree.c: read-copy-update. It allocates nothing here: its trees are part of the image.

Simplified: no grace period ever ends while the boot is simulated, so what is to be freed after one stays.
"""

from __future__ import annotations

from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.state import Kernel

KFILE = "kernel/rcu/tree.c"


@kfunc
def rcu_init_one(k: Kernel) -> None:
    """Build one of the two trees of CPUs."""


@kfunc
def rcu_init(k: Kernel) -> None:
    """Set read-copy-update up."""
    rcu_init_one(k)
    rcu_init_one(k)


@kfunc
def call_rcu(k: Kernel, function: str, item: object) -> None:
    """Have `function` called with `item` when no reader can see it any more."""
    k.rcu_callbacks.append((function, item))


@kfunc
def kfree_call_rcu(k: Kernel, address: int) -> None:
    """kfree_rcu(): free memory when no reader can see it any more."""
    k.rcu_callbacks.append(("kfree", address))
