"""lib/ioremap.c: page tables for I/O memory."""

from __future__ import annotations

from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.mm.vmalloc.mapping import add_tables
from kmmdoc.linux.state import Kernel
from kmmdoc.model.quantities import PAGE_SHIFT


@kfunc
def ioremap_page_range(k: Kernel, addr: int, end: int, phys_addr: int, prot: int) -> int:
    """Map the memory at `phys_addr` to `[addr, end)` in pages of 4 KiB: 0 or -ENOMEM."""
    error = add_tables(k, addr, end)
    if not error:
        k.init_pgt.map_run(addr, phys_addr, 1, end - addr >> PAGE_SHIFT, prot)
    return error
