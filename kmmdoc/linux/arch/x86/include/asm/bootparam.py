"""What the boot loader hands over (arch/x86/include/uapi/asm/bootparam.h)."""

from __future__ import annotations

from kmmdoc.linux.arch.x86.include.asm.e820 import E820MAX, e820entry
from kmmdoc.model.scenario import Machine

SETUP_E820_EXT = 1
SETUP_DATA_HEADER = 16
"""Bytes of a setup_data node before its payload."""


class boot_params:
    """The parts of the boot parameters that memory initialisation reads.

    `e820_map` holds what fits; `e820_ext` the entries that the boot loader puts into a setup_data node.
    """

    __slots__ = (
        "alt_mem_k",
        "e820_ext",
        "e820_map",
        "ext_mem_k",
        "ramdisk_image",
        "ramdisk_size",
        "setup_data",
    )

    def __init__(self, machine: Machine) -> None:
        entries = [e820entry(e.addr, e.size, e.type) for e in machine.e820_map]
        self.e820_map, self.e820_ext = entries[:E820MAX], entries[E820MAX:]
        self.alt_mem_k, self.ext_mem_k = machine.alt_mem_k, machine.ext_mem_k
        self.ramdisk_image, self.ramdisk_size = machine.initrd or (0, 0)
        self.setup_data = machine.setup_data
