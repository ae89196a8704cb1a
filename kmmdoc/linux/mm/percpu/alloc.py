"""mm/percpu.c: allocating and freeing dynamic per-cpu memory."""

from __future__ import annotations

from kmmdoc.linux.include.linux.gfp import GFP_KERNEL
from kmmdoc.linux.include.linux.percpu import PCPU_MIN_UNIT_SIZE, PcpuChunk
from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.mm.percpu.area import (
    pcpu_alloc_area,
    pcpu_chunk_populated,
    pcpu_chunk_relocate,
    pcpu_extend_area_map,
    pcpu_free_area,
    pcpu_need_to_extend,
    pcpu_next_unpop,
    pcpu_size_to_slot,
)
from kmmdoc.linux.mm.percpu_vm import pcpu_create_chunk, pcpu_populate_chunk
from kmmdoc.linux.state import KERN_INFO, KERN_WARNING, Kernel
from kmmdoc.model.quantities import PAGE_SHIFT, PAGE_SIZE

KFILE = "mm/percpu.c"


def _fail(k: Kernel, size: int, align: int, is_atomic: bool, error: str) -> int:
    """Report an allocation that failed, the first ten times; the result of pcpu_alloc() then."""
    if is_atomic:
        k.pcpu_atomic_alloc_failed = True
    elif k.pcpu_warn_limit:
        atomic = int(is_atomic)
        k.printk(
            KERN_WARNING,
            f"PERCPU: allocation failed, size={size} align={align} atomic={atomic}, {error}\n",
        )
        k.pcpu_warn_limit -= 1
        if not k.pcpu_warn_limit:
            k.printk(KERN_INFO, "PERCPU: limit reached, disable warning\n")
    return 0


def _reserved_area(k: Kernel, size: int, align: int, is_atomic: bool) -> tuple[PcpuChunk, int, int] | str:
    """An area of the reserved chunk as (chunk, offset, occupied pages), or why there is none."""
    chunk = k.pcpu_reserved_chunk
    assert chunk is not None
    if size > chunk.contig_hint:
        return "alloc from reserved chunk failed"
    while new_alloc := pcpu_need_to_extend(k, chunk, is_atomic):
        if is_atomic or pcpu_extend_area_map(k, chunk, new_alloc) < 0:
            return "failed to extend area map of reserved chunk"
    off, occupied = pcpu_alloc_area(k, chunk, size, align, is_atomic)
    return (chunk, off, occupied) if off >= 0 else "alloc from reserved chunk failed"


def _search_slots(
    k: Kernel, size: int, align: int, is_atomic: bool
) -> tuple[PcpuChunk, int, int] | str | None:
    """An area of the first chunk that has one, fullest slots first; None where every chunk is too full.

    Extending a map may change the slots, so the search starts again after it.
    """
    slot = pcpu_size_to_slot(k, size)
    while slot < k.pcpu_nr_slots:
        for chunk in tuple(k.pcpu_slot[slot]):
            if size > chunk.contig_hint:
                continue
            new_alloc = pcpu_need_to_extend(k, chunk, is_atomic)
            if new_alloc:
                if is_atomic:
                    continue
                if pcpu_extend_area_map(k, chunk, new_alloc) < 0:
                    return "failed to extend area map"
                slot = pcpu_size_to_slot(k, size) - 1
                break
            off, occupied = pcpu_alloc_area(k, chunk, size, align, is_atomic)
            if off >= 0:
                return chunk, off, occupied
        slot += 1
    return None


