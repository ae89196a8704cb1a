"""Cutting a range of pages into the blocks of the buddy system."""

from __future__ import annotations

from collections.abc import Iterator

from kmmdoc.linux.include.linux.mmzone import MAX_ORDER

KFILE = "mm/page_alloc.c"


def largest_blocks(start: int, end: int) -> Iterator[tuple[int, int]]:
    """Page frames `[start, end)` cut into (pfn, order), upwards, each the largest that is aligned and fits.

    >>> list(largest_blocks(5, 16))
    [(5, 0), (6, 1), (8, 3)]
    """
    while start < end:
        order = min(MAX_ORDER - 1, (start & -start).bit_length() - 1) if start else MAX_ORDER - 1
        order = min(order, (end - start).bit_length() - 1)
        yield start, order
        start += 1 << order
