"""The units that memory management counts in, as distinct types, and the constants of x86-64.

Values are plain ints at run time; the type checker keeps page frame numbers, physical addresses,
page counts, orders, node ids and byte counts apart.
"""

from __future__ import annotations

from typing import NewType

Pfn = NewType("Pfn", int)
PhysAddr = NewType("PhysAddr", int)
VirtAddr = NewType("VirtAddr", int)
NrPages = NewType("NrPages", int)
Order = NewType("Order", int)
Nid = NewType("Nid", int)
Bytes = NewType("Bytes", int)

PAGE_SHIFT = 12
PAGE_SIZE = 1 << PAGE_SHIFT
MAX_PHYSMEM_BITS = 46

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")


def size_text(nbytes: int) -> str:
    """A byte count for people, in the largest binary unit that divides it well.

    >>> size_text(2 << 30), size_text(639 << 10), size_text(0x7fee0000)
    ('2 GiB', '639 KiB', '2.00 GiB')
    """
    value, unit = float(nbytes), 0
    while value >= 1024 and unit + 1 < len(_UNITS):
        value /= 1024
        unit += 1
    text = f"{value:.0f}" if value == int(value) else f"{value:.2f}"
    return f"{text} {_UNITS[unit]}"
