"""mm/memblock.c, allocating: find, reserve, and what to do when nothing is found.

Addresses are physical, except those of the virt_alloc family, which are direct-map addresses (0: none).
"""

from __future__ import annotations

from kmmdoc.linux.include.linux.memblock import MEMBLOCK_ALLOC_ACCESSIBLE, NUMA_NO_NODE
from kmmdoc.linux.include.linux.slab import kzalloc_node
from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.mm.memblock.find import memblock_find_in_range_node
from kmmdoc.linux.mm.memblock.iterate import no_max_numnodes
from kmmdoc.linux.mm.memblock.regions import memblock_reserve, release, span_text
from kmmdoc.linux.mm.page_alloc.free import __free_pages_bootmem
from kmmdoc.linux.mm.slab_common import slab_is_available
from kmmdoc.linux.state import KERN_INFO, Kernel, __va

KFILE = "mm/memblock.c"

SMP_CACHE_BYTES = 64
GFP_NOWAIT = 0


@kfunc
def memblock_alloc_range_nid(k: Kernel, size: int, align: int, start: int, end: int, nid: int) -> int:
    """Reserve `size` free bytes in `[start, end)` on `nid`; their address, or 0."""
    found = memblock_find_in_range_node(k, size, align or SMP_CACHE_BYTES, start, end, nid)
    if found and not memblock_reserve(k, found, size):
        return found
    return 0


@kfunc
def memblock_alloc_range(k: Kernel, size: int, align: int, start: int, end: int) -> int:
    """Reserve `size` free bytes in `[start, end)`; their address, or 0."""
    return memblock_alloc_range_nid(k, size, align, start, end, NUMA_NO_NODE)


@kfunc
def memblock_alloc_base_nid(k: Kernel, size: int, align: int, max_addr: int, nid: int) -> int:
    """Reserve `size` free bytes below `max_addr` on `nid`; their address, or 0."""
    return memblock_alloc_range_nid(k, size, align, 0, max_addr, nid)


@kfunc
def memblock_alloc_nid(k: Kernel, size: int, align: int, nid: int) -> int:
    """Reserve `size` free bytes on `nid`; their address, or 0."""
    return memblock_alloc_base_nid(k, size, align, MEMBLOCK_ALLOC_ACCESSIBLE, nid)


@kfunc
def __memblock_alloc_base(k: Kernel, size: int, align: int, max_addr: int) -> int:
    """Reserve `size` free bytes below `max_addr`; their address, or 0."""
    return memblock_alloc_base_nid(k, size, align, max_addr, NUMA_NO_NODE)


@kfunc
def memblock_alloc_base(k: Kernel, size: int, align: int, max_addr: int) -> int:
    """Reserve `size` free bytes below `max_addr`; their address. Panics when there is no room."""
    found = __memblock_alloc_base(k, size, align, max_addr)
    if found == 0:
        k.panic(f"ERROR: Failed to allocate 0x{size:x} bytes below 0x{max_addr:x}.\n")
    return found


@kfunc
def memblock_alloc(k: Kernel, size: int, align: int) -> int:
    """Reserve `size` free bytes; their address. Panics when there is no room."""
    return memblock_alloc_base(k, size, align, MEMBLOCK_ALLOC_ACCESSIBLE)


@kfunc
def memblock_alloc_try_nid(k: Kernel, size: int, align: int, nid: int) -> int:
    """Reserve `size` free bytes on `nid`, else anywhere; their address. Panics when there is no room."""
    found = memblock_alloc_nid(k, size, align, nid)
    return found or memblock_alloc_base(k, size, align, MEMBLOCK_ALLOC_ACCESSIBLE)


@kfunc
def memblock_virt_alloc_internal(
    k: Kernel, size: int, align: int, min_addr: int, max_addr: int, nid: int
) -> int:
    """Reserve and clear `size` bytes: on `nid`, else on any node, else below `min_addr` too; address or 0."""
    nid = no_max_numnodes(k, nid)
    if slab_is_available(k):
        k.warn_once("memblock_virt_alloc_internal: slab is available\n")
        return int(kzalloc_node(k, size, GFP_NOWAIT, nid))
    align = align or SMP_CACHE_BYTES
    max_addr = min(max_addr, k.memblock.current_limit)
    nodes = (nid,) if nid == NUMA_NO_NODE else (nid, NUMA_NO_NODE)
    for low in (min_addr, 0) if min_addr else (0,):
        for node in nodes:
            found = memblock_find_in_range_node(k, size, align, low, max_addr, node)
            if found:
                memblock_reserve(k, found, size)
                return __va(found)
    return 0


def _request_text(size: int, align: int, min_addr: int, max_addr: int, nid: int) -> str:
    return f"{size} bytes align=0x{align:x} nid={nid} from=0x{min_addr:x} max_addr=0x{max_addr:x}"


@kfunc
def memblock_virt_alloc_try_nid_nopanic(
    k: Kernel, size: int, align: int, min_addr: int, max_addr: int, nid: int
) -> int:
    """Reserve and clear `size` bytes, preferably on `nid` and from `min_addr` on; their address, or 0."""
    if k.memblock_debug:
        text = _request_text(size, align, min_addr, max_addr, nid)
        k.printk(KERN_INFO, f"memblock_virt_alloc_try_nid_nopanic: {text} {k.caller()}\n")
    return memblock_virt_alloc_internal(k, size, align, min_addr, max_addr, nid)


@kfunc
def memblock_virt_alloc_try_nid(
    k: Kernel, size: int, align: int, min_addr: int, max_addr: int, nid: int
) -> int:
    """As memblock_virt_alloc_try_nid_nopanic(), but panics when there is no room."""
    text = _request_text(size, align, min_addr, max_addr, nid)
    if k.memblock_debug:
        k.printk(KERN_INFO, f"memblock_virt_alloc_try_nid: {text} {k.caller()}\n")
    found = memblock_virt_alloc_internal(k, size, align, min_addr, max_addr, nid)
    if not found:
        k.panic(f"memblock_virt_alloc_try_nid: Failed to allocate {text}\n")
    return found


@kfunc
def __memblock_free_early(k: Kernel, base: int, size: int) -> None:
    """Give back bytes `[base, base + size)` (physical) that the virt_alloc family reserved."""
    if k.memblock_debug:
        k.printk(KERN_INFO, f"__memblock_free_early: {span_text(base, size)} {k.caller()}\n")
    release(k, base, size)


@kfunc
def __memblock_free_late(k: Kernel, base: int, size: int) -> None:
    """Give the whole pages of `[base, base + size)` (physical) to the page allocator, which already runs."""
    if k.memblock_debug:
        k.printk(KERN_INFO, f"__memblock_free_late: {span_text(base, size)} {k.caller()}\n")
    for pfn in range((base + 4095) >> 12, (base + size) >> 12):
        __free_pages_bootmem(k, pfn, 0)
        k.totalram_pages += 1
