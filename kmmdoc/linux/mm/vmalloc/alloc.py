"""vmalloc(), vfree(), vmap(): page frames from anywhere, in a row of addresses."""

from __future__ import annotations

from kmmdoc.linux.arch.x86.mm.pgtable_ext import PAGE_KERNEL
from kmmdoc.linux.include.linux.gfp import (
    __GFP_HIGHMEM,
    __GFP_NOWARN,
    __GFP_ZERO,
    GFP_KERNEL,
    GFP_RECLAIM_MASK,
)
from kmmdoc.linux.include.linux.mm_types import PageRow
from kmmdoc.linux.include.linux.slab import kzalloc_node
from kmmdoc.linux.include.linux.vmalloc import (
    VM_ALLOC,
    VM_IOREMAP,
    VM_UNINITIALIZED,
    VM_VM_AREA,
    VM_VPAGES,
    vm_struct,
    vmap_area,
)
from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.mm.mempolicy import alloc_pages_current, node_zonelist, nr_interleaved
from kmmdoc.linux.mm.page_alloc.alloc import __alloc_pages_nodemask, gfpflags_to_migratetype
from kmmdoc.linux.mm.page_alloc.free import __free_pages
from kmmdoc.linux.mm.page_alloc.row import alloc_row, most_single_pages
from kmmdoc.linux.mm.slub.alloc import __kmalloc_node
from kmmdoc.linux.mm.slub.free import kfree
from kmmdoc.linux.mm.vmalloc.areas import (
    VMALLOC_END,
    VMALLOC_START,
    alloc_vmap_area,
    find_vmap_area,
    free_unmap_vmap_area,
)
from kmmdoc.linux.mm.vmalloc.mapping import KEPT_ONE_BY_ONE, PAGE_SHIFT, PAGE_SIZE, vmap_page_range
from kmmdoc.linux.state import KERN_WARNING, Kernel

KFILE = "mm/vmalloc.c"

NUMA_NO_NODE = -1
IOREMAP_MAX_ORDER = 7 + PAGE_SHIFT


@kfunc
def map_vm_area(k: Kernel, area: vm_struct, prot: int, pages: PageRow) -> int:
    """Map `pages` into an area, all but its guard page: 0 or a negative error."""
    return min(vmap_page_range(k, area.addr, area.addr + area.size - PAGE_SIZE, pages, prot), 0)


@kfunc
def setup_vmalloc_vm(k: Kernel, vm: vm_struct, va: vmap_area, flags: int, caller: str | None) -> None:
    """Tie a vm_struct to its addresses."""
    vm.flags = flags
    vm.addr = va.va_start
    vm.size = va.va_end - va.va_start
    vm.caller = caller
    va.vm = vm
    va.flags |= VM_VM_AREA


@kfunc
def __get_vm_area_node(
    k: Kernel,
    size: int,
    align: int,
    flags: int,
    start: int,
    end: int,
    node: int,
    gfp_mask: int,
    caller: str | None = None,
) -> vm_struct | None:
    """An area of `size` bytes and a guard page behind them in `[start, end)`, None on failure.

    Nothing is mapped yet. I/O mappings are aligned to the power of two above their size.
    """
    if flags & VM_IOREMAP:
        align = 1 << min(max(size.bit_length(), PAGE_SHIFT), IOREMAP_MAX_ORDER)
    size = size + PAGE_SIZE - 1 & -PAGE_SIZE
    if not size:
        return None
    address = kzalloc_node(k, k.build.sizeof("vm_struct"), gfp_mask & GFP_RECLAIM_MASK, node)
    if not address:
        return None
    va = alloc_vmap_area(k, size + PAGE_SIZE, align, start, end, node, gfp_mask)
    if va is None:
        kfree(k, address)
        return None
    area = vm_struct(address)
    setup_vmalloc_vm(k, area, va, flags, caller)
    return area


@kfunc
def get_vm_area(k: Kernel, size: int, flags: int) -> vm_struct | None:
    """An area anywhere in the vmalloc space."""
    return get_vm_area_caller(k, size, flags, k.caller())


@kfunc
def get_vm_area_caller(k: Kernel, size: int, flags: int, caller: str | None) -> vm_struct | None:
    """An area anywhere in the vmalloc space, on behalf of `caller`."""
    return __get_vm_area_node(k, size, 1, flags, VMALLOC_START, VMALLOC_END, NUMA_NO_NODE, GFP_KERNEL, caller)


@kfunc
def remove_vm_area(k: Kernel, addr: int) -> vm_struct | None:
    """Unmap the area at `addr`: its vm_struct, without guard page, or None where there is none."""
    va = find_vmap_area(k, addr)
    if va is None or not va.flags & VM_VM_AREA or va.vm is None:
        return None
    vm, va.vm = va.vm, None
    va.flags &= ~VM_VM_AREA
    free_unmap_vmap_area(k, va)
    vm.size -= PAGE_SIZE
    return vm


@kfunc
def free_vm_area(k: Kernel, area: vm_struct) -> None:
    """Give up an area that holds no pages of its own."""
    if remove_vm_area(k, area.addr) is not area:
        k.bug("free_vm_area")
    kfree(k, area.address)


@kfunc
def __vunmap(k: Kernel, addr: int, deallocate_pages: bool) -> None:
    """Unmap the area at `addr` and free its structure, and its pages where they belong to it."""
    if not addr:
        return
    area = remove_vm_area(k, addr)
    if area is None:
        k.printk(KERN_WARNING, f"Trying to vfree() nonexistent vm area ({addr:016x})\n")
        return
    if deallocate_pages:
        for pfn in area.pages:
            __free_pages(k, pfn, 0)
        if area.flags & VM_VPAGES:
            vfree(k, area.pages_ptr)
        else:
            kfree(k, area.pages_ptr)
    kfree(k, area.address)


