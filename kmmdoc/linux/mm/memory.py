"""mm/memory.c: table pages for mappings of the kernel.

Simplified: only the tables of the kernel (init_mm) exist here, and nobody else ever adds one meanwhile.
"""

from __future__ import annotations

from kmmdoc.linux.arch.x86.mm.pgtable_alloc import pte_alloc_one_kernel
from kmmdoc.linux.include.linux.gfp import __GFP_REPEAT, __GFP_ZERO, GFP_KERNEL
from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.mm.mempolicy import alloc_pages_current
from kmmdoc.linux.mm.page_alloc.alloc import get_zeroed_page
from kmmdoc.linux.state import Kernel, __pa

ENOMEM = 12
PAGE_SHIFT = 12


@kfunc
def __pud_alloc(k: Kernel, address: int) -> int:
    """A page of PUD entries for `address`: 0 or -ENOMEM."""
    page = get_zeroed_page(k, GFP_KERNEL | __GFP_REPEAT)
    if not page:
        return -ENOMEM
    k.init_pgt.add_table(3, address, __pa(page))
    return 0


@kfunc
def __pmd_alloc(k: Kernel, address: int) -> int:
    """A page of PMD entries for `address`: 0 or -ENOMEM."""
    pfn = alloc_pages_current(k, GFP_KERNEL | __GFP_REPEAT | __GFP_ZERO, 0)
    if not pfn:
        return -ENOMEM
    k.init_pgt.add_table(2, address, pfn << PAGE_SHIFT)
    return 0


@kfunc
def __pte_alloc_kernel(k: Kernel, address: int) -> int:
    """A page of PTEs for `address`: 0 or -ENOMEM."""
    page = pte_alloc_one_kernel(k)
    if not page:
        return -ENOMEM
    k.init_pgt.add_table(1, address, __pa(page))
    return 0
