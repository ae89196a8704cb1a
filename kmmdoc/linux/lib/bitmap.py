"""lib/bitmap.c: sets of bits, kept in words of 64."""

from __future__ import annotations

from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.state import Kernel

BITS_PER_LONG = 64
WORD = (1 << BITS_PER_LONG) - 1


def region(pos: int, order: int) -> int:
    """The bits that stand for `2**order` bits from `pos` on.

    The kernel expects `pos` to be a multiple of their number. Where it is not, bits that would fall into
    the next word are lost.

    >>> [hex(region(pos, 1)) for pos in (2, 62, 63)]
    ['0xc', '0xc000000000000000', '0x8000000000000000']
    """
    word, offset = divmod(pos, BITS_PER_LONG)
    mask = (1 << min(1 << order, BITS_PER_LONG)) - 1 << offset & WORD
    words = max((1 << order) // BITS_PER_LONG, 1)
    return sum(mask << BITS_PER_LONG * (word + i) for i in range(words))


@kfunc
def bitmap_allocate_region(k: Kernel, bitmap: int, pos: int, order: int) -> int | None:
    """`bitmap` with a region set, None where one of its bits is set already."""
    bits = region(pos, order)
    return None if bitmap & bits else bitmap | bits
