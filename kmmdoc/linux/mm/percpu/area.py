"""mm/percpu.c: chunks, the slots they wait in, and the map of the areas of a chunk."""

from __future__ import annotations

from kmmdoc.linux.include.linux.gfp import __GFP_ZERO, GFP_KERNEL
from kmmdoc.linux.include.linux.percpu import PERCPU_DYNAMIC_EARLY_SLOTS, PcpuChunk
from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.mm.slab_common import slab_is_available
from kmmdoc.linux.mm.slub.alloc import __kmalloc
from kmmdoc.linux.mm.slub.free import kfree
from kmmdoc.linux.mm.vmalloc.alloc import vfree, vzalloc
from kmmdoc.linux.state import Kernel
from kmmdoc.model.quantities import PAGE_SHIFT, PAGE_SIZE

KFILE = "mm/percpu.c"

PCPU_SLOT_BASE_SHIFT = 5
PCPU_DFL_MAP_ALLOC = 16
PCPU_ATOMIC_MAP_MARGIN_LOW = 32
PCPU_ATOMIC_MAP_MARGIN_HIGH = 64
SIZEOF_INT = 4


def __pcpu_size_to_slot(size: int) -> int:
    """The slot of chunks with `size` free bytes: one a power of two, those under 16 bytes share slot 1."""
    return max(size.bit_length() - PCPU_SLOT_BASE_SHIFT + 2, 1)


def pcpu_size_to_slot(k: Kernel, size: int) -> int:
    """As __pcpu_size_to_slot(), but a chunk that is free as a whole has the last slot for itself."""
    return k.pcpu_nr_slots - 1 if size == k.pcpu_unit_size else __pcpu_size_to_slot(size)


def pcpu_chunk_slot(k: Kernel, chunk: PcpuChunk) -> int:
    """The slot where `chunk` belongs; 0 where nothing can be allocated from it."""
    if chunk.free_size < SIZEOF_INT or chunk.contig_hint < SIZEOF_INT:
        return 0
    return pcpu_size_to_slot(k, chunk.free_size)


@kfunc
def pcpu_mem_zalloc(k: Kernel, size: int) -> int:
    """Zeroed memory for the allocator's own use: slab up to a page, vmalloc above. Its address or 0."""
    if not slab_is_available(k):
        return 0
    if size > PAGE_SIZE:
        return int(vzalloc(k, size))
    return int(__kmalloc(k, size, GFP_KERNEL | __GFP_ZERO))


def pcpu_mem_free(k: Kernel, ptr: int, size: int) -> None:
    """Give back what pcpu_mem_zalloc() returned for `size`."""
    if size <= PAGE_SIZE:
        kfree(k, ptr)
    else:
        vfree(k, ptr)


