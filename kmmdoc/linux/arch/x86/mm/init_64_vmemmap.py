"""arch/x86/mm/init_64.c, the virtual memory map: its large pages."""

from __future__ import annotations

from kmmdoc.linux.arch.x86.mm.init_64 import sync_global_pgds
from kmmdoc.linux.arch.x86.mm.pgtable_ext import PAGE_KERNEL_LARGE
from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.mm.sparse_vmemmap import (
    PMD_SIZE,
    vmemmap_alloc_block_buf,
    vmemmap_pgd_populate,
    vmemmap_pud_populate,
)
from kmmdoc.linux.state import KERN_DEBUG, Kernel, __pa

KFILE = "arch/x86/mm/init_64.c"


def _print_block(k: Kernel) -> None:
    k.printk(
        KERN_DEBUG,
        f" [{k.vmemmap_addr_start:x}-{k.vmemmap_addr_end - 1:x}] PMD ->"
        f" [{k.vmemmap_p_start:016x}-{k.vmemmap_p_end - 1:016x}] on node {k.vmemmap_node_start}\n",
    )


@kfunc
def vmemmap_populate_hugepages(k: Kernel, start: int, end: int, node: int) -> int:
    """Map `[start, end)` of the memory map with large pages of `node`; 0.

    More than one page at a time needs no new page table and comes out of the node's buffer, in a row.
    Simplified: falling back to small pages, and a large page that two sections share, are left out; the
    first needs a buffer that ran out, the second a struct page of another size.
    """
    vmemmap_pgd_populate(k, start, node)
    vmemmap_pud_populate(k, start, node)
    p = vmemmap_alloc_block_buf(k, PMD_SIZE, node)
    count = (end - start) // PMD_SIZE
    k.vmemmap_buf += (count - 1) * PMD_SIZE
    k.init_pgt.map_run(start, __pa(p), 2, count, PAGE_KERNEL_LARGE)
    if k.vmemmap_p_end != p or k.vmemmap_node_start != node:
        if k.vmemmap_p_start:
            _print_block(k)
        k.vmemmap_addr_start, k.vmemmap_p_start, k.vmemmap_node_start = start, p, node
    k.vmemmap_addr_end, k.vmemmap_p_end = end, p + count * PMD_SIZE
    return 0


@kfunc
def vmemmap_populate(k: Kernel, start: int, end: int, node: int) -> int:
    """Map `[start, end)` of the memory map with memory of `node`; 0."""
    error = vmemmap_populate_hugepages(k, start, end, node)
    if not error:
        sync_global_pgds(k, start, end - 1, 0)
    return error


@kfunc
def vmemmap_populate_print_last(k: Kernel) -> None:
    """Print the run of large pages that is still open."""
    if k.vmemmap_p_start:
        _print_block(k)
        k.vmemmap_p_start = k.vmemmap_p_end = k.vmemmap_node_start = 0
