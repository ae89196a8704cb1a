"""kernel/range.c: small lists of ranges."""

from __future__ import annotations

Range = tuple[int, int]


def add_range_with_merge(ranges: list[Range], az: int, start: int, end: int) -> None:
    """Add `[start, end)`, swallowing every range that it overlaps or touches.

    Dropped when `az` slots are in use.
    """
    if start >= end:
        return
    i = 0
    while i < len(ranges):
        if max(ranges[i][0], start) > min(ranges[i][1], end):
            i += 1
            continue
        start, end = min(ranges[i][0], start), max(ranges[i][1], end)
        del ranges[i]
    if len(ranges) < az:
        ranges.append((start, end))


def subtract_range(ranges: list[Range], az: int, start: int, end: int) -> None:
    """Take `[start, end)` out of the ranges.

    Where one falls into two, the rest is dropped when `az` slots are in use.
    """
    if start >= end:
        return
    found: list[Range] = []
    for low, high in ranges:
        found += [r for r in ((low, min(high, start)), (max(low, end), high)) if r[0] < r[1]]
    ranges[:] = found[:az]


def clean_sort_range(ranges: list[Range]) -> None:
    """Sort the ranges by their start."""
    ranges.sort()