@kfunc
def pcpu_count_occupied_pages(k: Kernel, chunk: PcpuChunk, i: int) -> int:
    """Pages that area `i` has for itself: a page that it shares counts when the rest of that page is free."""
    areas = chunk.map
    start, end = areas[i] & ~1, areas[i + 1] & ~1
    low, high = start & -PAGE_SIZE, -(-end // PAGE_SIZE) * PAGE_SIZE
    if start != low and i > 0:
        before = areas[i - 1]
        if not before & 1 and before <= low:
            start = low
    if end != high and i + 1 < chunk.map_used:
        after = areas[i + 1]
        if not after & 1 and areas[i + 2] & ~1 >= high:
            end = high
    return max((end >> PAGE_SHIFT) - -(-start >> PAGE_SHIFT), 0)


@kfunc
def pcpu_chunk_relocate(k: Kernel, chunk: PcpuChunk, oslot: int) -> None:
    """Move `chunk` from slot `oslot` (-1: from none) to the one that fits its free bytes.

    A chunk that gained space comes to the front of its slot, one that lost some to the end. The reserved
    chunk is in no slot.
    """
    nslot = pcpu_chunk_slot(k, chunk)
    if chunk is k.pcpu_reserved_chunk or oslot == nslot:
        return
    if oslot >= 0:
        k.pcpu_slot[oslot].remove(chunk)
    if oslot < nslot:
        k.pcpu_slot[nslot].insert(0, chunk)
    else:
        k.pcpu_slot[nslot].append(chunk)


@kfunc
def pcpu_need_to_extend(k: Kernel, chunk: PcpuChunk, is_atomic: bool) -> int:
    """Entries that the map of `chunk` should get room for before the next allocation, 0 if it has enough.

    An allocation that may sleep leaves room for later ones that may not.

    Simplified: the asynchronous extension, which needs a running workqueue, is not modelled.
    """
    needed = chunk.map_used + (3 if is_atomic else PCPU_ATOMIC_MAP_MARGIN_HIGH)
    if chunk.map_alloc >= needed:
        return 0
    new_alloc = PCPU_DFL_MAP_ALLOC
    while new_alloc < needed:
        new_alloc *= 2
    return new_alloc


@kfunc
def pcpu_extend_area_map(k: Kernel, chunk: PcpuChunk, new_alloc: int) -> int:
    """Give the map of `chunk` room for `new_alloc` entries; 0, or -12 without memory."""
    new = pcpu_mem_zalloc(k, new_alloc * SIZEOF_INT)
    if not new:
        return -12
    old, old_size = chunk.map_ptr, chunk.map_alloc * SIZEOF_INT
    chunk.map_alloc = new_alloc
    chunk.map_ptr = new
    pcpu_mem_free(k, old, old_size)
    pcpu_mem_free(k, 0, new_alloc * SIZEOF_INT)
    return 0


def lowest_bit_from(bits: int, start: int, end: int, wanted: int) -> int:
    """Index of the first bit of `bits` in `[start, end)` that is `wanted` (0 or 1), else `end`."""
    rest = (bits if wanted else ~bits) >> start
    if not rest:
        return end
    return min(start + (rest & -rest).bit_length() - 1, end)


def pcpu_next_unpop(chunk: PcpuChunk, start: int, end: int) -> tuple[int, int]:
    """The first stretch of pages without memory in `[start, end)`, as first page and end."""
    first = lowest_bit_from(chunk.populated, start, end, 0)
    return first, lowest_bit_from(chunk.populated, first + 1, end, 1)


def pcpu_fit_in_area(
    chunk: PcpuChunk, off: int, this_size: int, size: int, align: int, pop_only: bool
) -> int:
    """Bytes to leave free at the start of the area at `off` so that `size` bytes fit behind; -1 if not.

    With `pop_only` only pages that have memory are considered.
    """
    candidate = off
    while True:
        head = -(-candidate // align) * align - off
        if this_size < head + size:
            return -1
        if not pop_only:
            return head
        page_end = -(-(head + off + size) // PAGE_SIZE)
        first, end = pcpu_next_unpop(chunk, (head + off) >> PAGE_SHIFT, -(-(off + this_size) // PAGE_SIZE))
        if first >= page_end:
            return head
        candidate = end * PAGE_SIZE


@kfunc
def pcpu_alloc_area(k: Kernel, chunk: PcpuChunk, size: int, align: int, pop_only: bool) -> tuple[int, int]:
    """Take `size` bytes of the first area of `chunk` where they fit: (offset, pages occupied), or (-1, 0).

    The search starts at the first area known to be free. What is left before and behind becomes areas of
    its own; rests below the size of an int are not kept apart, and a free area before takes the padding.
    """
    oslot = pcpu_chunk_slot(k, chunk)
    max_contig = 0
    seen_free = False
    areas = chunk.map
    i = chunk.first_free
    while i < len(areas) - 1:
        off = areas[i]
        if off & 1:
            i += 1
            continue
        this_size = (areas[i + 1] & ~1) - off
        head = pcpu_fit_in_area(chunk, off, this_size, size, align, pop_only)
        if head < 0:
            if not seen_free:
                chunk.first_free = i
                seen_free = True
            max_contig = max(this_size, max_contig)
            i += 1
            continue
        if head and (head < SIZEOF_INT or not areas[i - 1] & 1):
            off += head
            areas[i] = off
            if areas[i - 1] & 1:
                chunk.free_size -= head
            else:
                max_contig = max(off - areas[i - 1], max_contig)
            this_size -= head
            head = 0
        tail = this_size - head - size
        if tail < SIZEOF_INT:
            tail = 0
            size = this_size - head
        if head:
            if not seen_free:
                chunk.first_free = i
                seen_free = True
            off += head
            i += 1
            areas.insert(i, off)
            max_contig = max(head, max_contig)
        if tail:
            areas.insert(i + 1, off + size)
            max_contig = max(tail, max_contig)
        if not seen_free:
            chunk.first_free = i + 1
        fully_scanned = i + 1 == chunk.map_used
        chunk.contig_hint = max_contig if fully_scanned else max(chunk.contig_hint, max_contig)
        chunk.free_size -= size
        areas[i] |= 1
        occupied = pcpu_count_occupied_pages(k, chunk, i)
        pcpu_chunk_relocate(k, chunk, oslot)
        return off, occupied

    chunk.contig_hint = max_contig
    pcpu_chunk_relocate(k, chunk, oslot)
    return -1, 0


@kfunc
def pcpu_free_area(k: Kernel, chunk: PcpuChunk, freeme: int) -> int:
    """Free the area at offset `freeme` and join it with free neighbours; the pages it occupied."""
    oslot = pcpu_chunk_slot(k, chunk)
    areas = chunk.map
    try:
        i = areas.index(freeme | 1, 0, len(areas) - 1)
    except ValueError:
        k.bug("mm/percpu.c: pcpu_free_area")
    chunk.first_free = min(chunk.first_free, i)
    areas[i] = freeme
    chunk.free_size += (areas[i + 1] & ~1) - freeme
    occupied = pcpu_count_occupied_pages(k, chunk, i)
    if not areas[i + 1] & 1:
        del areas[i + 1]
    if i > 0 and not areas[i - 1] & 1:
        del areas[i]
        i -= 1
    chunk.contig_hint = max(areas[i + 1] - areas[i] - 1, chunk.contig_hint)
    pcpu_chunk_relocate(k, chunk, oslot)
    return occupied


def pcpu_alloc_chunk(k: Kernel) -> PcpuChunk | None:
    """A chunk with nothing allocated and no page populated; it has no place in memory yet."""
    address = pcpu_mem_zalloc(k, k.pcpu_chunk_struct_size)
    if not address:
        return None
    chunk = PcpuChunk(address, 0)
    chunk.map_ptr = pcpu_mem_zalloc(k, PCPU_DFL_MAP_ALLOC * SIZEOF_INT)
    if not chunk.map_ptr:
        pcpu_mem_free(k, address, k.pcpu_chunk_struct_size)
        return None
    chunk.map_alloc = PCPU_DFL_MAP_ALLOC
    chunk.map = [0, k.pcpu_unit_size | 1]
    chunk.free_size = chunk.contig_hint = k.pcpu_unit_size
    return chunk


def pcpu_chunk_populated(k: Kernel, chunk: PcpuChunk, page_start: int, page_end: int) -> None:
    """Pages `[page_start, page_end)` of every unit of `chunk` have got memory."""
    n = page_end - page_start
    chunk.populated |= ((1 << n) - 1) << page_start
    chunk.nr_populated += n
    k.pcpu_nr_empty_pop_pages += n


@kfunc
def percpu_init_late(k: Kernel) -> None:
    """Slab is up: replace the maps of the first chunks, which lie in init memory, by proper ones."""
    for chunk in (k.pcpu_first_chunk, k.pcpu_reserved_chunk):
        if chunk is None:
            break
        new = pcpu_mem_zalloc(k, PERCPU_DYNAMIC_EARLY_SLOTS * SIZEOF_INT)
        if not new:
            k.bug("mm/percpu.c: percpu_init_late")
        chunk.map_ptr = new
