"""mm/hugetlb.c: huge pages for programs, set aside while memory is not yet in pieces."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from kmmdoc.linux.include.linux.gfp import (
    __GFP_COMP,
    __GFP_NOWARN,
    __GFP_REPEAT,
    __GFP_THISNODE,
    GFP_HIGHUSER,
    GFP_HIGHUSER_MOVABLE,
    GFP_KERNEL,
)
from kmmdoc.linux.include.linux.hugetlb import hstate
from kmmdoc.linux.include.linux.mmzone import MAX_ORDER
from kmmdoc.linux.kfunc import kfunc, setup_param
from kmmdoc.linux.lib.cmdline import memparse
from kmmdoc.linux.mm.memblock import memblock_virt_alloc_try_nid_nopanic
from kmmdoc.linux.mm.page_alloc.alloc import alloc_pages_node, prep_compound_page
from kmmdoc.linux.mm.page_alloc.reserved import adjust_managed_page_count
from kmmdoc.linux.mm.slub.alloc import __kmalloc
from kmmdoc.linux.state import KERN_INFO, KERN_WARNING, Kernel, __pa
from kmmdoc.model.quantities import PAGE_SHIFT

PMD_ORDER, PUD_ORDER = 9, 18


def hstate_is_gigantic(h: hstate) -> bool:
    """Are the pages too large for the page allocator?"""
    return h.order >= MAX_ORDER


def size_to_hstate(k: Kernel, size: int) -> hstate | None:
    """The pool of pages of `size` bytes, or None."""
    return next((h for h in k.hstates if 1 << (h.order + PAGE_SHIFT) == size), None)


def memfmt(size: int) -> str:
    """A page size as the log writes it.

    >>> memfmt(2 << 20), memfmt(1 << 30), memfmt(64 << 10)
    ('2 MB', '1 GB', '64 KB')
    """
    if size >= 1 << 30:
        return f"{size >> 30} GB"
    return f"{size >> 20} MB" if size >= 1 << 20 else f"{size >> 10} KB"


def nodes_in_turn(k: Kernel, h: hstate) -> Iterator[int]:
    """Every node with memory once, beginning with the one whose turn it is.

    Each node that is tried, with success or without, hands the turn on to the next.
    """
    nodes = sorted(k.node_states["N_NORMAL_MEMORY"])
    for _ in nodes:
        at = nodes.index(h.next_nid_to_alloc) if h.next_nid_to_alloc in nodes else 0
        h.next_nid_to_alloc = nodes[(at + 1) % len(nodes)]
        yield nodes[at]


@kfunc
def free_huge_page(k: Kernel, h: hstate, page: int) -> None:
    """Put a page at the head of the free ones of the node that it lies on."""
    nid = k.page_flags.nid(k.mem_map[page].flags)
    h.hugepage_freelists.setdefault(nid, deque()).appendleft(page)
    h.free_huge_pages += 1


@kfunc
def prep_new_huge_page(k: Kernel, h: hstate, page: int, nid: int) -> None:
    """Make a page one of the pool's by freeing it: its last user goes, and it comes to the free ones."""
    h.nr_huge_pages += 1
    h.nr_per_node[nid] = h.nr_per_node.get(nid, 0) + 1
    k.mem_map.set_count(page, 1, 0)
    free_huge_page(k, h, page)


@kfunc
def alloc_fresh_huge_page(k: Kernel, h: hstate) -> int:
    """Take one page for the pool from the node whose turn it is, or the next that has one; else 0."""
    migrates = k.build.enabled("ARCH_ENABLE_HUGEPAGE_MIGRATION") and h.order == PMD_ORDER
    mask = GFP_HIGHUSER_MOVABLE if migrates else GFP_HIGHUSER
    for nid in nodes_in_turn(k, h):
        gfp = mask | __GFP_COMP | __GFP_THISNODE | __GFP_REPEAT | __GFP_NOWARN
        page = alloc_pages_node(k, nid, gfp, h.order)
        if page is not None:
            prep_new_huge_page(k, h, page, nid)
            return 1
    return 0


@kfunc
def alloc_bootmem_huge_page(k: Kernel, h: hstate) -> int:
    """Take one page that is too large for the page allocator from memblock; 0 when there is none."""
    size = 1 << (h.order + PAGE_SHIFT)
    for nid in nodes_in_turn(k, h):
        address = memblock_virt_alloc_try_nid_nopanic(k, size, size, 0, 0, nid)
        if address:
            k.huge_boot_pages.insert(0, (h, __pa(address) >> PAGE_SHIFT))
            return 1
    return 0


