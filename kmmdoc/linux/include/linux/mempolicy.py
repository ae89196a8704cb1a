"""A memory policy: which nodes an allocation may or should come from."""

from __future__ import annotations

from typing import NamedTuple

KFILE = "include/linux/mempolicy.h"

MPOL_DEFAULT, MPOL_PREFERRED, MPOL_BIND, MPOL_INTERLEAVE = range(4)


class mempolicy(NamedTuple):
    """`local` is MPOL_F_LOCAL, the node of the CPU rather than one of `nodes`, which are in order."""

    mode: int
    local: bool = False
    nodes: tuple[int, ...] = ()
