"""arch/x86/mm/init.c: the direct map, in what order and with which page sizes."""

from __future__ import annotations

from kmmdoc.linux.arch.x86.include.asm.e820 import E820_X_MAX, ISA_END_ADDRESS
from kmmdoc.linux.arch.x86.kernel.head64 import touch_early
from kmmdoc.linux.arch.x86.kernel.setup.brk import extend_brk
from kmmdoc.linux.include.linux.memblock import MAX_NUMNODES
from kmmdoc.linux.kernel.range import add_range_with_merge, clean_sort_range
from kmmdoc.linux.kfunc import extern, kfunc
from kmmdoc.linux.mm.memblock import (
    for_each_mem_pfn_range,
    memblock_find_in_range,
    memblock_is_region_memory,
    memblock_reserve,
)
from kmmdoc.linux.mm.memblock.direction import memblock_bottom_up
from kmmdoc.linux.mm.page_alloc.alloc import __get_free_pages
from kmmdoc.linux.mm.page_alloc.zone_init import free_area_init_nodes
from kmmdoc.linux.state import KERN_DEBUG, KERN_INFO, Kernel, __START_KERNEL_map, __va
from kmmdoc.model.quantities import PAGE_SHIFT, PAGE_SIZE

kernel_physical_mapping_init = extern("kernel_physical_mapping_init")

PG_LEVEL_4K, PG_LEVEL_2M, PG_LEVEL_1G = 1, 2, 3
PMD_SIZE, PUD_SIZE = 1 << 21, 1 << 30
INIT_PGT_BUF_PAGES = 6
NR_RANGE_MR = 5
MAX_DMA_PFN, MAX_DMA32_PFN = 16 << (20 - PAGE_SHIFT), 1 << (32 - PAGE_SHIFT)
GFP_ATOMIC_ZERO = 0x208020


class map_range:
    """Bytes `[start, end)` are to be mapped with the page sizes of `page_size_mask` (bit 2.

    2 MiB, bit 3: 1 GiB).
    """

    __slots__ = ("end", "page_size_mask", "start")

    def __init__(self, start: int, end: int, page_size_mask: int) -> None:
        self.start, self.end, self.page_size_mask = start, end, page_size_mask

    @property
    def page_size(self) -> str:
        """The largest page size allowed, as the log writes it."""
        mask = self.page_size_mask
        return "1G" if mask & (1 << PG_LEVEL_1G) else "2M" if mask & (1 << PG_LEVEL_2M) else "4k"


