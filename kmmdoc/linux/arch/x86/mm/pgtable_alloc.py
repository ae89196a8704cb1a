"""arch/x86/mm/pgtable.c: pages for tables."""

from __future__ import annotations

from kmmdoc.linux.include.linux.gfp import __GFP_NOTRACK, __GFP_REPEAT, __GFP_ZERO, GFP_KERNEL
from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.mm.page_alloc.alloc import __get_free_pages
from kmmdoc.linux.state import Kernel

KFILE = "arch/x86/mm/pgtable.c"


@kfunc
def pte_alloc_one_kernel(k: Kernel) -> int:
    """A zeroed page for PTEs: its address, 0 on failure."""
    return __get_free_pages(k, GFP_KERNEL | __GFP_NOTRACK | __GFP_REPEAT | __GFP_ZERO, 0)
