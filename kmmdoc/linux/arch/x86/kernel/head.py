"""arch/x86/kernel/head.c: what the firmware keeps for itself below 1 MiB."""

from __future__ import annotations

from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.mm.memblock.regions import memblock_reserve
from kmmdoc.linux.state import Kernel

LOWMEM_CAP = 0x9F000
"""Conventional memory is never taken to reach above this."""
INSANE_CUTOFF = 0x20000
"""A firmware value below this is not believed."""


@kfunc
def reserve_ebda_region(k: Kernel) -> None:
    """Reserve everything from the end of conventional memory to 1 MiB.

    Two words of the BIOS data area say where that end is: the size of conventional memory (KiB) and the
    segment of the extended BIOS data area. The lower one counts, capped and disbelieved where it is absurd.
    """
    lowmem = k.machine.low_memory_kib << 10
    ebda_addr = k.machine.ebda
    if ebda_addr < INSANE_CUTOFF:
        ebda_addr = LOWMEM_CAP
    if lowmem < INSANE_CUTOFF:
        lowmem = LOWMEM_CAP
    lowmem = min(lowmem, ebda_addr, LOWMEM_CAP)
    k.step("low-memory-end", lowmem=lowmem)
    memblock_reserve(k, lowmem, 0x100000 - lowmem)
