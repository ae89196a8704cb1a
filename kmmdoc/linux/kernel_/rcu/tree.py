"""kernel/rcu/tree.c: read-copy-update. It allocates nothing here: its trees are part of the image."""

from __future__ import annotations

from kmmdoc.linux.kernel import Kernel
from kmmdoc.linux.kfunc import kfunc

KFILE = "kernel/rcu/tree.c"


@kfunc
def rcu_init_one(k: Kernel) -> None:
    """Build one of the two trees of CPUs."""


@kfunc
def rcu_init(k: Kernel) -> None:
    """Set read-copy-update up.

    Simplified: no callback ever runs in the simulated boot.
    """
    rcu_init_one(k)
    rcu_init_one(k)