@kfunc
def vfree(k: Kernel, addr: int) -> None:
    """Free what vmalloc() returned."""
    if addr:
        __vunmap(k, addr, True)


@kfunc
def vunmap(k: Kernel, addr: int) -> None:
    """Undo vmap(); the pages stay the caller's."""
    if addr:
        __vunmap(k, addr, False)


@kfunc
def vmap(k: Kernel, pages: list[int], flags: int, prot: int = PAGE_KERNEL) -> int:
    """Map page frames in a row: where, 0 on failure."""
    if len(pages) > k.totalram_pages:
        return 0
    area = get_vm_area_caller(k, len(pages) << PAGE_SHIFT, flags, k.caller())
    if area is None:
        return 0
    if map_vm_area(k, area, prot, PageRow(pages)):
        vunmap(k, area.addr)
        return 0
    return area.addr


@kfunc
def __vmalloc_area_node(k: Kernel, area: vm_struct, gfp_mask: int, prot: int, node: int) -> int:
    """Fill an area with pages: its address, 0 on failure (the area is gone then).

    The array of its pages is vmalloc'ed itself where it takes more than a page.

    Simplified: the kernel finds out that it lacks memory for a very large area when it has taken all there
    is, and gives every page back; here nothing is taken then.
    """
    nested_gfp = gfp_mask & GFP_RECLAIM_MASK | __GFP_ZERO
    nr_pages = (area.size - PAGE_SIZE) >> PAGE_SHIFT
    area.nr_pages = nr_pages
    if nr_pages * 8 > PAGE_SIZE:
        area.pages_ptr = __vmalloc_node(
            k, nr_pages * 8, 1, nested_gfp | __GFP_HIGHMEM, PAGE_KERNEL, node, area.caller
        )
        area.flags |= VM_VPAGES
    else:
        area.pages_ptr = __kmalloc_node(k, nr_pages * 8, nested_gfp, node)
    if not area.pages_ptr:
        remove_vm_area(k, area.addr)
        kfree(k, area.address)
        return 0
    flags = gfp_mask | __GFP_NOWARN

    def alloc_one() -> int | None:
        if node == NUMA_NO_NODE:
            return alloc_pages_current(k, flags, 0)
        page: int | None = __alloc_pages_nodemask(k, flags, 0, node_zonelist(k, node, flags), None)
        return page

    lanes = nr_interleaved(k) if node == NUMA_NO_NODE else 1
    if nr_pages > KEPT_ONE_BY_ONE and nr_pages > most_single_pages(k, flags):
        area.nr_pages = 0
        vfree(k, area.addr)
        return 0
    if not alloc_row(k, area.pages, nr_pages, alloc_one, gfpflags_to_migratetype(k, flags), lanes):
        area.nr_pages = len(area.pages)
        vfree(k, area.addr)
        return 0
    if map_vm_area(k, area, prot, area.pages):
        vfree(k, area.addr)
        return 0
    return area.addr


@kfunc
def __vmalloc_node_range(
    k: Kernel,
    size: int,
    align: int,
    start: int,
    end: int,
    gfp_mask: int,
    prot: int,
    node: int,
    caller: str | None,
) -> int:
    """`size` bytes of virtually contiguous memory in `[start, end)`: where, 0 on failure.

    Simplified: a failure is not reported in the log.
    """
    size = size + PAGE_SIZE - 1 & -PAGE_SIZE
    if not size or size >> PAGE_SHIFT > k.totalram_pages:
        return 0
    flags = VM_ALLOC | VM_UNINITIALIZED
    area = __get_vm_area_node(k, size, align, flags, start, end, node, gfp_mask, caller)
    if area is None:
        return 0
    addr = __vmalloc_area_node(k, area, gfp_mask, prot, node)
    if addr:
        area.flags &= ~VM_UNINITIALIZED
    return int(addr)


@kfunc
def __vmalloc_node(
    k: Kernel, size: int, align: int, gfp_mask: int, prot: int, node: int, caller: str | None
) -> int:
    """Virtually contiguous memory anywhere in the vmalloc space."""
    return int(__vmalloc_node_range(k, size, align, VMALLOC_START, VMALLOC_END, gfp_mask, prot, node, caller))


@kfunc
def __vmalloc(k: Kernel, size: int, gfp_mask: int, prot: int = PAGE_KERNEL) -> int:
    """Virtually contiguous memory with pages allocated as `gfp_mask` says."""
    return int(__vmalloc_node(k, size, 1, gfp_mask, prot, NUMA_NO_NODE, k.caller()))


@kfunc
def vmalloc(k: Kernel, size: int) -> int:
    """Virtually contiguous memory: where, 0 on failure."""
    flags = GFP_KERNEL | __GFP_HIGHMEM
    return int(__vmalloc_node(k, size, 1, flags, PAGE_KERNEL, NUMA_NO_NODE, k.caller()))


@kfunc
def vzalloc(k: Kernel, size: int) -> int:
    """vmalloc() of zeroed memory."""
    flags = GFP_KERNEL | __GFP_HIGHMEM | __GFP_ZERO
    return int(__vmalloc_node(k, size, 1, flags, PAGE_KERNEL, NUMA_NO_NODE, k.caller()))
