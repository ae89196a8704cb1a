"""mm/percpu-vm.c: chunks after the first lie in the vmalloc space and get their memory page by page."""

from __future__ import annotations

from kmmdoc.linux.arch.x86.mm.pgtable_ext import PAGE_KERNEL
from kmmdoc.linux.include.linux.gfp import __GFP_COLD, __GFP_HIGHMEM, GFP_KERNEL
from kmmdoc.linux.include.linux.percpu import PcpuChunk
from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.mm.page_alloc.alloc import alloc_pages_node
from kmmdoc.linux.mm.percpu.area import pcpu_alloc_chunk, pcpu_mem_zalloc
from kmmdoc.linux.mm.vmalloc.mapping import map_kernel_range_noflush
from kmmdoc.linux.mm.vmalloc.percpu import pcpu_get_vm_areas
from kmmdoc.linux.state import Kernel
from kmmdoc.model.quantities import PAGE_SHIFT, PAGE_SIZE

KFILE = "mm/percpu-vm.c"

ENOMEM = 12


def pcpu_chunk_addr(k: Kernel, chunk: PcpuChunk, cpu: int, page_idx: int) -> int:
    """Virtual address of page `page_idx` of CPU `cpu`'s unit."""
    return chunk.base_addr + k.pcpu_unit_offsets[cpu] + page_idx * PAGE_SIZE


def __pcpu_map_pages(k: Kernel, addr: int, pages: list[int]) -> int:
    """Map the page frames `pages` one after another from `addr` on; below 0 if page tables cannot be had."""
    value: int = map_kernel_range_noflush(k, addr, len(pages) << PAGE_SHIFT, PAGE_KERNEL, pages)
    return value


@kfunc
def pcpu_populate_chunk(k: Kernel, chunk: PcpuChunk, page_start: int, page_end: int) -> int:
    """Put memory behind pages `[page_start, page_end)` of every unit: 0, or -12 without memory.

    Simplified: what was allocated before a failure is not given back.
    """
    if not k.pcpu_pages_ptr:
        k.pcpu_pages_ptr = pcpu_mem_zalloc(k, k.pcpu_nr_units * k.pcpu_unit_pages * 8)
        if not k.pcpu_pages_ptr:
            return -ENOMEM
    frames: dict[int, list[int]] = {}
    for cpu in sorted(k.cpu_possible_mask):
        frames[cpu] = []
        for _ in range(page_start, page_end):
            page = alloc_pages_node(k, k.x86_cpu_to_node_map[cpu], GFP_KERNEL | __GFP_HIGHMEM | __GFP_COLD, 0)
            if page is None:
                return -ENOMEM
            frames[cpu].append(page)
    for cpu, pages in frames.items():
        if __pcpu_map_pages(k, pcpu_chunk_addr(k, chunk, cpu, page_start), pages) < 0:
            return -ENOMEM
    return 0


@kfunc
def pcpu_create_chunk(k: Kernel) -> PcpuChunk | None:
    """A new chunk in the vmalloc space, laid out as the first; None without memory."""
    chunk = pcpu_alloc_chunk(k)
    if chunk is None:
        return None
    offsets = k.pcpu_group_offsets
    areas = pcpu_get_vm_areas(k, offsets, k.pcpu_group_sizes, k.pcpu_nr_groups, k.pcpu_atom_size)
    if not areas:
        return None
    chunk.data = areas
    chunk.base_addr = areas[0].addr - offsets[0]
    return chunk
