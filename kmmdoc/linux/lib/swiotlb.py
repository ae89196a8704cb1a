"""lib/swiotlb.c: the bounce buffer, 64 MiB of low memory."""

from __future__ import annotations

from kmmdoc.linux.include.linux.bootmem import (
    memblock_free_early,
    memblock_virt_alloc,
    memblock_virt_alloc_low_nopanic,
)
from kmmdoc.linux.kfunc import early_param, kfunc
from kmmdoc.linux.lib.vsprintf import simple_strtoull
from kmmdoc.linux.state import KERN_INFO, KERN_WARNING, Kernel, __pa, __va
from kmmdoc.model.quantities import PAGE_SIZE

IO_TLB_SHIFT = 11
IO_TLB_SEGSIZE = 128
IO_TLB_DEFAULT_SIZE = 64 << 20
IO_TLB_OVERFLOW = 32 << 10


def _page_align(size: int) -> int:
    return -(-size // PAGE_SIZE) * PAGE_SIZE


@early_param("swiotlb")
def setup_io_tlb_npages(k: Kernel, value: str | None) -> int:
    """swiotlb=[slabs of 2 KiB][,force]."""
    rest = value or ""
    if rest[:1].isdigit():
        number, used = simple_strtoull(rest)
        k.io_tlb_nslabs = -(-number // IO_TLB_SEGSIZE) * IO_TLB_SEGSIZE
        rest = rest[used:]
    if rest.removeprefix(",") == "force":
        k.swiotlb_force = 1
    return 0


@kfunc
def swiotlb_size_or_default(k: Kernel) -> int:
    """Bytes that the buffer has, or would have."""
    return (k.io_tlb_nslabs << IO_TLB_SHIFT) or IO_TLB_DEFAULT_SIZE


@kfunc
def swiotlb_print_info(k: Kernel) -> None:
    """Say where the buffer is."""
    if k.no_iotlb_memory:
        k.printk(KERN_WARNING, "software IO TLB: No low mem\n")
        return
    start, end = k.io_tlb_start, k.io_tlb_end
    megabytes = k.io_tlb_nslabs << IO_TLB_SHIFT >> 20
    k.printk(
        KERN_INFO,
        f"software IO TLB [mem {start:#010x}-{end:#010x}] ({megabytes}MB) "
        f"mapped at [{__va(start):016x}-{__va(end) - 1:016x}]\n",
    )


@kfunc
def swiotlb_init_with_tbl(k: Kernel, tlb: int, nslabs: int) -> int:
    """Use `nslabs` slabs at the direct-map address `tlb`; 0, or -12 without memory for the rest.

    Beside the buffer there are an emergency buffer and two tables with an entry a slab.
    """
    k.io_tlb_nslabs = nslabs
    k.io_tlb_start = __pa(tlb)
    k.io_tlb_end = k.io_tlb_start + (nslabs << IO_TLB_SHIFT)
    overflow = memblock_virt_alloc_low_nopanic(k, _page_align(IO_TLB_OVERFLOW), PAGE_SIZE)
    if not overflow:
        return -12
    k.io_tlb_overflow_buffer = __pa(overflow)
    memblock_virt_alloc(k, _page_align(nslabs * 4), PAGE_SIZE)
    memblock_virt_alloc(k, _page_align(nslabs * 8), PAGE_SIZE)
    return 0


@kfunc
def swiotlb_init(k: Kernel) -> None:
    """Reserve the buffer below 4 GiB, or do without it."""
    if not k.io_tlb_nslabs:
        k.io_tlb_nslabs = IO_TLB_DEFAULT_SIZE >> IO_TLB_SHIFT
    size = _page_align(k.io_tlb_nslabs << IO_TLB_SHIFT)
    start = memblock_virt_alloc_low_nopanic(k, size, PAGE_SIZE)
    if start and not swiotlb_init_with_tbl(k, start, k.io_tlb_nslabs):
        return
    if k.io_tlb_start:
        memblock_free_early(k, k.io_tlb_start, size)
    k.printk(KERN_WARNING, "Cannot allocate SWIOTLB buffer\n")
    k.no_iotlb_memory = True
