"""arch/x86/mm/init_64.c: filling page tables, level by level."""

from __future__ import annotations

from kmmdoc.linux.arch.x86.include.asm.e820 import E820_RAM, E820_RESERVED_KERN
from kmmdoc.linux.arch.x86.kernel.e820.table import e820_any_mapped
from kmmdoc.linux.arch.x86.mm.init import PG_LEVEL_1G, PG_LEVEL_2M, alloc_low_pages, zone_sizes_init
from kmmdoc.linux.arch.x86.mm.pageattr import update_page_count
from kmmdoc.linux.arch.x86.mm.pgtable_ext import (
    KERNEL_IMAGE_SIZE,
    PAGE_KERNEL,
    PAGE_KERNEL_LARGE,
    PAGE_NX,
    PAGE_PSE,
    PTRS_PER_TABLE,
    START_KERNEL_MAP,
    Leaf,
    entry_size,
    table_span,
)
from kmmdoc.linux.include.linux.memblock import MAX_NUMNODES
from kmmdoc.linux.kfunc import early_param, kfunc
from kmmdoc.linux.mm.memblock.bulk import more_below, take_below
from kmmdoc.linux.mm.nobootmem import __alloc_bootmem
from kmmdoc.linux.mm.page_alloc.alloc import get_zeroed_page
from kmmdoc.linux.mm.page_alloc.ranges import sparse_memory_present_with_active_regions
from kmmdoc.linux.mm.sparse import sparse_init
from kmmdoc.linux.state import PAGE_OFFSET, Kernel, __pa, __va
from kmmdoc.model.quantities import PAGE_SIZE

PMD_SIZE, PUD_SIZE, PGDIR_SIZE = 1 << 21, 1 << 30, 1 << 39
GFP_ATOMIC_ZERO = 0x208020


@early_param("nogbpages")
@kfunc
def parse_direct_gbpages_off(k: Kernel, value: str | None) -> int:
    """nogbpages: map memory without pages of 1 GiB."""
    k.direct_gbpages = 0
    return 0


@early_param("gbpages")
@kfunc
def parse_direct_gbpages_on(k: Kernel, value: str | None) -> int:
    """gbpages: map memory with pages of 1 GiB if the CPU has them."""
    k.direct_gbpages = 1
    return 0


def supported(k: Kernel, flags: int) -> int:
    """`flags` without NX where the CPU lacks it or may not use it. Other bits a CPU lacks, it ignores."""
    if "nx" not in k.machine.cpu_flags or k.disable_nx:
        flags &= ~PAGE_NX
    return flags


@kfunc
def sync_global_pgds(k: Kernel, start: int, end: int, removed: int) -> None:
    """Copy new top-level entries into the top-level tables of all processes.

    Simplified: there are no processes while this simulation runs, so there is nothing to copy.
    """


@kfunc
def spp_getpage(k: Kernel) -> int:
    """A zeroed page for a page table. Returns its direct-map address."""
    if k.after_bootmem:
        address = int(get_zeroed_page(k, GFP_ATOMIC_ZERO))
    else:
        address = __alloc_bootmem(k, PAGE_SIZE, PAGE_SIZE, 0)
    if not address or address & (PAGE_SIZE - 1):
        k.panic(f"set_pte_phys: cannot allocate page data {'after bootmem' if k.after_bootmem else ''}")
    return address


def _fill(k: Kernel, level: int, vaddr: int) -> None:
    """Make sure that there is a table of `level` for `vaddr`."""
    if k.init_pgt.table(level, vaddr) is None:
        k.init_pgt.add_table(level, vaddr, __pa(spp_getpage(k)))


@kfunc
def fill_pud(k: Kernel, vaddr: int) -> None:
    """Make sure that there is a PUD page for `vaddr`."""
    _fill(k, 3, vaddr)


@kfunc
def fill_pmd(k: Kernel, vaddr: int) -> None:
    """Make sure that there is a PMD page for `vaddr`."""
    _fill(k, 2, vaddr)


@kfunc
def fill_pte(k: Kernel, vaddr: int) -> None:
    """Make sure that there is a PTE page for `vaddr`."""
    _fill(k, 1, vaddr)


@kfunc
def set_pte_vaddr_pud(k: Kernel, vaddr: int, phys: int, flags: int) -> None:
    """Map the page at `vaddr` to `phys`, or unmap it with flags 0, making the tables below the PUD page."""
    fill_pmd(k, vaddr)
    fill_pte(k, vaddr)
    if flags:
        k.init_pgt.map_run(vaddr, phys, 1, 1, supported(k, flags))
    else:
        k.init_pgt.unmap(vaddr, vaddr + PAGE_SIZE)


@kfunc
def set_pte_vaddr(k: Kernel, vaddr: int, phys: int, flags: int) -> None:
    """Map the page at `vaddr` to `phys`, or unmap it with flags 0."""
    set_pte_vaddr_pud(k, vaddr, phys, flags)


@kfunc
def populate_extra_pmd(k: Kernel, vaddr: int) -> None:
    """Make the tables down to the one of large-page entries for `vaddr`."""
    fill_pud(k, vaddr)
    fill_pmd(k, vaddr)


