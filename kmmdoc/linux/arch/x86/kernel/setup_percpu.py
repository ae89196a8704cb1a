"""arch/x86/kernel/setup_percpu.c: every possible CPU gets its own copy of the per-cpu variables."""

from __future__ import annotations

from kmmdoc.linux.arch.x86.kernel.cpu.common import setup_cpu_local_masks
from kmmdoc.linux.arch.x86.mm.init_64 import populate_extra_pte
from kmmdoc.linux.arch.x86.mm.numa import setup_node_to_cpumask_map
from kmmdoc.linux.include.linux.percpu import PERCPU_DYNAMIC_RESERVE, PERCPU_MODULE_RESERVE
from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.mm.nobootmem import __alloc_bootmem_node_nopanic, __alloc_bootmem_nopanic, free_bootmem
from kmmdoc.linux.mm.percpu.first_chunk import (
    LOCAL_DISTANCE,
    PCPU_FC_PAGE,
    pcpu_embed_first_chunk,
    pcpu_fc_names,
    pcpu_page_first_chunk,
)
from kmmdoc.linux.state import KERN_INFO, KERN_WARNING, Kernel, __pa

REMOTE_DISTANCE = 20
MAX_DMA_ADDRESS = 0x100_0000
PMD_SIZE = 2 << 20
PERCPU_FIRST_CHUNK_RESERVE = PERCPU_MODULE_RESERVE
"""Code of modules reaches its variables by 32-bit relocations: they are kept in the first chunk."""


def pcpu_alloc_bootmem(k: Kernel, cpu: int, size: int, align: int) -> int:
    """`size` bytes above the DMA zone, preferably on the node of `cpu`: direct-map address, 0 for none."""
    node = k.x86_cpu_to_node_map[cpu]
    if node not in k.node_states["N_ONLINE"] or node not in k.node_data:
        ptr = __alloc_bootmem_nopanic(k, size, align, MAX_DMA_ADDRESS)
        k.printk(KERN_INFO, f"setup_percpu: cpu {cpu} has no node {node} or node-local memory\n")
        return ptr
    return __alloc_bootmem_node_nopanic(k, k.node_data[node], size, align, MAX_DMA_ADDRESS)


@kfunc
def pcpu_fc_alloc(k: Kernel, cpu: int, size: int, align: int) -> int:
    """Memory for the first chunk."""
    return pcpu_alloc_bootmem(k, cpu, size, align)


@kfunc
def pcpu_fc_free(k: Kernel, ptr: int, size: int) -> None:
    """Give back what the first chunk does not need."""
    free_bootmem(k, __pa(ptr), size)


@kfunc
def pcpu_cpu_distance(k: Kernel, from_cpu: int, to_cpu: int) -> int:
    """CPUs of one node are near, all others far."""
    nodes = k.x86_cpu_to_node_map
    return LOCAL_DISTANCE if nodes[from_cpu] == nodes[to_cpu] else REMOTE_DISTANCE


@kfunc
def pcpup_populate_pte(k: Kernel, addr: int) -> None:
    """Make sure that a page table covers `addr`."""
    populate_extra_pte(k, addr)


@kfunc
def setup_per_cpu_areas(k: Kernel) -> None:
    """Lay out and fill the per-cpu areas, and move what was kept in early arrays into them.

    The areas are aligned to 2 MiB, so that the direct map serves them with large pages; with
    percpu_alloc=page they are mapped page by page instead.

    Simplified: the copies of the early arrays (APIC ids, nodes) keep one place in the Kernel.
    """
    bits = k.build.number("NR_CPUS")
    k.printk(
        KERN_INFO,
        f"setup_percpu: NR_CPUS:{bits} nr_cpumask_bits:{bits} nr_cpu_ids:{k.nr_cpu_ids} "
        f"nr_node_ids:{k.nr_node_ids}\n",
    )
    rc = -1
    if k.pcpu_chosen_fc != PCPU_FC_PAGE:
        dyn_size = PERCPU_MODULE_RESERVE + PERCPU_DYNAMIC_RESERVE - PERCPU_FIRST_CHUNK_RESERVE
        rc = pcpu_embed_first_chunk(
            k,
            PERCPU_FIRST_CHUNK_RESERVE,
            dyn_size,
            PMD_SIZE,
            pcpu_cpu_distance,
            pcpu_fc_alloc,
            pcpu_fc_free,
        )
        if rc < 0:
            name = pcpu_fc_names[k.pcpu_chosen_fc]
            k.printk(
                KERN_WARNING,
                f"setup_percpu: {name} allocator failed ({rc}), falling back to page size\n",
            )
    if rc < 0:
        rc = pcpu_page_first_chunk(
            k, PERCPU_FIRST_CHUNK_RESERVE, pcpu_fc_alloc, pcpu_fc_free, pcpup_populate_pte
        )
    if rc < 0:
        k.panic(f"cannot initialize percpu area (err={rc})")

    k.step("offsets")
    delta = k.pcpu_base_addr - k.build.symbol("__per_cpu_start")
    for cpu in sorted(k.cpu_possible_mask):
        k.per_cpu_offset[cpu] = delta + k.pcpu_unit_offsets[cpu]
    setup_node_to_cpumask_map(k)
    setup_cpu_local_masks(k)