def _round_up(value: int, size: int) -> int:
    return -(-value // size) * size


@kfunc
def alloc_low_pages(k: Kernel, num: int) -> int:
    """Take `num` pages in a row for page tables, that are mapped already. Returns their direct-map address.

    The first come out of a small buffer in brk; the next ones from memblock, as high as possible in what is
    mapped; after the hand-over from the page allocator.
    """
    if k.after_bootmem:
        return int(__get_free_pages(k, GFP_ATOMIC_ZERO, (num - 1).bit_length()))
    if k.pgt_buf_end + num > k.pgt_buf_top or not k.can_use_brk_pgt:
        if k.min_pfn_mapped >= k.max_pfn_mapped:
            k.panic("alloc_low_pages: ran out of memory")
        low, high = k.min_pfn_mapped << PAGE_SHIFT, k.max_pfn_mapped << PAGE_SHIFT
        phys = memblock_find_in_range(k, low, high, PAGE_SIZE * num, PAGE_SIZE)
        if not phys:
            k.panic("alloc_low_pages: can not alloc memory")
        memblock_reserve(k, phys, PAGE_SIZE * num)
    else:
        phys = k.pgt_buf_end << PAGE_SHIFT
        k.pgt_buf_end += num
        last = (k.pgt_buf_end << PAGE_SHIFT) - 1
        k.printk(KERN_DEBUG, f"BRK [{phys:#010x}, {last:#010x}] PGTABLE\n")
    touch_early(k, phys)
    return __va(phys)


@kfunc
def early_alloc_pgt_buf(k: Kernel) -> None:
    """Take room for the first six page tables out of brk.

    Three for the first 2 MiB mapped, three for the ISA range.
    """
    base = extend_brk(k, INIT_PGT_BUF_PAGES * PAGE_SIZE, PAGE_SIZE) - __START_KERNEL_map + k.phys_base
    k.pgt_buf_start = k.pgt_buf_end = base >> PAGE_SHIFT
    k.pgt_buf_top = k.pgt_buf_start + INIT_PGT_BUF_PAGES


@kfunc
def init_gbpages(k: Kernel) -> None:
    """Use pages of 1 GiB if build, command line and CPU allow it."""
    if k.direct_gbpages and "pdpe1gb" in k.machine.cpu_flags:
        k.printk(KERN_INFO, "Using GB pages for direct mapping\n")
    else:
        k.direct_gbpages = 0


@kfunc
def probe_page_size_mask(k: Kernel) -> None:
    """Find out which page sizes the direct map may use."""
    init_gbpages(k)
    flags = k.machine.cpu_flags
    if not (k.build.enabled("DEBUG_PAGEALLOC") or k.build.enabled("KMEMCHECK")):
        if k.direct_gbpages:
            k.page_size_mask |= 1 << PG_LEVEL_1G
        if "pse" in flags:
            k.page_size_mask |= 1 << PG_LEVEL_2M


@kfunc
def save_mr(k: Kernel, mr: list[map_range], start_pfn: int, end_pfn: int, page_size_mask: int) -> None:
    """Append a range of page frames to `mr` unless it is empty."""
    if start_pfn < end_pfn:
        if len(mr) >= NR_RANGE_MR:
            k.panic("run out of range for init_memory_mapping")
        mr.append(map_range(start_pfn << PAGE_SHIFT, end_pfn << PAGE_SHIFT, page_size_mask))


@kfunc
def adjust_range_page_size_mask(k: Kernel, mr: list[map_range]) -> None:
    """Let a small range use a larger page after all where everything around it in that page is memory too."""
    for r in mr:
        for level, size in ((PG_LEVEL_2M, PMD_SIZE), (PG_LEVEL_1G, PUD_SIZE)):
            bit = 1 << level
            if not k.page_size_mask & bit or r.page_size_mask & bit:
                continue
            start, end = r.start // size * size, _round_up(r.end, size)
            if memblock_is_region_memory(k, start, end - start):
                r.page_size_mask |= bit


@kfunc
def split_mem_range(k: Kernel, start: int, end: int) -> list[map_range]:
    """Cut bytes `[start, end)` where the page size has to change: up to five parts, each with its sizes.

    4 KiB pages up to the first 2 MiB border, 2 MiB pages to the first 1 GiB border, 1 GiB pages, and down
    again.
    """
    mr: list[map_range] = []
    pmd, pud = PMD_SIZE >> PAGE_SHIFT, PUD_SIZE >> PAGE_SHIFT
    with_2m = k.page_size_mask & (1 << PG_LEVEL_2M)
    with_1g = k.page_size_mask & (1 << PG_LEVEL_2M | 1 << PG_LEVEL_1G)
    limit = end >> PAGE_SHIFT
    pfn = start >> PAGE_SHIFT

    def part(start_pfn: int, end_pfn: int, mask: int) -> None:
        nonlocal pfn
        if start_pfn < end_pfn:
            save_mr(k, mr, start_pfn, end_pfn, mask)
            pfn = end_pfn

    part(pfn, min(_round_up(pfn, pmd), limit), 0)
    last_pmd, last_pud = limit // pmd * pmd, limit // pud * pud
    part(_round_up(pfn, pmd), min(_round_up(pfn, pud), last_pmd), with_2m)
    part(_round_up(pfn, pud), last_pud, with_1g)
    part(_round_up(pfn, pmd), last_pmd, with_2m)
    save_mr(k, mr, pfn, limit, 0)
    if not k.after_bootmem:
        adjust_range_page_size_mask(k, mr)

    merged = mr[:1]
    for r in mr[1:]:
        if (r.start, r.page_size_mask) == (merged[-1].end, merged[-1].page_size_mask):
            merged[-1].end = r.end
        else:
            merged.append(r)
    for r in merged:
        k.printk(KERN_DEBUG, f" [mem {r.start:#010x}-{r.end - 1:#010x}] page {r.page_size}\n")
    return merged


@kfunc
def add_pfn_range_mapped(k: Kernel, start_pfn: int, end_pfn: int) -> None:
    """Note that page frames `[start_pfn, end_pfn)` are in the direct map now."""
    add_range_with_merge(k.pfn_mapped, E820_X_MAX, start_pfn, end_pfn)
    clean_sort_range(k.pfn_mapped)
    k.max_pfn_mapped = max(k.max_pfn_mapped, end_pfn)
    if start_pfn < MAX_DMA32_PFN:
        k.max_low_pfn_mapped = max(k.max_low_pfn_mapped, min(end_pfn, MAX_DMA32_PFN))


@kfunc
def pfn_range_is_mapped(k: Kernel, start_pfn: int, end_pfn: int) -> bool:
    """Are all of page frames `[start_pfn, end_pfn)` in the direct map?"""
    return any(start_pfn >= start and end_pfn <= end for start, end in k.pfn_mapped)


@kfunc
def init_memory_mapping(k: Kernel, start: int, end: int) -> int:
    """Map bytes `[start, end)` directly. Returns the page frame behind the last one mapped."""
    k.printk(KERN_INFO, f"init_memory_mapping: [mem {start:#010x}-{end - 1:#010x}]\n")
    ret = 0
    for r in split_mem_range(k, start, end):
        ret = kernel_physical_mapping_init(k, r.start, r.end, r.page_size_mask)
    add_pfn_range_mapped(k, start >> PAGE_SHIFT, ret >> PAGE_SHIFT)
    return ret >> PAGE_SHIFT


@kfunc
def init_range_memory_mapping(k: Kernel, r_start: int, r_end: int) -> int:
    """Map the memory, without the holes, in bytes `[r_start, r_end)`. Returns how many bytes of memory that
    was.

    Memory that the brk buffer for page tables lies in must not be mapped with tables out of that buffer.
    """
    mapped_ram_size = 0
    for start_pfn, end_pfn, _ in for_each_mem_pfn_range(k, MAX_NUMNODES):
        start = min(max(start_pfn << PAGE_SHIFT, r_start), r_end)
        end = min(max(end_pfn << PAGE_SHIFT, r_start), r_end)
        if start >= end:
            continue
        k.can_use_brk_pgt = max(start, k.pgt_buf_end << PAGE_SHIFT) >= min(end, k.pgt_buf_top << PAGE_SHIFT)
        init_memory_mapping(k, start, end)
        mapped_ram_size += end - start
        k.can_use_brk_pgt = True
    return mapped_ram_size


def get_new_step_size(step_size: int) -> int:
    """The next step is 32 times as large: even with 4 KiB pages, what is mapped has room for its tables."""
    return step_size << 5


@kfunc
def memory_map_top_down(k: Kernel, map_start: int, map_end: int) -> None:
    """Map `[map_start, map_end)` from its end to its start, in steps that grow.

    The first 2 MiB are found free near the end of memory; the tables of each step lie in what is mapped
    already.
    """
    addr = memblock_find_in_range(k, map_start, map_end, PMD_SIZE, PMD_SIZE)
    real_end = addr + PMD_SIZE
    step_size = PMD_SIZE
    k.max_pfn_mapped = 0
    k.min_pfn_mapped = real_end >> PAGE_SHIFT
    last_start, mapped_ram_size = real_end, 0
    while last_start > map_start:
        if last_start > step_size:
            start = max((last_start - 1) // step_size * step_size, map_start)
        else:
            start = map_start
        k.step("step", start=start, end=last_start)
        new_mapped_ram_size = init_range_memory_mapping(k, start, last_start)
        last_start = start
        k.min_pfn_mapped = last_start >> PAGE_SHIFT
        if new_mapped_ram_size > mapped_ram_size:
            step_size = get_new_step_size(step_size)
        mapped_ram_size += new_mapped_ram_size
    if real_end < map_end:
        init_range_memory_mapping(k, real_end, map_end)


@kfunc
def memory_map_bottom_up(k: Kernel, map_start: int, map_end: int) -> None:
    """Map `[map_start, map_end)` from its start to its end, in steps that grow.

    Tables go just above the kernel.
    """
    step_size = PMD_SIZE
    start, mapped_ram_size = map_start, 0
    k.min_pfn_mapped = start >> PAGE_SHIFT
    while start < map_end:
        next = map_end
        if map_end - start > step_size:
            next = min(_round_up(start + 1, step_size), map_end)
        new_mapped_ram_size = init_range_memory_mapping(k, start, next)
        start = next
        if new_mapped_ram_size > mapped_ram_size:
            step_size = get_new_step_size(step_size)
        mapped_ram_size += new_mapped_ram_size


@kfunc
def init_mem_mapping(k: Kernel) -> None:
    """Map all memory at PAGE_OFFSET and take the tables into use."""
    probe_page_size_mask(k)
    end = k.max_pfn << PAGE_SHIFT
    init_memory_mapping(k, 0, ISA_END_ADDRESS)
    if memblock_bottom_up(k):
        kernel_end = k.pa_symbol("_end")
        memory_map_bottom_up(k, kernel_end, end)
        memory_map_bottom_up(k, ISA_END_ADDRESS, kernel_end)
    else:
        memory_map_top_down(k, ISA_END_ADDRESS, end)
    k.max_low_pfn = max(k.max_low_pfn, k.max_pfn)
    k.cr3_is_early = False


@kfunc
def zone_sizes_init(k: Kernel) -> None:
    """Say where the zones end: DMA at 16 MiB, DMA32 at 4 GiB, Normal where memory does."""
    free_area_init_nodes(k, [MAX_DMA_PFN, MAX_DMA32_PFN, k.max_low_pfn, 0])
