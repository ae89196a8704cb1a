"""arch/x86/mm/pageattr.c: counting the pages of the direct map."""

from __future__ import annotations

from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.state import Kernel


@kfunc
def update_page_count(k: Kernel, level: int, pages: int) -> None:
    """`pages` more entries of `level` (1 = 4 KiB, 2 = 2 MiB, 3 = 1 GiB) map memory directly."""
    k.direct_pages_count[level] += pages
