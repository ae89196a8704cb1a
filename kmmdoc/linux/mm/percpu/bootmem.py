"""The out-of-line copy of an inline function that the compiler made for mm/percpu.c."""

from __future__ import annotations

from kmmdoc.linux.include.linux import bootmem
from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.state import Kernel

KFILE = "include/linux/bootmem.h"


@kfunc
def memblock_virt_alloc(k: Kernel, size: int, align: int) -> int:
    """`size` bytes anywhere, else panic: a direct-map address."""
    return bootmem.memblock_virt_alloc(k, size, align)
