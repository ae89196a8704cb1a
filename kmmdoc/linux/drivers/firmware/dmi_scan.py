"""drivers/firmware/dmi_scan.c: the names that firmware gives the machine, kept in the brk area."""

from __future__ import annotations

from kmmdoc.linux.arch.x86.kernel.setup.brk import extend_brk
from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.state import Kernel

DMI_ALIGN = 4


@kfunc
def dmi_scan_machine(k: Kernel) -> None:
    """Find the DMI table and copy its strings.

    Simplified: the strings are not part of a machine's description. One byte stands for them all: what
    matters later is only that the first page of the brk area is begun.
    """
    if k.machine.dmi:
        extend_brk(k, 1, DMI_ALIGN)


@kfunc
def dmi_memdev_walk(k: Kernel) -> None:
    """Copy the names of the memory modules. Simplified: see dmi_scan_machine()."""
