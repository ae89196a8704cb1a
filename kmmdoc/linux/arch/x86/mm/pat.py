"""arch/x86/mm/pat.c: which kind of caching each range of I/O memory is used with.

A kind is the pair of page-table bits that selects it. Simplified: the rules for RAM are left out, since
nobody maps RAM this way here; ranges are kept in a list, not in a tree.
"""

from __future__ import annotations

from kmmdoc.linux.arch.x86.mm.pat_types import memtype
from kmmdoc.linux.include.linux.gfp import GFP_KERNEL
from kmmdoc.linux.include.linux.slab import kzalloc
from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.mm.slub.free import kfree
from kmmdoc.linux.state import KERN_INFO, Kernel

_PAGE_CACHE_WB, _PAGE_CACHE_WC, _PAGE_CACHE_UC_MINUS, _PAGE_CACHE_UC = 0, 1 << 3, 1 << 4, 3 << 3
SIZEOF_MEMTYPE = 56
"""Bytes of a struct memtype: four words and a tree node."""
EBUSY, EINVAL, ENOMEM = 16, 22, 12


@kfunc
def pat_x_mtrr_type(k: Kernel, start: int, end: int, req_type: int) -> int:
    """Write-back only where the processor's memory ranges say so too, else uncached.

    Simplified: the memory type range registers are not modelled. Firmware makes what is no RAM below
    4 GiB uncached; all above counts as write-back.
    """
    if req_type == _PAGE_CACHE_WB and start < 1 << 32:
        return _PAGE_CACHE_UC_MINUS
    return req_type


@kfunc
def rbt_memtype_check_insert(k: Kernel, start: int, end: int, req_type: int) -> int:
    """The kind for `[start, end)`: that of what it overlaps, -EBUSY where those differ, else `req_type`."""
    found = {entry.type for entry in k.memtypes if entry.start < end and start < entry.end}
    if len(found) > 1:
        return -EBUSY
    return found.pop() if found else req_type


@kfunc
def reserve_memtype(k: Kernel, start: int, end: int, req_type: int) -> int:
    """Reserve `[start, end)` (physical): the kind of caching it gets, or a negative error."""
    actual = pat_x_mtrr_type(k, start, end, req_type)
    address = kzalloc(k, SIZEOF_MEMTYPE, GFP_KERNEL)
    if not address:
        return -ENOMEM
    kind = rbt_memtype_check_insert(k, start, end, actual)
    if kind < 0:
        k.printk(KERN_INFO, f"reserve_memtype failed [mem {start:#010x}-{end - 1:#010x}]\n")
        kfree(k, address)
        return kind
    k.memtypes.append(memtype(start, end, kind, address))
    return kind


@kfunc
def free_memtype(k: Kernel, start: int, end: int) -> int:
    """Give up a reservation of exactly `[start, end)`: 0 or -EINVAL."""
    for entry in k.memtypes:
        if (entry.start, entry.end) == (start, end):
            k.memtypes.remove(entry)
            kfree(k, entry.address)
            return 0
    text = f"swapper:0 freeing invalid memtype [mem {start:#010x}-{end - 1:#010x}]\n"
    k.printk(KERN_INFO, text)
    return -EINVAL
