"""mm/sparse-vmemmap.c: the memory map as one virtual array, mapped only where there is memory."""

from __future__ import annotations

from kmmdoc.linux.include.linux.bootmem import memblock_free_early
from kmmdoc.linux.include.linux.gfp import __GFP_REPEAT, __GFP_ZERO, GFP_KERNEL
from kmmdoc.linux.include.linux.mmzone import PFN_SECTION_SHIFT, section_nr_to_pfn
from kmmdoc.linux.kernel import Kernel, __pa, __va
from kmmdoc.linux.kfunc import extern, kfunc
from kmmdoc.linux.mm.memblock import memblock_virt_alloc_try_nid
from kmmdoc.linux.mm.page_alloc.alloc import alloc_pages_node
from kmmdoc.model.quantities import PAGE_SHIFT, PAGE_SIZE

KFILE = "mm/sparse-vmemmap.c"

VMEMMAP_START = 0xFFFF_EA00_0000_0000
PMD_SIZE = 1 << 21
PUD_SIZE = 1 << 30
MAX_DMA_ADDRESS = 0x100_0000  # physical

slab_is_available = extern("slab_is_available")
vmemmap_populate = extern("vmemmap_populate")


@kfunc
def __earlyonly_bootmem_alloc(k: Kernel, node: int, size: int, align: int, goal: int) -> int:
    """`size` bytes from physical address `goal` on, preferably on `node`, else panic; their address."""
    return memblock_virt_alloc_try_nid(k, size, align, goal, 0, node)


@kfunc
def vmemmap_alloc_block(k: Kernel, size: int, node: int) -> int:
    """`size` bytes aligned to their size, for a piece of the map or a page table; their address."""
    if slab_is_available(k):
        order = max(0, (size - 1 >> 12).bit_length())
        page = alloc_pages_node(k, node, GFP_KERNEL | __GFP_ZERO | __GFP_REPEAT, order)
        return 0 if page is None else __va(page << PAGE_SHIFT)
    return __earlyonly_bootmem_alloc(k, node, size, size, MAX_DMA_ADDRESS)


@kfunc
def vmemmap_alloc_block_buf(k: Kernel, size: int, node: int) -> int:
    """As vmemmap_alloc_block(), from the node's buffer while that lasts."""
    if not k.vmemmap_buf:
        return vmemmap_alloc_block(k, size, node)
    ptr = (k.vmemmap_buf + size - 1) & -size
    if ptr + size > k.vmemmap_buf_end:
        return vmemmap_alloc_block(k, size, node)
    k.vmemmap_buf = ptr + size
    return ptr


@kfunc
def vmemmap_pud_populate(k: Kernel, addr: int, node: int) -> None:
    """Make the table of large-page entries (level 2) for `addr`, if it is not there."""
    if k.init_pgt.table(2, addr) is None:
        k.init_pgt.add_table(2, addr, __pa(vmemmap_alloc_block(k, PAGE_SIZE, node)))


@kfunc
def vmemmap_pgd_populate(k: Kernel, addr: int, node: int) -> None:
    """Make the level 3 table for `addr`, if it is not there."""
    if k.init_pgt.table(3, addr) is None:
        k.init_pgt.add_table(3, addr, __pa(vmemmap_alloc_block(k, PAGE_SIZE, node)))


@kfunc
def sparse_mem_map_populate(k: Kernel, pnum: int, nid: int, count: int = 1) -> int:
    """Map the memory map of section `pnum` (with `count`, of so many sections from there); its address."""
    size = k.build.sizeof("page")
    start = VMEMMAP_START + section_nr_to_pfn(pnum) * size
    vmemmap_populate(k, start, start + (count * size << PFN_SECTION_SHIFT), nid)
    return start


@kfunc
def sparse_mem_maps_populate_node(k: Kernel, sections: list[tuple[int, int]], nodeid: int) -> None:
    """Map the memory map of the sections of one node, out of one buffer taken for all of them.

    Sections that need no page table of their own are populated together: what is recorded for one of them
    stands for all. A struct page of 64 bytes makes the map of a section exactly one large page.
    """
    size = (k.build.sizeof("page") << PFN_SECTION_SHIFT) + PMD_SIZE - 1 & -PMD_SIZE
    count = sum(b - a for a, b in sections)
    k.vmemmap_buf = __earlyonly_bootmem_alloc(k, nodeid, size * count, PMD_SIZE, MAX_DMA_ADDRESS)
    k.vmemmap_buf_end = k.vmemmap_buf + size * count
    for a, b in sections:
        pnum = a
        while pnum < b:
            # The first section up to where the next table of large-page entries begins may need tables.
            sparse_mem_map_populate(k, pnum, nodeid)
            addr = VMEMMAP_START + (section_nr_to_pfn(pnum) * k.build.sizeof("page"))
            more = min(b - pnum, -(-((addr & -PUD_SIZE) + PUD_SIZE - addr) // size)) - 1
            if more > 0:
                with k.repeat(more):
                    sparse_mem_map_populate(k, pnum + 1, nodeid, more)
            pnum += 1 + max(more, 0)
    memblock_free_early(k, __pa(k.vmemmap_buf), k.vmemmap_buf_end - k.vmemmap_buf)
    k.vmemmap_buf = k.vmemmap_buf_end = 0
