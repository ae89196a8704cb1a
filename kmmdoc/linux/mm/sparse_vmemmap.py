"""mm/sparse-vmemmap.c: the memory map as one virtual array, mapped only where there is memory."""

from __future__ import annotations

from kmmdoc.linux.arch.x86.mm.pgtable_ext import PAGE_KERNEL_LARGE
from kmmdoc.linux.include.linux.bootmem import memblock_free_early
from kmmdoc.linux.include.linux.gfp import __GFP_REPEAT, __GFP_ZERO, GFP_KERNEL
from kmmdoc.linux.include.linux.mmzone import PFN_SECTION_SHIFT, section_nr_to_pfn
from kmmdoc.linux.kfunc import extern, kfunc
from kmmdoc.linux.mm.memblock import memblock_virt_alloc_try_nid
from kmmdoc.linux.mm.memblock.bulk import more_below, take_below
from kmmdoc.linux.mm.page_alloc.alloc import alloc_pages_node
from kmmdoc.linux.mm.slab_common import slab_is_available
from kmmdoc.linux.state import Kernel, __pa, __va
from kmmdoc.model.quantities import PAGE_SHIFT, PAGE_SIZE

KFILE = "mm/sparse-vmemmap.c"

VMEMMAP_START = 0xFFFF_EA00_0000_0000
PMD_SIZE = 1 << 21
PUD_SIZE = 1 << 30
PGDIR_SIZE = 1 << 39
MAX_DMA_ADDRESS = 0x100_0000  # physical

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
        _populate_run(k, a, b, nodeid, PUD_SIZE // size)
    memblock_free_early(k, __pa(k.vmemmap_buf), k.vmemmap_buf_end - k.vmemmap_buf)
    k.vmemmap_buf = k.vmemmap_buf_end = 0


def _populate_run(k: Kernel, a: int, b: int, nodeid: int, per_table: int) -> None:
    """Populate sections `[a, b)`; `per_table` of them share a table of large-page entries.

    Of the sections of one table only the first may need tables. Whole tables that are new and lie directly
    below the last one are done in one step.
    """
    pnum, last_table = a, 0
    while pnum < b:
        together = min(b - pnum, per_table - pnum % per_table)
        rounds = _equal_tables(k, pnum, b, per_table, last_table)
        is_new = k.init_pgt.table(2, _map_addr(k, pnum)) is None
        with k.repeat(rounds):
            sparse_mem_map_populate(k, pnum, nodeid)
            if together > 1:
                with k.repeat(together - 1):
                    sparse_mem_map_populate(k, pnum + 1, nodeid, together - 1)
        last_table = (k.init_pgt.table(2, _map_addr(k, pnum)) or 0) if is_new else 0
        pnum += together
        if rounds > 1:
            _other_tables(k, pnum, rounds - 1, last_table)
            last_table -= (rounds - 1) * PAGE_SIZE
            pnum += (rounds - 1) * per_table


def _map_addr(k: Kernel, pnum: int) -> int:
    """Address of the memory map of section `pnum`."""
    return VMEMMAP_START + section_nr_to_pfn(pnum) * k.build.sizeof("page")


def _equal_tables(k: Kernel, pnum: int, b: int, per_table: int, last_table: int) -> int:
    """How many whole tables from section `pnum` on get their page directly below the last one; else 1."""
    if not last_table or pnum % per_table:
        return 1
    addr = _map_addr(k, pnum)
    upper = (PGDIR_SIZE - addr % PGDIR_SIZE) // PUD_SIZE if k.init_pgt.table(3, addr) is not None else 1
    used = k.init_pgt.next_used(3, addr, addr + upper * PUD_SIZE)
    whole = min((b - pnum) // per_table, (used - addr) // PUD_SIZE)
    return max(min(whole, more_below(k, last_table, PAGE_SIZE, MAX_DMA_ADDRESS)), 1)


def _other_tables(k: Kernel, pnum: int, rounds: int, table: int) -> None:
    """Do for `rounds` tables from section `pnum` on what was just done for the one before, at `table`."""
    addr, pages = _map_addr(k, pnum), rounds * PUD_SIZE // PMD_SIZE
    take_below(k, table, rounds * PAGE_SIZE)
    k.init_pgt.add_tables(2, addr, table - PAGE_SIZE, rounds, -PAGE_SIZE)
    k.init_pgt.map_run(addr, __pa(k.vmemmap_buf), 2, pages, PAGE_KERNEL_LARGE)
    k.vmemmap_buf += rounds * PUD_SIZE
    k.vmemmap_addr_end += rounds * PUD_SIZE
    k.vmemmap_p_end += rounds * PUD_SIZE