@kfunc
def pcpu_alloc(k: Kernel, size: int, align: int, reserved: bool, gfp: int) -> int:
    """`size` bytes for every possible CPU: a per-cpu pointer, 0 if there are none.

    The pointer plus a CPU's offset is an address. Sizes are made even, because the lowest bit of an offset
    says whether an area is in use. Without GFP_KERNEL only pages that are there already are used.

    Simplified: the balance work, which needs a running workqueue, is not modelled; a chunk that is moved
    within its slot while the search looks at it is looked at in the order before.
    """
    is_atomic = gfp & GFP_KERNEL != GFP_KERNEL
    align = max(align, 2)
    size = (size + 1) & ~1
    if not size or size > PCPU_MIN_UNIT_SIZE or align > PAGE_SIZE:
        k.printk(KERN_WARNING, f"illegal size ({size}) or align ({align}) for percpu allocation\n")
        return 0

    if reserved and k.pcpu_reserved_chunk is not None:
        found = _reserved_area(k, size, align, is_atomic)
        if isinstance(found, str):
            return _fail(k, size, align, is_atomic, found)
    else:
        while (got := _search_slots(k, size, align, is_atomic)) is None:
            if is_atomic:
                return _fail(k, size, align, is_atomic, "")
            if not k.pcpu_slot[k.pcpu_nr_slots - 1]:
                k.step("new-chunk")
                chunk = pcpu_create_chunk(k)
                if chunk is None:
                    return _fail(k, size, align, is_atomic, "failed to allocate new chunk")
                pcpu_chunk_relocate(k, chunk, -1)
        if isinstance(got, str):
            return _fail(k, size, align, is_atomic, got)
        found = got
    chunk, off, occupied = found

    if not is_atomic:
        page_end = -(-(off + size) // PAGE_SIZE)
        first, end = pcpu_next_unpop(chunk, off >> PAGE_SHIFT, page_end)
        while first < page_end:
            if pcpu_populate_chunk(k, chunk, first, end):
                pcpu_free_area(k, chunk, off)
                return _fail(k, size, align, is_atomic, "failed to populate")
            pcpu_chunk_populated(k, chunk, first, end)
            first, end = pcpu_next_unpop(chunk, end + 1, page_end)

    if chunk is not k.pcpu_reserved_chunk:
        k.pcpu_nr_empty_pop_pages -= occupied
    return chunk.base_addr + off - k.pcpu_base_addr + k.build.symbol("__per_cpu_start")


@kfunc
def __alloc_percpu_gfp(k: Kernel, size: int, align: int, gfp: int) -> int:
    """Dynamic per-cpu memory, for callers that may not be able to sleep."""
    return pcpu_alloc(k, size, align, False, gfp)


@kfunc
def __alloc_percpu(k: Kernel, size: int, align: int) -> int:
    """Dynamic per-cpu memory; may sleep."""
    return pcpu_alloc(k, size, align, False, GFP_KERNEL)


@kfunc
def __alloc_reserved_percpu(k: Kernel, size: int, align: int) -> int:
    """Per-cpu memory from what the first chunk keeps for modules."""
    return pcpu_alloc(k, size, align, True, GFP_KERNEL)


@kfunc
def free_percpu(k: Kernel, ptr: int) -> None:
    """Free what __alloc_percpu() returned. A chunk that becomes free as a whole stays.

    Simplified: only the chunks in the slots and the reserved one are searched, where the kernel asks the
    page behind the address.
    """
    if not ptr:
        return
    addr = ptr + k.pcpu_base_addr - k.build.symbol("__per_cpu_start")
    first = k.pcpu_first_chunk
    assert first is not None
    if first.base_addr <= addr < first.base_addr + k.pcpu_unit_size:
        in_reserved = addr < first.base_addr + k.pcpu_reserved_chunk_limit
        chunk = k.pcpu_reserved_chunk if in_reserved else first
    else:
        chunks = (c for slot in k.pcpu_slot for c in slot)
        chunk = next((c for c in chunks if c.base_addr <= addr < c.base_addr + k.pcpu_unit_size), None)
    if chunk is None:
        k.bug("mm/percpu.c: free_percpu")
    occupied = pcpu_free_area(k, chunk, addr - chunk.base_addr)
    if chunk is not k.pcpu_reserved_chunk:
        k.pcpu_nr_empty_pop_pages += occupied


def per_cpu_ptr(k: Kernel, ptr: int, cpu: int) -> int:
    """Address of CPU `cpu`'s instance of the per-cpu pointer `ptr`."""
    return ptr + k.per_cpu_offset[cpu]
