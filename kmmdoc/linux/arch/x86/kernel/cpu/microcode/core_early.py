"""arch/x86/kernel/cpu/microcode/core_early.c."""

from __future__ import annotations

from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.state import Kernel


@kfunc
def load_ucode_bsp(k: Kernel) -> None:
    """Look for new microcode in the initial RAM disk. Simplified: none is ever found."""