@kfunc
def populate_extra_pte(k: Kernel, vaddr: int) -> None:
    """Make all tables for a page at `vaddr`."""
    populate_extra_pmd(k, vaddr)
    fill_pte(k, vaddr)


@kfunc
def cleanup_highmap(k: Kernel) -> None:
    """Leave of the mapping at the image's link address only what covers the image, brk included."""
    end = -(-k._brk_end // PMD_SIZE) * PMD_SIZE
    k.init_pgt.unmap(START_KERNEL_MAP, k.build.symbol("_text") // PMD_SIZE * PMD_SIZE)
    k.init_pgt.unmap(end, START_KERNEL_MAP + KERNEL_IMAGE_SIZE)


def _clear_behind(k: Kernel, level: int, addr: int, end: int) -> None:
    """Clear the entries behind physical address `end`, in the table of `level` that `addr` is in, that map no
    RAM."""
    size = entry_size(level)
    at = -(-end // size) * size
    limit = __va(addr) // table_span(level) * table_span(level) + table_span(level)
    while __va(at) < limit and (run := k.init_pgt.next_leaf(__va(at), limit)) is not None:
        first, last = max(run.va, __va(at)), min(run.end, limit)
        for va in range(first, last, size) if not _all_ram(k, __pa(first), __pa(last)) else ():
            phys = va - PAGE_OFFSET
            if not any(e820_any_mapped(k, phys, phys + size, t) for t in (E820_RAM, E820_RESERVED_KERN)):
                k.init_pgt.unmap(va, va + size)
        at = __pa(last)


def _all_ram(k: Kernel, start: int, end: int) -> bool:
    """Does one entry of RAM cover all of `[start, end)`?"""
    return any(e.type == E820_RAM and e.addr <= start and end <= e.addr + e.size for e in k.e820.map)


@kfunc
def phys_pte_init(k: Kernel, addr: int, end: int, prot: int) -> int:
    """Map physical `[addr, end)`, as far as the PTE page of `addr` goes, with 4 KiB pages. Returns where it
    ended.

    Entries in use are left alone, and counted while the direct map is being built.
    """
    limit = min(end, (addr // PMD_SIZE + 1) * PMD_SIZE)
    pages, last_map_addr = 0, end
    at = addr // PAGE_SIZE * PAGE_SIZE
    while at < limit:
        run = k.init_pgt.next_leaf(__va(at), __va(limit))
        free_end = limit if run is None else max(__pa(run.va), at)
        if free_end > at:
            count = -(-(free_end - at) // PAGE_SIZE)
            k.init_pgt.map_run(__va(at), at, 1, count, supported(k, prot))
            pages += count
            at = last_map_addr = at + count * PAGE_SIZE
        if run is not None:
            used_end = min(__pa(run.end), limit)
            pages += 0 if k.after_bootmem else (used_end - at) // PAGE_SIZE
            at = used_end
    if not k.after_bootmem:
        _clear_behind(k, 1, addr, end)
    update_page_count(k, 1, pages)
    return last_map_addr


def _split_prot(leaf: Leaf | None, prot: int) -> int:
    """Flags for the small pages that take the place of large page `leaf`, or `prot` without one."""
    return prot if leaf is None else leaf.flags & ~PAGE_PSE


@kfunc
def phys_pmd_init(k: Kernel, addr: int, end: int, page_size_mask: int, prot: int) -> int:
    """Map physical `[addr, end)`, as far as the PMD page of `addr` goes. Returns where it ended."""
    limit = min(end, (addr // PUD_SIZE + 1) * PUD_SIZE)
    large = page_size_mask & (1 << PG_LEVEL_2M)
    pages, last_map_addr, at = 0, end, addr
    while at < limit:
        next = (at // PMD_SIZE + 1) * PMD_SIZE
        base = at // PMD_SIZE * PMD_SIZE
        if k.init_pgt.table(1, __va(at)) is not None:
            last_map_addr = phys_pte_init(k, at, end, prot)
            at = next
            continue
        run = k.init_pgt.run_at(__va(at))
        if large:
            if run is not None:
                stop = min(__pa(run.end), -(-limit // PMD_SIZE) * PMD_SIZE)
                pages += 0 if k.after_bootmem else (stop - base) // PMD_SIZE
            else:
                free_end = k.init_pgt.next_used(2, __va(base), __va(limit))
                stop = min(__pa(free_end), -(-limit // PMD_SIZE) * PMD_SIZE)
                count = (stop - base) // PMD_SIZE
                k.init_pgt.map_run(__va(base), base, 2, count, supported(k, prot | PAGE_PSE))
                pages += count
            at = last_map_addr = stop
            continue
        new_prot = _split_prot(run, prot)
        if run is not None:
            k.init_pgt.unmap(__va(base), __va(next))
        pte = alloc_low_pages(k, 1)
        k.init_pgt.add_table(1, __va(at), __pa(pte))
        last_map_addr = phys_pte_init(k, at, end, new_prot)
        at = next
    if not k.after_bootmem:
        _clear_behind(k, 2, addr, end)
    update_page_count(k, 2, pages)
    return last_map_addr


def _equal_rounds(k: Kernel, at: int, limit: int, page_size_mask: int, last_table: int) -> int:
    """How many GiB from `at` on are mapped in the same way, each with a PMD page below the last one.

    1 where the next one is a case of its own: it is no whole GiB, something is mapped there already, or the
    PMD page comes from elsewhere. A new 2 MiB of table pages is one too: the first access to it may fault.
    """
    if at % PUD_SIZE or not page_size_mask & (1 << PG_LEVEL_2M) or not last_table or k.after_bootmem:
        return 1
    low = k.min_pfn_mapped * PAGE_SIZE
    free = (__pa(k.init_pgt.next_used(3, __va(at), __va(limit))) - at) // PUD_SIZE
    pages = min(more_below(k, __pa(last_table), PAGE_SIZE, low), __pa(last_table) % PMD_SIZE // PAGE_SIZE)
    return max(min(free, pages), 1)


def _other_rounds(k: Kernel, at: int, rounds: int, pmd: int, prot: int) -> int:
    """Do for `rounds` GiB from `at` on what was just done for the one before, whose PMD page is at `pmd`."""
    take_below(k, pmd, rounds * PAGE_SIZE)
    k.init_pgt.add_tables(2, __va(at), pmd - PAGE_SIZE, rounds, -PAGE_SIZE)
    count = rounds * PTRS_PER_TABLE
    k.init_pgt.map_run(__va(at), at, 2, count, supported(k, prot | PAGE_PSE))
    k.direct_pages_count[2] += count
    return at + rounds * PUD_SIZE


@kfunc
def phys_pud_init(k: Kernel, addr: int, end: int, page_size_mask: int) -> int:
    """Map physical `[addr, end)`, as far as the PUD page of `addr` goes. Returns where it ended."""
    limit = min(end, (addr // PGDIR_SIZE + 1) * PGDIR_SIZE)
    large = page_size_mask & (1 << PG_LEVEL_1G)
    pages, last_map_addr, at = 0, end, addr
    # The table page taken last: that of these entries, if it has none yet, then those of the entries.
    last_table = 0 if k.init_pgt.present(3, __va(at)) else __va(k.init_pgt.table(3, __va(at)) or 0)
    while at < limit:
        next = (at // PUD_SIZE + 1) * PUD_SIZE
        base = at // PUD_SIZE * PUD_SIZE
        if k.init_pgt.table(2, __va(at)) is not None:
            last_map_addr = phys_pmd_init(k, at, end, page_size_mask, PAGE_KERNEL)
            at = next
            continue
        run = k.init_pgt.run_at(__va(at))
        if large:
            if run is not None:
                stop = min(__pa(run.end), -(-limit // PUD_SIZE) * PUD_SIZE)
                pages += 0 if k.after_bootmem else (stop - base) // PUD_SIZE
            else:
                free_end = k.init_pgt.next_used(3, __va(base), __va(limit))
                stop = min(__pa(free_end), -(-limit // PUD_SIZE) * PUD_SIZE)
                count = (stop - base) // PUD_SIZE
                k.init_pgt.map_run(__va(base), base, 3, count, supported(k, PAGE_KERNEL_LARGE))
                pages += count
            at = last_map_addr = stop
            continue
        prot = _split_prot(run, PAGE_KERNEL)
        if run is not None:
            k.init_pgt.unmap(__va(base), __va(next))
        rounds = _equal_rounds(k, at, limit, page_size_mask, last_table)
        with k.repeat(rounds):
            last_table = alloc_low_pages(k, 1)
            k.init_pgt.add_table(2, __va(at), __pa(last_table))
            last_map_addr = phys_pmd_init(k, at, end, page_size_mask, prot)
        if rounds > 1:
            last_map_addr = _other_rounds(k, next, rounds - 1, __pa(last_table), prot)
        at += (rounds - 1) * PUD_SIZE + next - at
    update_page_count(k, 3, pages)
    return last_map_addr


@kfunc
def kernel_physical_mapping_init(k: Kernel, start: int, end: int, page_size_mask: int) -> int:
    """Map physical bytes `[start, end)` at PAGE_OFFSET. Returns where it ended."""
    last_map_addr, changed, at = end, False, start
    while at < end:
        next = (__va(at) // PGDIR_SIZE + 1) * PGDIR_SIZE - PAGE_OFFSET
        if k.init_pgt.table(3, __va(at)) is None:
            k.init_pgt.add_table(3, __va(at), __pa(alloc_low_pages(k, 1)))
            changed = True
        last_map_addr = phys_pud_init(k, at, end, page_size_mask)
        at = next
    if changed:
        sync_global_pgds(k, __va(start), __va(end) - 1, 0)
    return last_map_addr


@kfunc
def paging_init(k: Kernel) -> None:
    """Set up the array of struct page and the zones."""
    sparse_memory_present_with_active_regions(k, MAX_NUMNODES)
    sparse_init(k)
    k.node_states["N_NORMAL_MEMORY"].discard(0)
    zone_sizes_init(k)
