"""arch/x86/mm/ioremap.c: temporary mappings of early boot, at fixed addresses."""

from __future__ import annotations

from kmmdoc.linux.arch.x86.kernel.head64 import touch_early
from kmmdoc.linux.arch.x86.mm.pgtable_ext import FIXADDR_TOP, table_span
from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.state import Kernel

FIRST_BTMAP = FIXADDR_TOP // table_span(1) * table_span(1) - 2 * table_span(1)
"""The 512 temporary mappings have a PTE page of their own, below that of the lasting ones."""


@kfunc
def early_ioremap_init(k: Kernel) -> None:
    """Hang the static PTE page of the temporary mappings into the tables.

    Simplified: the temporary mappings themselves come and go between two snapshots and are left out.
    """
    touch_early(k, k.pa_symbol("early_level4_pgt"))
    k.init_pgt.add_table(1, FIRST_BTMAP, k.pa_symbol("bm_pte"))
