"""lib/sort.c: heapsort. Its order of equal items and its number of comparisons are those of the kernel."""

from __future__ import annotations

from collections.abc import Callable, MutableSequence
from typing import TypeVar

T = TypeVar("T")


def _sift(base: MutableSequence[T], r: int, n: int, cmp: Callable[[T, T], int]) -> None:
    """Let the item at `r` sink to its place in the heap `base[:n]`."""
    while r * 2 + 1 < n:
        c = r * 2 + 1
        if c < n - 1 and cmp(base[c], base[c + 1]) < 0:
            c += 1
        if cmp(base[r], base[c]) >= 0:
            return
        base[r], base[c] = base[c], base[r]
        r = c


def sort(base: MutableSequence[T], cmp: Callable[[T, T], int]) -> None:
    """Sort `base` in place; `cmp(a, b)` is below, equal to or above zero.

    >>> items = [3, 1, 2]
    >>> sort(items, lambda a, b: a - b)
    >>> items
    [1, 2, 3]
    """
    n = len(base)
    for r in range(n // 2 - 1, -1, -1):
        _sift(base, r, n, cmp)
    for end in range(n - 1, 0, -1):
        base[0], base[end] = base[end], base[0]
        _sift(base, 0, end, cmp)
