"""arch/x86/mm/numa_64.c."""

from __future__ import annotations

from kmmdoc.linux.arch.x86.mm.numa import x86_numa_init
from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.state import Kernel


@kfunc
def initmem_init(k: Kernel) -> None:
    """Find out about nodes."""
    x86_numa_init(k)
