"""arch/x86/kernel/probe_roms.c: the ROMs between 768 KiB and 1 MiB, found by their signatures."""

from __future__ import annotations

from kmmdoc.linux.include.linux.ioport import (
    IORESOURCE_BUSY,
    IORESOURCE_MEM,
    IORESOURCE_READONLY,
    resource,
)
from kmmdoc.linux.kernel.resource import request_resource
from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.state import Kernel

_FLAGS = IORESOURCE_BUSY | IORESOURCE_READONLY | IORESOURCE_MEM
SYSTEM_ROM = (0xF0000, 0xFFFFF)


@kfunc
def probe_roms(k: Kernel) -> None:
    """Enter video, system, extension and adapter ROMs into the resource tree.

    Simplified: the search through memory is not modelled. What it would find is part of the machine's
    description; the system ROM is always claimed.
    """
    found = sorted(k.machine.roms, key=lambda rom: rom.start)
    for rom in (r for r in found if r.name == "Video ROM"):
        request_resource(k, k.iomem_resource, resource(rom.name, rom.start, rom.end, _FLAGS))
    request_resource(k, k.iomem_resource, resource("System ROM", *SYSTEM_ROM, _FLAGS))
    for rom in (r for r in found if r.name not in ("Video ROM", "System ROM")):
        request_resource(k, k.iomem_resource, resource(rom.name, rom.start, rom.end, _FLAGS))
