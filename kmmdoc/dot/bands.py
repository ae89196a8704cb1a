"""Bands to SVG: tracks over one axis to scale, and lenses below for what is too narrow to be read."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

from kmmdoc.dot.fonts import text_width
from kmmdoc.dot.scale import Piece, Scale, crowded, fit, pieces
from kmmdoc.dot.style import SMALL, TEXT, WIDTH
from kmmdoc.dot.svg import Canvas
from kmmdoc.model.graph import Bands, Segment, Track
from kmmdoc.model.quantities import size_text

_TRACK, _SPACE, _AXIS, _LENS = 20, 5, 17, 15
_PANELS = 5


class _Panel(NamedTuple):
    """One drawing of the tracks over a stretch of the axis; `parent` is the panel that it magnifies."""

    parts: list[Piece]
    scale: Scale
    parent: int | None


class _Unit(NamedTuple):
    """How positions and lengths on the axis are written; `name` is the unit of the bands.

    `kinds` are the names of kinds, for segments without a label.
    """

    name: str
    pages_text: str
    kinds: Mapping[str, str]

    def position(self, value: int) -> str:
        """A position, as people write it."""
        if self.name == "order":
            return ""
        if self.name == "address":
            return f"{value:#x}"
        if self.name == "bytes":
            return size_text(value)
        return f"{value:,}" if self.name == "count" else str(value)

    def length(self, value: int) -> str:
        """A distance between two positions."""
        if self.name == "order":
            return ""
        if self.name in ("address", "bytes"):
            return size_text(value)
        return self.pages_text.format(n=f"{value:,}") if self.name == "pfn" else f"{value:,}"


def draw_bands(bands: Bands) -> str:
    """The bands as SVG, as wide as the column."""
    gutter = 8 + max((math.ceil(text_width(t.title, TEXT, weight=600)) for t in bands.tracks), default=0) + 8
    notes = max((math.ceil(text_width(t.note, SMALL)) for t in bands.tracks), default=0)
    width = WIDTH - gutter - (notes + 10 if notes else 6)
    panels = _panels(bands, width)
    unit = _Unit(bands.unit, bands.pages_text, dict(bands.kinds))
    canvas = Canvas()
    y = 8.0
    for index, panel in enumerate(panels):
        if panel.parent is not None:
            _draw_heading(canvas, panel, index, gutter, y, unit)
            y += _LENS
        for i, track in enumerate(bands.tracks):
            _draw_track(canvas, track, panel, gutter, y + i * (_TRACK + _SPACE), unit)
            if panel.parent is None and track.note:
                base = y + i * (_TRACK + _SPACE) + _TRACK / 2 + 3.2
                canvas.text(WIDTH - 4, base, track.note, "label", size=SMALL, anchor="end")
        y += len(bands.tracks) * (_TRACK + _SPACE)
        _draw_axis(canvas, panel, gutter, y - _SPACE, unit, width)
        y += _AXIS
        lenses = [(k, p) for k, p in enumerate(panels) if p.parent == index]
        for number, lens in lenses:
            _draw_bracket(canvas, lens, panel, number, gutter, y)
        y += 16 if lenses else 2
    y = _draw_key(canvas, bands, y + 6)
    return canvas.drawing(WIDTH, y, bands.alt)


def _panels(bands: Bands, width: float) -> list[_Panel]:
    spans = [(s.start, s.end) for t in bands.tracks for s in t.segments if s.end > s.start]
    if not spans:
        spans = [(0, 1)]
    whole = pieces(spans, min(a for a, _ in spans), max(b for _, b in spans))
    panels = [_Panel(whole, fit(whole, width), None)]
    done = 0
    while bands.magnify and done < len(panels) and len(panels) < _PANELS:
        panel = panels[done]
        for low, high in crowded(panel.parts, panel.scale):
            if (low, high) == (panel.parts[0].start, panel.parts[-1].end) or len(panels) >= _PANELS:
                continue
            parts = pieces(spans, low, high)
            panels.append(_Panel(parts, fit(parts, width), done))
        done += 1
    return panels


def _hint(segment: Segment, track: Track, unit: _Unit) -> str:
    size = unit.length(segment.end - segment.start)
    span = f"{unit.position(segment.start)} – {unit.position(segment.end)} ({size})" if size else track.note
    parts = (track.title, segment.label or unit.kinds.get(segment.kind, ""), span)
    return " · ".join(dict.fromkeys(part for part in parts if part))


def _draw_track(canvas: Canvas, track: Track, panel: _Panel, left: float, y: float, unit: _Unit) -> None:
    with canvas.link(track.target, track.title, (0, y, left, _TRACK)):
        canvas.text(4, y + _TRACK / 2 + 4, track.title, "title", size=TEXT, weight=600)
    low, high = panel.parts[0].start, panel.parts[-1].end
    end = left + panel.scale.points[-1]
    canvas.line([(left, y + _TRACK), (end, y + _TRACK)], "axis", width=0.6)
    for segment in track.segments:
        if segment.end <= low or segment.start >= high:
            continue
        x, right = left + panel.scale(segment.start), left + panel.scale(segment.end)
        w = max(right - x, 1.5)
        hint = _hint(segment, track, unit)
        with canvas.hint(hint), canvas.link(segment.target, hint, (x, y, w, _TRACK)):
            canvas.box(x, y, w, _TRACK, segment.kind, radius=2 if w > 8 else 0, changed=segment.changed)
            _draw_label(canvas, segment, x, y, w, None if segment.start < low or segment.end > high else unit)
        if segment.changed:
            canvas.polygon([(x + w / 2 - 3.5, y - 5), (x + w / 2 + 3.5, y - 5), (x + w / 2, y)], "changed")


def _draw_label(canvas: Canvas, segment: Segment, x: float, y: float, w: float, unit: _Unit | None) -> None:
    """The segment's name and, with a unit, its length, where there is room (a cut segment has no unit)."""
    size = unit.length(segment.end - segment.start) if unit else ""
    full = " · ".join(part for part in (segment.label, size) if part)
    for text in (full, segment.label):
        if text and text_width(text, SMALL) + 6 <= w:
            canvas.text(x + w / 2, y + _TRACK / 2 + 3.8, text, "value", size=SMALL, anchor="middle")
            return


