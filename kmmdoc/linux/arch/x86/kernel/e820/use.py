"""arch/x86/kernel/e820.c, what is made of the map: memblock, resources, and a reservation taken out of it."""

from __future__ import annotations

from kmmdoc.linux.arch.x86.include.asm.e820 import (
    E820_ACPI,
    E820_NVS,
    E820_RAM,
    E820_RESERVED,
    E820_RESERVED_KERN,
    E820_UNUSABLE,
)
from kmmdoc.linux.arch.x86.kernel.e820.table import e820_update_range_saved, update_e820_saved
from kmmdoc.linux.drivers.firmware.memmap import firmware_map_add_early
from kmmdoc.linux.include.linux.ioport import IORESOURCE_BUSY, IORESOURCE_MEM, resource
from kmmdoc.linux.include.linux.memblock import MAX_NUMNODES, NUMA_NO_NODE
from kmmdoc.linux.kernel.resource import (
    insert_resource,
    insert_resource_expand_to_fit,
    reserve_region_with_split,
)
from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.mm.memblock import (
    __memblock_alloc_base,
    for_each_free_mem_range,
    for_each_mem_pfn_range,
    memblock_add,
    memblock_allow_resize,
    memblock_dump_all,
    memblock_trim_memory,
)
from kmmdoc.linux.mm.nobootmem import __alloc_bootmem
from kmmdoc.linux.mm.page_alloc.zone_init import set_dma_reserve
from kmmdoc.linux.state import KERN_DEBUG, KERN_INFO, Kernel
from kmmdoc.model.quantities import PAGE_SHIFT, PAGE_SIZE

KFILE = "arch/x86/kernel/e820.c"


SMP_CACHE_BYTES = 64
MAX_DMA_PFN = (16 << 20) >> PAGE_SHIFT

_NAMES = {
    E820_RAM: "System RAM",
    E820_RESERVED_KERN: "System RAM",
    E820_ACPI: "ACPI Tables",
    E820_NVS: "ACPI Non-volatile Storage",
    E820_UNUSABLE: "Unusable memory",
}


@kfunc
def early_reserve_e820(k: Kernel, size: int, align: int) -> int:
    """Take `size` bytes out of memblock and mark them reserved in the map that a next kernel will be
    given."""
    addr: int = __memblock_alloc_base(k, size, align, 0)
    if addr:
        e820_update_range_saved(k, addr, size, E820_RAM, E820_RESERVED)
        k.printk(KERN_INFO, "e820: update e820_saved for early_reserve_e820\n")
        update_e820_saved(k)
    return addr


def e820_type_to_string(e820_type: int) -> str:
    """Name of a type in the resource tree and in /sys/firmware/memmap."""
    return _NAMES.get(e820_type, "reserved")


@kfunc
def e820_reserve_resources(k: Kernel) -> None:
    """Enter the map into the resource tree, and firmware's version of it into /sys/firmware/memmap.

    Reserved areas above 1 MiB wait: a PCI device may turn out to live there.
    """
    __alloc_bootmem(k, k.build.sizeof("resource") * k.e820.nr_map, SMP_CACHE_BYTES, 0)
    for e in k.e820.map:
        res = resource(e820_type_to_string(e.type), e.addr, e.addr + e.size - 1, IORESOURCE_MEM)
        if e.type != E820_RESERVED or res.start < 1 << 20:
            res.flags |= IORESOURCE_BUSY
            insert_resource(k, k.iomem_resource, res)
        k.e820_res.append(res)
    for e in k.e820_saved.map:
        firmware_map_add_early(k, e.addr, e.addr + e.size, e820_type_to_string(e.type))


def ram_alignment(pos: int) -> int:
    """How far to pad RAM that ends at `pos`: devices should not be put right behind it."""
    mib = pos >> 20
    return 64 << 10 if not mib else 1 << 20 if mib < 16 else 64 << 20


@kfunc
def e820_reserve_resources_late(k: Kernel) -> None:
    """After PCI has claimed its devices.

    Enter the reserved areas that had to wait, and pad the ends of RAM.
    """
    for res in k.e820_res:
        if res.parent is None and res.end:
            insert_resource_expand_to_fit(k, k.iomem_resource, res)
    for e in k.e820.map:
        start = e.addr + e.size
        end = -(-start // ram_alignment(start)) * ram_alignment(start) - 1
        if e.type == E820_RAM and start < end:
            k.printk(KERN_DEBUG, f"e820: reserve RAM buffer [mem {start:#010x}-{end:#010x}]\n")
            reserve_region_with_split(k, k.iomem_resource, start, end, "RAM buffer")


@kfunc
def memblock_x86_fill(k: Kernel) -> None:
    """Give memblock the RAM of the map, in whole pages. From here on its arrays may grow."""
    memblock_allow_resize(k)
    for e in k.e820.map:
        if e.type in (E820_RAM, E820_RESERVED_KERN):
            memblock_add(k, e.addr, e.size)
    memblock_trim_memory(k, PAGE_SIZE)
    memblock_dump_all(k)


@kfunc
def memblock_find_dma_reserve(k: Kernel) -> None:
    """Count the page frames below 16 MiB that are taken already: they are no loss to ZONE_DMA later on."""
    nr_pages = nr_free_pages = 0
    for start_pfn, end_pfn, _ in for_each_mem_pfn_range(k, MAX_NUMNODES):
        nr_pages += min(end_pfn, MAX_DMA_PFN) - min(start_pfn, MAX_DMA_PFN)
    for start, end, _ in for_each_free_mem_range(k, NUMA_NO_NODE):
        start_pfn = min((start + PAGE_SIZE - 1) >> PAGE_SHIFT, MAX_DMA_PFN)
        end_pfn = min(end >> PAGE_SHIFT, MAX_DMA_PFN)
        nr_free_pages += max(end_pfn - start_pfn, 0)
    set_dma_reserve(k, nr_pages - nr_free_pages)
