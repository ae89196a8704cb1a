"""arch/x86/mm/amdtopology.c: nodes of old AMD processors, read out of their memory controllers."""

from __future__ import annotations

from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.state import Kernel

ENOENT = 2


@kfunc
def amd_numa_init(k: Kernel) -> int:
    """Ask the northbridges of AMD K8 to family 15h, which name their nodes themselves.

    Simplified: no machine description has such a northbridge, so the answer is always -ENOENT.
    """
    return -ENOENT
