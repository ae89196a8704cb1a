"""The axis of a band: positions to points, with long empty stretches shortened and narrow pieces widened."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

GAP = 24.0
"""Points that a shortened empty stretch takes."""
NARROWEST = 2.5
"""Points that even the smallest piece gets, so that it can be seen."""
LEGIBLE = 13.0
"""A piece narrower than this is worth magnifying."""


class Piece(NamedTuple):
    """`[start, end)` of the axis, between two borders of segments; `used` where a segment covers it."""

    start: int
    end: int
    used: bool


@dataclass(frozen=True, slots=True)
class Scale:
    """Piecewise linear map of `[low, high)` to `[0, width]` points."""

    borders: tuple[int, ...]
    points: tuple[float, ...]
    shortened: tuple[tuple[float, float], ...]

    def __call__(self, position: int) -> float:
        """Points of a position, clamped to the axis."""
        i = bisect_right(self.borders, position) - 1
        if i < 0:
            return self.points[0]
        if i >= len(self.borders) - 1:
            return self.points[-1]
        part = (position - self.borders[i]) / (self.borders[i + 1] - self.borders[i])
        return self.points[i] + part * (self.points[i + 1] - self.points[i])


def pieces(spans: Iterable[tuple[int, int]], low: int, high: int) -> list[Piece]:
    """`[low, high)` cut at every border of the spans."""
    spans = [(max(a, low), min(b, high)) for a, b in spans if a < high and b > low]
    borders = sorted({low, high, *(a for a, _ in spans), *(b for _, b in spans)})
    covered: list[tuple[int, int]] = []
    for a, b in sorted(spans):
        if covered and a <= covered[-1][1]:
            covered[-1] = (covered[-1][0], max(b, covered[-1][1]))
        else:
            covered.append((a, b))
    starts = [a for a, _ in covered]
    result = []
    for a, b in pairwise(borders):
        i = bisect_right(starts, a) - 1
        result.append(Piece(a, b, i >= 0 and a < covered[i][1]))
    return result


def fit(parts: Sequence[Piece], width: float) -> Scale:
    """The scale on which the pieces take `width` points.

    In proportion to their length, except that an empty piece takes GAP points at most, and a used one
    NARROWEST at least. (Very many pieces share what there is.)
    """
    narrowest = min(NARROWEST, width / (2 * len(parts)))
    fixed: dict[int, float] = {}

    def rate() -> float:
        """Points for a unit of the pieces whose width is not fixed yet."""
        length = sum(p.end - p.start for i, p in enumerate(parts) if i not in fixed)
        return (width - sum(fixed.values())) / length if length else 0.0

    def settle(wanted: Callable[[Piece, float], bool], points: float) -> None:
        """Fix the width of all wanted pieces, until there is none more; one piece always stays free."""
        while True:
            per_unit = rate()
            free = [i for i in range(len(parts)) if i not in fixed]
            new = [i for i in free if wanted(parts[i], per_unit * (parts[i].end - parts[i].start))]
            if len(new) == len(free):
                new.remove(max(new, key=lambda i: parts[i].end - parts[i].start))
            if not new:
                return
            fixed.update((i, points) for i in new)

    settle(lambda part, points: not part.used and points > GAP, GAP)
    settle(lambda part, points: points < narrowest, narrowest)
    per_unit = rate()
    x, xs, short = 0.0, [0.0], []
    for i, part in enumerate(parts):
        w = fixed.get(i, (part.end - part.start) * per_unit)
        if not part.used and fixed.get(i) == GAP:
            short.append((x, x + w))
        x += w
        xs.append(x)
    return Scale((parts[0].start, *(p.end for p in parts)), tuple(xs), tuple(short))


def crowded(parts: Sequence[Piece], scale: Scale) -> list[tuple[int, int]]:
    """Stretches of the axis, in order, where two or more used pieces are too narrow to be read."""
    runs: list[list[Piece]] = []
    current: list[Piece] = []
    for part in parts:
        if scale(part.end) - scale(part.start) < LEGIBLE:
            current.append(part)
        else:
            runs.append(current)
            current = []
    runs.append(current)
    result = []
    for run in runs:
        while run and not run[0].used:
            run.pop(0)
        while run and not run[-1].used:
            run.pop()
        if sum(p.used for p in run) > 1:
            result.append((run[0].start, run[-1].end))
    return result
