"""arch/x86/kernel/setup.c, the brk area: memory behind the image for the first needs."""

from __future__ import annotations

from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.mm.memblock import memblock_reserve
from kmmdoc.linux.state import Kernel

KFILE = "arch/x86/kernel/setup.c"


@kfunc
def extend_brk(k: Kernel, size: int, align: int) -> int:
    """Take `size` bytes out of the brk area. Returns their address in the image's mapping."""
    if not k._brk_start or align & (align - 1):
        k.bug("extend_brk")
    k._brk_end = -(-k._brk_end // align) * align
    if k._brk_end + size > k.build.symbol("__brk_limit"):
        k.bug("extend_brk")
    address = k._brk_end
    k._brk_end += size
    return address


@kfunc
def reserve_brk(k: Kernel) -> None:
    """Reserve what was taken of the brk area and close it."""
    if k._brk_end > k._brk_start:
        memblock_reserve(k, k.pa_symbol("__brk_base"), k._brk_end - k._brk_start)
    k._brk_start = 0