@kfunc
def prep_compound_gigantic_page(k: Kernel, page: int, order: int) -> None:
    """Tie the pages of boot memory together as prep_compound_page() does; none is reserved any more."""
    prep_compound_page(k, page, order)
    k.mem_map.clear_flags(page, 1 << order, k.page_flags.PG_reserved)


@kfunc
def gather_bootmem_prealloc(k: Kernel) -> None:
    """Put the pages that came from memblock into their pools, the last one first.

    Such a page counts to the node that it lies on, which may be another than the one that was asked for.
    """
    for h, page in k.huge_boot_pages:
        prep_compound_gigantic_page(k, page, h.order)
        prep_new_huge_page(k, h, page, k.page_flags.nid(k.mem_map[page].flags))
        if hstate_is_gigantic(h):
            adjust_managed_page_count(k, page, 1 << h.order)
    k.huge_boot_pages.clear()


@kfunc
def hugetlb_hstate_alloc_pages(k: Kernel, h: hstate) -> None:
    """Fill the pool with as many pages as were asked for, or as there are."""
    take = alloc_bootmem_huge_page if hstate_is_gigantic(h) else alloc_fresh_huge_page
    got = 0
    while got < h.max_huge_pages and take(k, h):
        got += 1
    h.max_huge_pages = got


@kfunc
def report_hugepages(k: Kernel) -> None:
    """Print a line for each pool."""
    for h in k.hstates:
        size = memfmt(1 << (h.order + PAGE_SHIFT))
        text = f"HugeTLB registered {size} page size, pre-allocated {h.free_huge_pages} pages\n"
        k.printk(KERN_INFO, text)


@kfunc
def hugetlb_init(k: Kernel) -> int:
    """Make the pool of the default size, fill all pools, and make the locks that page faults take. Returns 0.

    Whether the processor has large pages is not asked: on x86-64 they are taken for granted.

    Simplified: the files of /sys that describe the pools are left out.
    """
    default = size_to_hstate(k, k.default_hstate_size)
    if default is None:
        k.default_hstate_size = 1 << (PMD_ORDER + PAGE_SHIFT)
        default = size_to_hstate(k, k.default_hstate_size) or hugetlb_add_hstate(k, PMD_ORDER)
    if default is not None and k.default_hstate_max_huge_pages:
        default.max_huge_pages = k.default_hstate_max_huge_pages
    for h in k.hstates:
        if not hstate_is_gigantic(h):
            hugetlb_hstate_alloc_pages(k, h)
    gather_bootmem_prealloc(k)
    report_hugepages(k)
    locks = 1 << (8 * len(k.cpu_possible_mask) - 1).bit_length()
    if not __kmalloc(k, k.build.sizeof("mutex") * locks, GFP_KERNEL):
        k.bug("hugetlb_init")
    return 0


@kfunc
def hugetlb_add_hstate(k: Kernel, order: int) -> hstate | None:
    """Make the pool for pages of `order`; None, with a warning, when it is there already."""
    if size_to_hstate(k, 1 << (order + PAGE_SHIFT)) is not None:
        k.printk(KERN_WARNING, "hugepagesz= specified twice, ignoring\n")
        return None
    h = hstate(order, min(k.node_states["N_NORMAL_MEMORY"]))
    k.hstates.append(h)
    k.parsed_hstate = h
    return h


@setup_param("hugepages=")
@kfunc
def hugetlb_nrpages_setup(k: Kernel, rest: str) -> int:
    """hugepages=N: set N pages of the last hugepagesz=, or of the default size, aside. Gigantic ones now."""
    digits = rest[: len(rest) - len(rest.lstrip("0123456789"))]
    number = int(digits or "0")
    if not k.hstates:
        if k.last_mhp == "default":
            return _twice(k)
        k.default_hstate_max_huge_pages, k.last_mhp = number, "default"
        return 1
    h = k.parsed_hstate
    if h is None or k.last_mhp == h.order:
        return _twice(k)
    h.max_huge_pages, k.last_mhp = number, h.order
    if hstate_is_gigantic(h):
        hugetlb_hstate_alloc_pages(k, h)
    return 1


def _twice(k: Kernel) -> int:
    text = "hugepages= specified twice without interleaving hugepagesz=, ignoring\n"
    k.printk(KERN_WARNING, text)
    return 1


@setup_param("default_hugepagesz=")
@kfunc
def hugetlb_default_setup(k: Kernel, rest: str) -> int:
    """default_hugepagesz=SIZE: the size that programs get unless they ask for another."""
    k.default_hstate_size, _ = memparse(rest)
    return 1
