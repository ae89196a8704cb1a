"""include/linux/ioport.h: the resource tree, which says who owns which physical addresses."""

from __future__ import annotations

IORESOURCE_IO, IORESOURCE_MEM = 0x100, 0x200
IORESOURCE_READONLY = 0x4000
IORESOURCE_BUSY = 0x8000_0000


class resource:
    """Addresses from `start` to `end` inclusive, with the resources inside them as a list of siblings."""

    __slots__ = ("child", "end", "flags", "name", "parent", "sibling", "start")

    def __init__(self, name: str, start: int, end: int, flags: int) -> None:
        self.name, self.start, self.end, self.flags = name, start, end, flags
        self.parent: resource | None = None
        self.sibling: resource | None = None
        self.child: resource | None = None

    def __repr__(self) -> str:
        return f"<{self.name} {self.start:#x}-{self.end:#x}>"
