"""arch/x86/mm/init.c: parts of the kernel image and the initial RAM disk are not needed any more."""

from __future__ import annotations

from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.mm.page_alloc.reserved import free_reserved_area
from kmmdoc.linux.state import Kernel
from kmmdoc.model.quantities import PAGE_SIZE

KFILE = "arch/x86/mm/init.c"


@kfunc
def free_init_pages(k: Kernel, what: str, begin: int, end: int) -> None:
    """Give the pages of addresses `[begin, end)` to the page allocator.

    Simplified: the kernel first makes them writable and not executable again.
    """
    begin, end = -(-begin // PAGE_SIZE) * PAGE_SIZE, end & -PAGE_SIZE
    if begin < end:
        free_reserved_area(k, begin, end, what)


@kfunc
def free_initmem(k: Kernel) -> None:
    """Free the functions and data that only the boot uses."""
    free_init_pages(k, "unused kernel", k.build.symbol("__init_begin"), k.build.symbol("__init_end"))


@kfunc
def free_initrd_mem(k: Kernel, start: int, end: int) -> None:
    """Free the initial RAM disk at addresses `[start, end)`; it has its last page for itself."""
    free_init_pages(k, "initrd", start, -(-end // PAGE_SIZE) * PAGE_SIZE)