def _draw_axis(canvas: Canvas, panel: _Panel, left: float, y: float, unit: _Unit, width: float) -> None:
    """Ticks at the borders of segments; positions where there is room, the ends of wide pieces first."""
    scale = panel.scale
    for a, b in scale.shortened:
        middle = left + (a + b) / 2
        canvas.text(middle, y - 6, "⋯", "axis", size=12, anchor="middle")
    weight: dict[int, float] = {}
    for part in panel.parts:
        for border in (part.start, part.end):
            weight[border] = max(weight.get(border, 0), scale(part.end) - scale(part.start))
    ends = (panel.parts[0].start, panel.parts[-1].end)
    taken: list[tuple[float, float]] = []
    for border in sorted(weight, key=lambda p: (p not in ends, -weight[p], p)):
        text = unit.position(border)
        if not text:
            continue
        half = text_width(text, SMALL) / 2
        x = left + scale(border)
        centre = min(max(x, left + half - 4), left + width - half + 4)
        canvas.line([(x, y), (x, y + 4)], "axis", width=0.8)
        if all(centre + half + 5 < a or centre - half - 5 > b for a, b in taken):
            taken.append((centre - half, centre + half))
            canvas.text(centre, y + 14, text, "axis", size=SMALL, anchor="middle")


def _letter(index: int) -> str:
    return chr(ord("A") + index - 1)


def _draw_bracket(canvas: Canvas, lens: _Panel, parent: _Panel, index: int, left: float, y: float) -> None:
    """Mark the stretch of the parent that panel `index` magnifies, with the panel's letter."""
    x0, x1 = left + parent.scale(lens.parts[0].start), left + parent.scale(lens.parts[-1].end)
    canvas.path(f"M{x0:.1f} {y:.1f}V{y + 3.5:.1f}H{x1:.1f}V{y:.1f}", "mark", width=1.2)
    canvas.text((x0 + x1) / 2, y + 12.5, _letter(index), "mark", size=SMALL, weight=600, anchor="middle")


def _draw_heading(canvas: Canvas, panel: _Panel, index: int, left: float, y: float, unit: _Unit) -> None:
    low, high = panel.parts[0].start, panel.parts[-1].end
    span = f"{unit.position(low)} – {unit.position(high)}, {unit.length(high - low)}"
    canvas.text(left, y + 9, _letter(index), "mark", size=TEXT, weight=600)
    canvas.text(left + 14, y + 9, span, "axis", size=SMALL)


def _draw_key(canvas: Canvas, bands: Bands, y: float) -> float:
    """The key of kinds, and of the mark of changes; returns where it ends."""
    used = {s.kind for t in bands.tracks for s in t.segments}
    entries = [(kind, name) for kind, name in bands.kinds if kind in used]
    changed = any(s.changed for t in bands.tracks for s in t.segments)
    x = 4.0
    for kind, name in [*entries, *([("", bands.changed_text)] if changed else [])]:
        w = 20 + text_width(name, SMALL) + 16
        if x + w > WIDTH:
            x, y = 4.0, y + 18
        if kind:
            canvas.box(x, y, 13, 11, kind, radius=2)
        else:
            canvas.box(x, y, 13, 11, "context", radius=2, changed=True)
            canvas.polygon([(x + 3, y - 5), (x + 10, y - 5), (x + 6.5, y)], "changed")
        canvas.text(x + 19, y + 9.5, name, "label", size=SMALL)
        x += w
    return y + 18 if x > 4 else y
