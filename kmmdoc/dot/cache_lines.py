"""Structures to SVG: a row for each cache line, a box for each member, padding hatched, long runs folded."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from kmmdoc.dot.fonts import text_width
from kmmdoc.dot.style import SMALL, WIDTH
from kmmdoc.dot.svg import Canvas
from kmmdoc.model.graph import CacheLines, Span

GUTTER = 46.0
"""Points left of the rows, for the offset with which a line begins."""
ROW, LANE, FOLD, GAP = 38.0, 17.0, 17.0, 6.0
"""Heights in points: of a row, at least; of each member that shares bytes; of folded rows; between rows."""
FOLDED = 3
"""So many rows of nothing but one member are drawn as one."""
_TOP, _PAD, _LEADING, _HATCH = 18.0, 3.0, 10.5, 5.0
_AXIS, _LEAST = 8, 32
"""Bytes from one tick to the next; over the whole width, at least, of what is smaller than a line."""


class Box(NamedTuple):
    """A part of a span in one row: its bytes within the structure, and the lane of so many it is in."""

    span: Span
    start: int
    end: int
    lane: int = 0
    lanes: int = 1


class Line(NamedTuple):
    """A row: the bytes `[start, end)`; `folded` says how many cache lines it stands for, 0 for itself."""

    start: int
    end: int
    boxes: tuple[Box, ...]
    folded: int = 0

    @property
    def height(self) -> float:
        """Points that the row takes."""
        if self.folded:
            return FOLD
        return max(ROW, LANE * max((box.lanes for box in self.boxes), default=1))


def rows(figure: CacheLines) -> list[Line]:
    """The rows of a structure, in order, `FOLDED` or more equal ones as one."""
    parts = [s for s in figure.spans if s.end > s.start]
    lines: list[Line] = []
    run: list[Line] = []

    def close() -> None:
        if len(run) >= FOLDED:
            box = Box(run[0].boxes[0].span, run[0].start, run[-1].end)
            lines.append(Line(run[0].start, run[-1].end, (box,), len(run)))
        else:
            lines.extend(run)
        run.clear()

    for start in range(0, figure.size, figure.line):
        end = min(start + figure.line, figure.size)
        line = Line(
            start, end, tuple(lanes([s for s in parts if s.start < end and s.end > start], start, end))
        )
        alone = len(line.boxes) == 1 and line.boxes[0].end - line.boxes[0].start == figure.line
        if run and not (alone and line.boxes[0].span is run[0].boxes[0].span):
            close()
        if alone:
            run.append(line)
        else:
            lines.append(line)
    close()
    return lines


def lanes(spans: Sequence[Span], low: int, high: int) -> Iterator[Box]:
    """The parts of spans within `[low, high)`; those that overlap one another share the height in lanes."""
    group: list[Span] = []
    reach = low
    for span in sorted(spans, key=lambda s: (s.start, -s.end)):
        if group and span.start >= reach:
            yield from _stacked(group, low, high)
            group = []
        group.append(span)
        reach = max(reach, span.end)
    yield from _stacked(group, low, high)


def _stacked(group: Sequence[Span], low: int, high: int) -> Iterator[Box]:
    """Each span in the first lane that is free where it begins."""
    ends: list[int] = []
    placed: list[tuple[Span, int]] = []
    for span in group:
        lane = next((i for i, end in enumerate(ends) if end <= span.start), len(ends))
        ends[lane : lane + 1] = [span.end]
        placed.append((span, lane))
    for span, lane in placed:
        yield Box(span, max(span.start, low), min(span.end, high), lane, len(ends))


class _Letters:
    """Letters in place of names that do not fit, in the order in which they were given out."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}

    def __call__(self, name: str) -> str:
        """The letter of a name, the same for each of its parts."""
        count = len(self.names)
        letter = chr(ord("a") + count % 26) * (count // 26 + 1)
        return self.names.setdefault(name, letter)


def draw_cache_lines(figure: CacheLines) -> str:
    """The structure as SVG, as wide as the column."""
    canvas, letters = Canvas(), _Letters()
    across = min(figure.line, max(_LEAST, -(-figure.size // _AXIS) * _AXIS))
    per_byte = (WIDTH - GUTTER - 4) / across
    for byte in range(0, across + 1, _AXIS):
        canvas.text(GUTTER + byte * per_byte, 10, str(byte), "axis", size=SMALL, anchor="middle")
    y = _TOP
    for line in rows(figure):
        _draw_line(canvas, figure, line, y, per_byte, letters)
        y += line.height + GAP
    y = _draw_letters(canvas, figure, letters, y + 4)
    y = _draw_key(canvas, figure, y + 4)
    return canvas.drawing(WIDTH, y, figure.alt)


def _draw_line(
    canvas: Canvas, figure: CacheLines, line: Line, y: float, per_byte: float, letters: _Letters
) -> None:
    canvas.text(GUTTER - 7, y + 11, f"{line.start:#x}", "axis", size=SMALL, anchor="end")
    if line.start:
        canvas.line([(GUTTER - 4, y - GAP / 2), (WIDTH, y - GAP / 2)], "axis", width=0.9)
    for box in line.boxes:
        height = line.height / box.lanes
        first = 0 if line.folded else box.start - line.start
        last = figure.line if line.folded else box.end - line.start  # folded lines are whole ones
        x, w = GUTTER + first * per_byte, (last - first) * per_byte
        _draw_box(canvas, figure, line, box, (x, y + box.lane * height, w, height), letters)


Area = tuple[float, float, float, float]
"""x, y, width and height in points."""


def _draw_box(
    canvas: Canvas, figure: CacheLines, line: Line, box: Box, area: Area, letters: _Letters
) -> None:
    span = box.span
    x, y, w, h = area
    hint = span.hint or span.label
    with canvas.hint(hint), canvas.link(span.target, hint, area):
        canvas.box(x, y, w, h, span.kind, radius=1.5)
        if not span.label:
            _draw_padding(canvas, figure, span.end - span.start, area)
            return
        if line.folded:
            n = line.folded
            text = figure.fold_text.format(label=span.label, n=n, bytes=figure.line)
            canvas.text(x + w / 2, y + h / 2 + 3.2, text, "value", size=SMALL, anchor="middle")
            for at in (x + 9, x + w - 9):
                for below in (-4, 0, 4):
                    canvas.polygon(_square(at, y + h / 2 + below), "label")
            return
        texts = fitted(span.label, w - 2 * _PAD, int(max(1, (h - 4) // _LEADING))) or [letters(span.label)]
        base = y + h / 2 + 3.2 - (len(texts) - 1) * _LEADING / 2
        for i, text in enumerate(texts):
            canvas.text(x + w / 2, base + i * _LEADING, text, "value", size=SMALL, anchor="middle")


def _square(x: float, y: float) -> list[tuple[float, float]]:
    """A small dot around a point."""
    return [(x - 0.9, y - 0.9), (x + 0.9, y - 0.9), (x + 0.9, y + 0.9), (x - 0.9, y + 0.9)]


def fitted(name: str, width: float, most: int) -> list[str]:
    """A name in at most `most` lines of `width` points, broken at underscores; nothing where it does not fit.

    >>> fitted("wait_table_bits", 40, 2), fitted("wait_table_bits", 40, 1)
    (['wait_', 'table_bits'], [])
    """
    texts = [""]
    for piece in re.findall("[^_]+_*|_+", name):
        if not texts[-1] or text_width(texts[-1] + piece, SMALL) <= width:
            texts[-1] += piece
        else:
            texts.append(piece)
    fits = len(texts) <= most and all(text_width(text, SMALL) <= width for text in texts)
    return texts if fits else []


def _draw_letters(canvas: Canvas, figure: CacheLines, letters: _Letters, y: float) -> float:
    """Which letter stands for which name; returns where it ends."""
    targets = {span.label: span.target for span in figure.spans}
    x = GUTTER
    for name, letter in letters.names.items():
        letter_width = text_width(letter, SMALL, weight=600)
        w = letter_width + 5 + text_width(name, SMALL)
        if x + w > WIDTH:
            x, y = GUTTER, y + 14
        with canvas.link(targets[name], name, (x, y, w, 12)):
            canvas.text(x, y + 9.5, letter, "label", size=SMALL, weight=600)
            canvas.text(x + letter_width + 5, y + 9.5, name, "value", size=SMALL)
        x += w + 16
    return y + 16 if letters.names else y


def _draw_padding(canvas: Canvas, figure: CacheLines, n: int, area: Area) -> None:
    x, y, w, h = area
    for segment in hatch(area):
        canvas.line(segment, "edge", width=0.5)
    for text in (figure.padding_text.format(n=n), str(n)):
        width = text_width(text, SMALL) + 6
        if width <= w:
            canvas.box(x + (w - width) / 2, y + h / 2 - 6.5, width, 13, "hole", radius=2)
            canvas.text(x + w / 2, y + h / 2 + 3.2, text, "label", size=SMALL, anchor="middle")
            return


def hatch(area: Area) -> Iterator[list[tuple[float, float]]]:
    """Rising lines, evenly spaced, that end at the borders of the area."""
    x, y, w, h = area
    for i in range(1, math.ceil((w + h) / _HATCH)):
        along = i * _HATCH  # right of the left border and below the upper one, in sum
        left, right = max(0.0, along - h), min(along, w)
        yield [(x + left, y + along - left), (x + right, y + along - right)]


def _draw_key(canvas: Canvas, figure: CacheLines, y: float) -> float:
    used = {span.kind for span in figure.spans if span.end > span.start}
    x = GUTTER
    for kind, name in figure.kinds:
        if kind not in used:
            continue
        w = 20 + text_width(name, SMALL) + 16
        if x + w > WIDTH:
            x, y = GUTTER, y + 18
        canvas.box(x, y, 13, 11, kind, radius=2)
        canvas.text(x + 19, y + 9.5, name, "label", size=SMALL)
        x += w
    return y + 18
