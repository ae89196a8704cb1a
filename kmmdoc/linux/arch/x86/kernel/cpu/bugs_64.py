"""arch/x86/kernel/cpu/bugs_64.c: the boot CPU is known, its code can be chosen."""

from __future__ import annotations

from kmmdoc.linux.arch.x86.kernel.alternative import alternative_instructions
from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.state import Kernel


@kfunc
def check_bugs(k: Kernel) -> None:
    """Choose among alternative instructions."""
    alternative_instructions(k)
