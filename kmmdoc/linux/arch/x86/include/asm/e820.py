"""The firmware's memory map as the kernel keeps it (arch/x86/include/uapi/asm/e820.h)."""

from __future__ import annotations

E820MAX = 128
"""Entries that boot_params has room for."""
E820_X_MAX = E820MAX + 3 * 64
"""Entries that the kernel's own table has room for: with EFI, three more for each possible node."""

E820_RAM, E820_RESERVED, E820_ACPI, E820_NVS, E820_UNUSABLE = 1, 2, 3, 4, 5
E820_RESERVED_KERN = 128
"""RAM that the kernel keeps from use because the boot loader left something there."""

ISA_END_ADDRESS = 0x100000
BIOS_BEGIN, BIOS_END = 0x000A0000, 0x00100000
HIGH_MEMORY = 0x00100000
LOWMEMSIZE = 0x9F000


class e820entry:
    """Bytes `[addr, addr + size)` of one type."""

    __slots__ = ("addr", "size", "type")

    def __init__(self, addr: int, size: int, type: int) -> None:
        self.addr, self.size, self.type = addr, size, type

    def __repr__(self) -> str:
        return f"e820entry({self.addr:#x}, {self.size:#x}, {self.type})"


class e820map:
    """A table of at most E820_X_MAX entries; `map` holds the ones in use."""

    __slots__ = ("map",)

    def __init__(self) -> None:
        self.map: list[e820entry] = []

    @property
    def nr_map(self) -> int:
        """How many entries are in use."""
        return len(self.map)

    def copy_from(self, other: e820map) -> None:
        """Become an independent copy of `other`."""
        self.map = [e820entry(e.addr, e.size, e.type) for e in other.map]
