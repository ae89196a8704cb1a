"""kernel/extable.c."""

from __future__ import annotations

from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.state import Kernel


@kfunc
def sort_main_extable(k: Kernel) -> None:
    """Sort the table of instructions that may fault, unless that was done when the kernel was linked, as
    here."""
