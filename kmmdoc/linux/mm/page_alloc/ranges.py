"""mm/page_alloc.c: what memblock knows about nodes, in page frames."""

from __future__ import annotations

from kmmdoc.linux.include.linux.memblock import MAX_NUMNODES, ULLONG_MAX
from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.mm.memblock import for_each_mem_pfn_range, memblock_search_pfn_nid
from kmmdoc.linux.mm.sparse import memory_present
from kmmdoc.linux.state import KERN_WARNING, Kernel

KFILE = "mm/page_alloc.c"


def clamp(value: int, low: int, high: int) -> int:
    """`value` within the limits; the upper one wins where they are the wrong way round."""
    return min(max(value, low), high)


@kfunc
def __early_pfn_to_nid(k: Kernel, pfn: int) -> int:
    """Node of the memory region that has `pfn`, -1 for none; the last region found is asked first."""
    start, end, nid = k.early_pfn_last
    if start <= pfn < end:
        return nid
    nid, start, end = memblock_search_pfn_nid(k, pfn)
    if nid != -1:
        k.early_pfn_last = (start, end, nid)
    return nid


@kfunc
def early_pfn_to_nid(k: Kernel, pfn: int) -> int:
    """Node of `pfn`; 0 where there is no memory."""
    return max(__early_pfn_to_nid(k, pfn), 0)


@kfunc
def early_pfn_in_nid(k: Kernel, pfn: int, node: int) -> bool:
    """May `pfn` be of `node`? Only what is known to be of another node is not."""
    nid = __early_pfn_to_nid(k, pfn)
    return nid < 0 or nid == node


@kfunc
def sparse_memory_present_with_active_regions(k: Kernel, nid: int) -> None:
    """Mark the sections of every memory region of `nid` (MAX_NUMNODES: all)."""
    for start_pfn, end_pfn, this_nid in for_each_mem_pfn_range(k, nid):
        memory_present(k, this_nid, start_pfn, end_pfn)


@kfunc
def get_pfn_range_for_nid(k: Kernel, nid: int) -> tuple[int, int]:
    """First page frame of `nid` and the one after its last; (0, 0) where it has none."""
    spans = list(for_each_mem_pfn_range(k, nid))
    if not spans:
        return 0, 0
    return min(s for s, _, _ in spans), max(e for _, e, _ in spans)


@kfunc
def __absent_pages_in_range(k: Kernel, nid: int, range_start_pfn: int, range_end_pfn: int) -> int:
    """Page frames of the range that are not memory of `nid` (MAX_NUMNODES: of any node), in 64 bits.

    A range that ends before it starts gives what is missing to 2^64, as there.
    """
    nr_absent = range_end_pfn - range_start_pfn
    for start, end, _ in for_each_mem_pfn_range(k, nid):
        start = clamp(start, range_start_pfn, range_end_pfn)
        end = clamp(end, range_start_pfn, range_end_pfn)
        nr_absent -= end - start
    return nr_absent & ULLONG_MAX


@kfunc
def absent_pages_in_range(k: Kernel, start_pfn: int, end_pfn: int) -> int:
    """Page frames of the range that are no memory."""
    return __absent_pages_in_range(k, MAX_NUMNODES, start_pfn, end_pfn)


@kfunc
def setup_nr_node_ids(k: Kernel) -> None:
    """Node numbers end at the highest possible node."""
    k.nr_node_ids = max(k.node_states["N_POSSIBLE"], default=0) + 1


@kfunc
def node_map_pfn_alignment(k: Kernel) -> int:
    """Largest power of two, in pages, at which all borders between nodes lie; 0 for a single node."""
    accl_mask, last_end, last_nid = 0, 0, -1
    for start, end, nid in for_each_mem_pfn_range(k, MAX_NUMNODES):
        if not start or last_nid < 0 or last_nid == nid:
            last_nid, last_end = nid, end
            continue
        # The finest mask that keeps the start; then coarser ones while they still tell the two apart.
        mask = -(start & -start) & ULLONG_MAX
        while mask and last_end <= (start & (mask << 1) & ULLONG_MAX):
            mask = (mask << 1) & ULLONG_MAX
        accl_mask |= mask
    return (~accl_mask + 1) & ULLONG_MAX


@kfunc
def find_min_pfn_for_node(k: Kernel, nid: int) -> int:
    """Lowest page frame of `nid` (MAX_NUMNODES: of all); 0, with a warning, where it has none."""
    lowest = min((start for start, _, _ in for_each_mem_pfn_range(k, nid)), default=None)
    if lowest is None:
        k.printk(KERN_WARNING, f"Could not find start_pfn for node {nid}\n")
        return 0
    return lowest


@kfunc
def find_min_pfn_with_active_regions(k: Kernel) -> int:
    """Lowest page frame of memory."""
    return find_min_pfn_for_node(k, MAX_NUMNODES)
