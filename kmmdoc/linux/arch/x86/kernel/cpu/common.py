"""arch/x86/kernel/cpu/common.c."""

from __future__ import annotations

from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.state import Kernel


@kfunc
def setup_cpu_local_masks(k: Kernel) -> None:
    """Make room for the masks of CPUs that are starting.

    Here they are static: only very large builds allocate them.
    """
