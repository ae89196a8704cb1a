"""A small writer of SVG that knows kinds and links."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from xml.sax.saxutils import escape, quoteattr

from kmmdoc.dot.fonts import SANS, text_width
from kmmdoc.dot.style import INKS, KINDS, kind_of


def number(value: float) -> float | int:
    """Rounded to a tenth, and an int where that is one."""
    rounded = round(value, 1)
    return int(rounded) if rounded == int(rounded) else rounded


class Canvas:
    """Collects shapes in points, y downwards; `drawing()` gives the SVG."""

    def __init__(self) -> None:
        self._parts: list[str] = []

    def box(
        self, x: float, y: float, w: float, h: float, kind: str, *, radius: float = 3, changed: bool = False
    ) -> None:
        """A rectangle in the colours of `kind`; a changed one has the border of changes."""
        colours = KINDS[kind_of(kind)]
        line = f'stroke="{INKS["changed"][0]}" stroke-width="1.8"' if changed else f'stroke="{colours.line}"'
        self._rect(x, y, w, h, f'rx="{number(radius)}" fill="{colours.fill}" {line}')

    def frame(self, x: float, y: float, w: float, h: float) -> None:
        """The border of a group."""
        self._rect(x, y, w, h, f'rx="6" fill="none" stroke="{INKS["edge"][0]}" stroke-dasharray="4 3"')

    def _rect(self, x: float, y: float, w: float, h: float, rest: str) -> None:
        self._parts.append(
            f'<rect x="{number(x)}" y="{number(y)}" width="{number(w)}" height="{number(h)}" {rest}/>'
        )

    def text(
        self,
        x: float,
        y: float,
        text: str,
        ink: str = "value",
        *,
        size: float,
        weight: int = 400,
        anchor: str = "start",
    ) -> None:
        """One line of text with its baseline at y; exactly as wide as it was measured."""
        if not text:
            return
        extra = f' font-weight="{weight}"' if weight != 400 else ""
        extra += f' text-anchor="{anchor}"' if anchor != "start" else ""
        width = number(text_width(text, size, weight=weight))
        self._parts.append(
            f'<text x="{number(x)}" y="{number(y)}" font-size="{number(size)}" fill="{INKS[ink][0]}" '
            f'textLength="{width}" lengthAdjust="spacingAndGlyphs"{extra}>{escape(text)}</text>'
        )

    def line(self, points: Iterable[tuple[float, float]], ink: str = "edge", *, width: float = 1) -> None:
        """Straight lines through the points."""
        self.path("M" + "L".join(f"{number(x)} {number(y)}" for x, y in points), ink, width=width)

    def path(self, path: str, ink: str = "edge", *, width: float = 1, dashed: bool = False) -> None:
        """An SVG path without a fill."""
        dash = ' stroke-dasharray="3 3"' if dashed else ""
        self._parts.append(
            f'<path d="{path}" fill="none" stroke="{INKS[ink][0]}" stroke-width="{number(width)}"{dash}/>'
        )

    def polygon(self, points: Iterable[tuple[float, float]], ink: str = "edge") -> None:
        """A filled shape without a border."""
        text = " ".join(f"{number(x)},{number(y)}" for x, y in points)
        self._parts.append(f'<polygon points="{text}" fill="{INKS[ink][0]}"/>')

    @contextmanager
    def link(
        self, target: str, title: str, area: tuple[float, float, float, float] | None = None
    ) -> Iterator[None]:
        """What is drawn inside leads to `target`; with `area` (x, y, w, h) all of that does.

        Nothing happens without a target.
        """
        if not target:
            yield
            return
        self._parts.append(f"<a href={quoteattr(target)} title={quoteattr(title)}>")
        if area:
            self._rect(*area, 'fill="none" pointer-events="all"')
        yield
        self._parts.append("</a>")

    @contextmanager
    def hint(self, text: str) -> Iterator[None]:
        """What is drawn inside shows `text` when pointed at."""
        self._parts.append(f"<g><title>{escape(text)}</title>")
        yield
        self._parts.append("</g>")

    def drawing(self, width: float, height: float, alt: str) -> str:
        """Everything drawn so far, as an SVG of that size."""
        w, h = number(width), number(height)
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {w} {h}" width="{w}pt" height="{h}pt" '
            f'role="img" aria-label={quoteattr(alt)} font-family="{SANS}">'
        )
        return head + "\n" + "\n".join(self._parts) + "\n</svg>\n"
