"""arch/x86/mm/init_64.c: code and constants become read-only, the gaps between them free memory."""

from __future__ import annotations

from kmmdoc.linux.arch.x86.mm.init_free import free_init_pages
from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.state import Kernel, __va
from kmmdoc.model.quantities import PAGE_SIZE

KFILE = "arch/x86/mm/init_64.c"


@kfunc
def mark_rodata_ro(k: Kernel) -> None:
    """Free what lies between code, constants and data, which are aligned to 2 MiB each.

    Simplified: the mappings are not changed.
    """

    def pages_from(symbol: str) -> int:
        return __va(-(-k.pa_symbol(symbol) // PAGE_SIZE) * PAGE_SIZE)

    free_init_pages(k, "unused kernel", pages_from("__stop___ex_table"), pages_from("__start_rodata"))
    free_init_pages(k, "unused kernel", pages_from("__end_rodata"), pages_from("_sdata"))
