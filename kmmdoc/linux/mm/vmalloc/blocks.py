"""Small short-lived mappings: blocks of 4 MiB of addresses, kept per CPU, handed out in powers of two.

What is unmapped in a block is not handed out again: the block is given up when all of it was used and
unmapped, or when a purge finds nothing mapped in it.

Simplified: only the boot CPU takes from its queue.
"""

from __future__ import annotations

from kmmdoc.linux.arch.x86.mm.pgtable_ext import PAGE_KERNEL
from kmmdoc.linux.include.linux.gfp import GFP_KERNEL, GFP_RECLAIM_MASK
from kmmdoc.linux.include.linux.slab import get_order, kmalloc_node
from kmmdoc.linux.include.linux.topology import numa_node_id, smp_processor_id
from kmmdoc.linux.include.linux.vmalloc import vmap_block
from kmmdoc.linux.kernel.rcu.tree import kfree_call_rcu
from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.lib.bitmap import bitmap_allocate_region
from kmmdoc.linux.lib.radix_tree import radix_tree_delete, radix_tree_insert, radix_tree_preload
from kmmdoc.linux.mm.slub.free import kfree
from kmmdoc.linux.mm.vmalloc.areas import (
    VMALLOC_END,
    VMALLOC_START,
    __purge_vmap_area_lazy,
    alloc_vmap_area,
    find_vmap_area,
    free_unmap_vmap_area,
    free_vmap_area,
    free_vmap_area_noflush,
)
from kmmdoc.linux.mm.vmalloc.mapping import PAGE_SHIFT, PAGE_SIZE, vmap_page_range, vunmap_page_range
from kmmdoc.linux.state import Kernel

KFILE = "mm/vmalloc.c"

VMAP_MAX_ALLOC = 64
"""Pages that a block may serve at most at once."""


