"""A map from ranges of integers to values: the form in which memory is described everywhere here."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from typing import Generic, TypeVar

V = TypeVar("V")


class IntervalMap(Generic[V]):
    """Half-open ranges `[start, end)` with a value each; what was never set has the default.

    The cost of an operation grows with the number of ranges it touches, never with their length.

    >>> m = IntervalMap[str]("free")
    >>> m.set(10, 20, "a"); m.set(15, 30, "b"); m.set(12, 13, "free")
    >>> list(m.runs(0, 40))
    [(0, 10, 'free'), (10, 12, 'a'), (12, 13, 'free'), (13, 15, 'a'), (15, 30, 'b'), (30, 40, 'free')]
    >>> m[14]
    'a'
    """

    __slots__ = ("_starts", "_values", "default")

    def __init__(self, default: V) -> None:
        self.default = default
        self._starts: list[int] = [0]
        self._values: list[V] = [default]

    def copy(self) -> IntervalMap[V]:
        """An independent map with the same ranges; the values are shared."""
        new = IntervalMap(self.default)
        new._starts, new._values = self._starts[:], self._values[:]
        return new

    def __getitem__(self, point: int) -> V:
        return self._values[bisect_right(self._starts, point) - 1]

    def _cut(self, point: int) -> int:
        """Make a range begin at `point`; its index."""
        i = bisect_right(self._starts, point) - 1
        if self._starts[i] == point:
            return i
        self._starts.insert(i + 1, point)
        self._values.insert(i + 1, self._values[i])
        return i + 1

    def set(self, start: int, end: int, value: V) -> None:
        """Give `[start, end)` the value; neighbours of equal value become one range."""
        if start >= end:
            return
        i, j = self._cut(start), self._cut(end)
        if i and self._values[i - 1] == value:
            i -= 1
            first = self._starts[i]
        else:
            first = start
        if self._values[j] == value:
            j += 1
        self._starts[i:j] = [first]
        self._values[i:j] = [value]

    def runs(self, start: int, end: int) -> Iterator[tuple[int, int, V]]:
        """The ranges that lie in `[start, end)`, clipped to it, in ascending order."""
        i = bisect_right(self._starts, start) - 1
        while start < end:
            stop = self._starts[i + 1] if i + 1 < len(self._starts) else end
            yield start, min(stop, end), self._values[i]
            start, i = stop, i + 1
