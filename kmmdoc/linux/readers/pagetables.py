"""Section `pagetables`: the kernel's page tables and what they map."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kmmdoc.linux.arch.x86.mm.pgtable_ext import PageTables
from kmmdoc.linux.debugger import section
from kmmdoc.linux.state import Kernel


@section("pagetables")
def read(k: Kernel) -> Callable[[], dict[str, Any]]:
    """{tables: [phys, level, va, present entries] ..., leaf: [va, pa, level, count, flags] ...}, by address.

    Level 3 is a PUD page or a 1 GiB page, 2 a PMD page or a 2 MiB page, 1 a PTE page or a 4 KiB page.
    """
    tables = k.init_pgt.copy()
    return lambda: _expand(tables)


def _expand(tables: PageTables) -> dict[str, Any]:
    return {
        "tables": [[hex(phys), level, hex(va), used] for phys, level, va, used in tables.tables()],
        "leaf": [
            [hex(leaf.va), hex(leaf.pa), leaf.level, leaf.nr, hex(leaf.flags)] for leaf in tables.leaves()
        ],
    }
