"""arch/x86/kernel/traps.c: the table of exception handlers."""

from __future__ import annotations

from kmmdoc.linux.arch.x86.mm.pgtable import native_set_fixmap
from kmmdoc.linux.arch.x86.mm.pgtable_ext import PAGE_KERNEL_RO
from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.state import Kernel

FIX_RO_IDT = 644


@kfunc
def trap_init(k: Kernel) -> None:
    """Map the table of exception handlers a second time, read-only, and use it there."""
    native_set_fixmap(k, FIX_RO_IDT, k.pa_symbol("idt_table"), PAGE_KERNEL_RO)