def vmap_bbmap_bits(k: Kernel) -> int:
    """Pages of a block: a 16th of what 128 GiB of space allow each possible CPU, but 128 to 1024."""
    cpus = 1 << (k.build.number("NR_CPUS") - 1).bit_length()
    return min(1024, max(2 * VMAP_MAX_ALLOC, (128 << 30) // PAGE_SIZE // cpus // 16))


def addr_to_vb_idx(k: Kernel, addr: int) -> int:
    """The number of the block that `addr` is in."""
    size = vmap_bbmap_bits(k) * PAGE_SIZE
    return (addr - (VMALLOC_START & -size)) // size


@kfunc
def new_vmap_block(k: Kernel, gfp_mask: int) -> vmap_block | None:
    """A new block for this CPU, None on failure."""
    node = numa_node_id(k)
    address = kmalloc_node(k, k.build.sizeof("vmap_block"), gfp_mask & GFP_RECLAIM_MASK, node)
    if not address:
        return None
    size = vmap_bbmap_bits(k) * PAGE_SIZE
    va = alloc_vmap_area(k, size, size, VMALLOC_START, VMALLOC_END, node, gfp_mask)
    if va is None:
        kfree(k, address)
        return None
    vb = vmap_block(address, va, vmap_bbmap_bits(k))
    if radix_tree_preload(k, gfp_mask):
        kfree(k, address)
        free_vmap_area(k, va)
        return None
    index = addr_to_vb_idx(k, va.va_start)
    if radix_tree_insert(k, k.vmap_block_tree_root, index):
        k.bug("new_vmap_block")
    k.vmap_block_tree[index] = vb
    k.vmap_block_queue[smp_processor_id(k)].insert(0, vb)
    return vb


@kfunc
def free_vmap_block(k: Kernel, vb: vmap_block) -> None:
    """Give up a block; its addresses wait for a purge."""
    index = addr_to_vb_idx(k, vb.va.va_start)
    radix_tree_delete(k, k.vmap_block_tree_root, index)
    del k.vmap_block_tree[index]
    free_vmap_area_noflush(k, vb.va)
    kfree_call_rcu(k, vb.address)


@kfunc
def purge_fragmented_blocks(k: Kernel, cpu: int) -> None:
    """Give up the blocks of a CPU in which nothing is mapped although not all was used."""
    pages = vmap_bbmap_bits(k)
    queue = k.vmap_block_queue[cpu]
    purge = [vb for vb in queue if vb.free + vb.dirty == pages and vb.dirty != pages]
    for vb in purge:
        vb.free, vb.dirty, vb.dirty_map = 0, pages, (1 << pages) - 1
        queue.remove(vb)
    for vb in purge:
        free_vmap_block(k, vb)


@kfunc
def purge_fragmented_blocks_allcpus(k: Kernel) -> None:
    """purge_fragmented_blocks() of all possible CPUs."""
    for cpu in sorted(k.cpu_possible_mask):
        purge_fragmented_blocks(k, cpu)


@kfunc
def vb_alloc(k: Kernel, size: int, gfp_mask: int) -> int:
    """Addresses for `size` bytes, rounded up to a power of two of pages, out of a block; 0 on failure."""
    pages = vmap_bbmap_bits(k)
    want = 1 << get_order(size)
    queue = k.vmap_block_queue[smp_processor_id(k)]
    while True:
        for vb in queue:
            if vb.free >= want:
                addr = vb.va.va_start + (pages - vb.free << PAGE_SHIFT)
                vb.free -= want
                if not vb.free:
                    queue.remove(vb)
                return addr
        if new_vmap_block(k, gfp_mask) is None:
            return 0


@kfunc
def vb_free(k: Kernel, addr: int, size: int) -> None:
    """Unmap a part of a block; the block is given up with its last part."""
    pages = vmap_bbmap_bits(k)
    vb = k.vmap_block_tree[addr_to_vb_idx(k, addr)]
    vunmap_page_range(k, addr, addr + size)
    order = get_order(size)
    dirty_map = bitmap_allocate_region(k, vb.dirty_map, addr - vb.va.va_start >> PAGE_SHIFT, order)
    if dirty_map is None:
        k.bug("vb_free")
    vb.dirty_map = dirty_map
    vb.dirty += 1 << order
    if vb.dirty == pages:
        if vb.free:
            k.bug("vb_free")
        free_vmap_block(k, vb)


@kfunc
def vm_unmap_aliases(k: Kernel) -> None:
    """Purge everything that is unmapped but may still be cached."""
    if not k.vmap_initialized:
        return
    flush = any(vb.dirty_map for queue in k.vmap_block_queue.values() for vb in queue)
    __purge_vmap_area_lazy(k, True, flush)


@kfunc
def vm_unmap_ram(k: Kernel, mem: int, count: int) -> None:
    """Undo vm_map_ram() of `count` pages."""
    if not VMALLOC_START <= mem <= VMALLOC_END or mem % PAGE_SIZE:
        k.bug("vm_unmap_ram")
    if count <= VMAP_MAX_ALLOC:
        vb_free(k, mem, count << PAGE_SHIFT)
        return
    va = find_vmap_area(k, mem)
    if va is None:
        k.bug("free_unmap_vmap_area_addr")
    free_unmap_vmap_area(k, va)


@kfunc
def vm_map_ram(k: Kernel, pages: list[int], node: int, prot: int = PAGE_KERNEL) -> int:
    """Map page frames in a row for a short time: where, 0 on failure."""
    size = len(pages) << PAGE_SHIFT
    if len(pages) <= VMAP_MAX_ALLOC:
        addr = vb_alloc(k, size, GFP_KERNEL)
        if not addr:
            return 0
    else:
        va = alloc_vmap_area(k, size, PAGE_SIZE, VMALLOC_START, VMALLOC_END, node, GFP_KERNEL)
        if va is None:
            return 0
        addr = va.va_start
    if vmap_page_range(k, addr, addr + size, pages, prot) < 0:
        vm_unmap_ram(k, addr, len(pages))
        return 0
    return int(addr)
