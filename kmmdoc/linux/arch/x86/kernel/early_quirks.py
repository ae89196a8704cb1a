"""arch/x86/kernel/early-quirks.c: peculiarities of chipsets, as far as they take memory."""

from __future__ import annotations

from kmmdoc.linux.arch.x86.include.asm.e820 import E820_RESERVED, E820_X_MAX
from kmmdoc.linux.arch.x86.kernel.e820.table import e820_add_region, sanitize_e820_map
from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.state import KERN_INFO, Kernel

KFILE = "arch/x86/kernel/early-quirks.c"


@kfunc
def intel_graphics_stolen(k: Kernel, start: int, size: int) -> None:
    """Keep the memory that firmware gave to an Intel graphics chip from becoming device addresses."""
    text = f"Reserving Intel graphics stolen memory at {start:#x}-{start + size - 1:#x}\n"
    k.printk(KERN_INFO, text)
    e820_add_region(k, start, size, E820_RESERVED)
    sanitize_e820_map(k, k.e820.map, E820_X_MAX)


@kfunc
def early_quirks(k: Kernel) -> None:
    """Look for peculiar chipsets.

    Simplified: PCI is not modelled. That there is such a graphics chip, and where its memory lies, is part of
    the machine's description.
    """
    if k.machine.graphics_stolen is not None:
        intel_graphics_stolen(k, *k.machine.graphics_stolen)
