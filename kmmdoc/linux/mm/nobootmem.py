"""mm/nobootmem.c: the bootmem interface on top of memblock, and freeing through it.

The hand-over of the remaining memory to the page allocator (free_all_bootmem() and below) is in
`nobootmem_free`.

Addresses returned are direct-map addresses, 0 for none; `goal`, `limit` and what is freed are physical.
"""

from __future__ import annotations

from kmmdoc.linux.include.linux.memblock import NUMA_NO_NODE
from kmmdoc.linux.include.linux.mmzone import pglist_data
from kmmdoc.linux.include.linux.slab import kzalloc, kzalloc_node
from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.mm.memblock import memblock_find_in_range_node, memblock_free, memblock_reserve
from kmmdoc.linux.mm.slab_common import slab_is_available
from kmmdoc.linux.state import KERN_ALERT, Kernel, __va

KFILE = "mm/nobootmem.c"

NO_LIMIT = 0xFFFF_FFFF_FFFF_FFFF
ARCH_LOW_ADDRESS_LIMIT = 0xFFFF_FFFF
GFP_NOWAIT = 0


@kfunc
def __alloc_memory_core_early(k: Kernel, nid: int, size: int, align: int, goal: int, limit: int) -> int:
    """Reserve and clear `size` bytes in `[goal, limit)` on `nid`; limit 0 means memblock's own."""
    limit = min(limit, k.memblock.current_limit)
    addr = memblock_find_in_range_node(k, size, align, goal, limit, nid)
    if not addr or memblock_reserve(k, addr, size):
        return 0
    return __va(addr)


@kfunc
def free_bootmem_node(k: Kernel, pgdat: pglist_data, physaddr: int, size: int) -> None:
    """Give back bytes `[physaddr, physaddr + size)`; the node does not matter."""
    memblock_free(k, physaddr, size)


@kfunc
def free_bootmem(k: Kernel, addr: int, size: int) -> None:
    """Give back bytes `[addr, addr + size)`."""
    memblock_free(k, addr, size)


@kfunc
def ___alloc_bootmem_nopanic(k: Kernel, size: int, align: int, goal: int, limit: int) -> int:
    """`size` bytes from `goal` on, else anywhere below `limit`."""
    if slab_is_available(k):
        k.warn_once("___alloc_bootmem_nopanic: slab is available\n")
        return int(kzalloc(k, size, GFP_NOWAIT))
    ptr = __alloc_memory_core_early(k, NUMA_NO_NODE, size, align, goal, limit)
    if not ptr and goal:
        ptr = __alloc_memory_core_early(k, NUMA_NO_NODE, size, align, 0, limit)
    return ptr


@kfunc
def __alloc_bootmem_nopanic(k: Kernel, size: int, align: int, goal: int) -> int:
    """`size` bytes from `goal` on, else anywhere."""
    return ___alloc_bootmem_nopanic(k, size, align, goal, NO_LIMIT)


def _or_panic(k: Kernel, mem: int, size: int) -> int:
    if not mem:
        k.printk(KERN_ALERT, f"bootmem alloc of {size} bytes failed!\n")
        k.panic("Out of memory")
    return mem


@kfunc
def ___alloc_bootmem(k: Kernel, size: int, align: int, goal: int, limit: int) -> int:
    """`size` bytes from `goal` on, else anywhere below `limit`, else panic."""
    return _or_panic(k, ___alloc_bootmem_nopanic(k, size, align, goal, limit), size)


@kfunc
def __alloc_bootmem(k: Kernel, size: int, align: int, goal: int) -> int:
    """`size` bytes from `goal` on, else anywhere, else panic."""
    return ___alloc_bootmem(k, size, align, goal, NO_LIMIT)


@kfunc
def ___alloc_bootmem_node_nopanic(
    k: Kernel, pgdat: pglist_data, size: int, align: int, goal: int, limit: int
) -> int:
    """`size` bytes from `goal` on: on the node, else on any; then the same without the goal."""
    for start in (goal, 0) if goal else (0,):
        for nid in (pgdat.node_id, NUMA_NO_NODE):
            ptr = __alloc_memory_core_early(k, nid, size, align, start, limit)
            if ptr:
                return ptr
    return 0


def _slab_instead(k: Kernel, where: str, size: int, nid: int) -> int | None:
    """What the slab allocator gives once it runs (asking bootmem then is worth a warning); None before."""
    if not slab_is_available(k):
        return None
    k.warn_once(f"{where}: slab is available\n")
    return int(kzalloc_node(k, size, GFP_NOWAIT, nid))


@kfunc
def __alloc_bootmem_node_nopanic(k: Kernel, pgdat: pglist_data, size: int, align: int, goal: int) -> int:
    """`size` bytes from `goal` on, preferably on the node."""
    from_slab = _slab_instead(k, "__alloc_bootmem_node_nopanic", size, pgdat.node_id)
    if from_slab is not None:
        return from_slab
    return ___alloc_bootmem_node_nopanic(k, pgdat, size, align, goal, 0)


@kfunc
def ___alloc_bootmem_node(k: Kernel, pgdat: pglist_data, size: int, align: int, goal: int, limit: int) -> int:
    """`size` bytes from `goal` on, preferably on the node, else panic."""
    return _or_panic(k, ___alloc_bootmem_node_nopanic(k, pgdat, size, align, goal, limit), size)


@kfunc
def __alloc_bootmem_node(k: Kernel, pgdat: pglist_data, size: int, align: int, goal: int) -> int:
    """`size` bytes from `goal` on, preferably on the node, else panic."""
    from_slab = _slab_instead(k, "__alloc_bootmem_node", size, pgdat.node_id)
    if from_slab is not None:
        return from_slab
    return ___alloc_bootmem_node(k, pgdat, size, align, goal, 0)


@kfunc
def __alloc_bootmem_node_high(k: Kernel, pgdat: pglist_data, size: int, align: int, goal: int) -> int:
    """The same as __alloc_bootmem_node()."""
    return __alloc_bootmem_node(k, pgdat, size, align, goal)


@kfunc
def __alloc_bootmem_low(k: Kernel, size: int, align: int, goal: int) -> int:
    """`size` bytes below 4 GiB, else panic."""
    return ___alloc_bootmem(k, size, align, goal, ARCH_LOW_ADDRESS_LIMIT)


@kfunc
def __alloc_bootmem_low_nopanic(k: Kernel, size: int, align: int, goal: int) -> int:
    """`size` bytes below 4 GiB."""
    return ___alloc_bootmem_nopanic(k, size, align, goal, ARCH_LOW_ADDRESS_LIMIT)


@kfunc
def __alloc_bootmem_low_node(k: Kernel, pgdat: pglist_data, size: int, align: int, goal: int) -> int:
    """`size` bytes below 4 GiB, preferably on the node, else panic."""
    from_slab = _slab_instead(k, "__alloc_bootmem_low_node", size, pgdat.node_id)
    if from_slab is not None:
        return from_slab
    return ___alloc_bootmem_node(k, pgdat, size, align, goal, ARCH_LOW_ADDRESS_LIMIT)
