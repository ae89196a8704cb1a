"""Drawings on their way into a page of the site, and the boxes of their links for print.

A drawing is an SVG in points and literal colours. Its links read `function:NAME`, `struct:NAME` or
`doc:PAGE#anchor`, as `<a href="..." title="...">`; an invisible rectangle at the beginning of a link is the
area that it covers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple
from xml.etree import ElementTree as ET

from kmmdoc.sphinxext.search import CJK

_SVG = "{http://www.w3.org/2000/svg}"
_XLINK = "{http://www.w3.org/1999/xlink}"
_NUMBER = re.compile(r"-?(?:\d+\.?\d*|\.\d+)(?:e-?\d+)?")
_TRANSLATE = re.compile(r"translate\(\s*([-\d.e]+)[ ,]*([-\d.e]+)?\s*\)")

_CHINESE = re.compile(rf"([{CJK}\u3000-\u303f\uff00-\uffef]+)")

#: A point of a drawing on the site: figures stand a little smaller than the text.
PIXELS_PER_POINT = 1.25

Point = tuple[float, float]


class Link(NamedTuple):
    """A part of a drawing that leads somewhere: its box in points from the top left corner."""

    x: float
    y: float
    width: float
    height: float
    target: str
    label: str


class Drawing:
    """A parsed SVG of `width` by `height` points. ValueError if the text is no SVG that has a viewBox."""

    def __init__(self, text: str) -> None:
        try:
            self._root = ET.fromstring(text)
        except ET.ParseError as error:
            raise ValueError(f"not an SVG: {error}") from error
        box = [float(n) for n in _NUMBER.findall(self._root.get("viewBox", ""))]
        if self._root.tag != f"{_SVG}svg" or len(box) != 4 or min(box[2:]) <= 0:
            raise ValueError("not an SVG with a viewBox")
        self.text = text
        self._left, self._top, self.width, self.height = box

    def links(self) -> list[Link]:
        """Every link, in drawing order: a later one lies above an earlier one."""
        return list(self._links(self._root, -self._left, -self._top))

    def _links(self, element: ET.Element, dx: float, dy: float) -> Iterator[Link]:
        target = _href(element)
        if element.tag == f"{_SVG}a" and target:
            points = list(_area(element, dx, dy))
            if points:
                x, y = min(p[0] for p in points), min(p[1] for p in points)
                width, height = max(p[0] for p in points) - x, max(p[1] for p in points) - y
                yield Link(x, y, width, height, target, _label(element))
            return
        moved = _translation(element)
        for child in element:
            yield from self._links(child, dx + moved[0], dy + moved[1])

    def inline(
        self, prefix: str, label: str, colours: Mapping[str, str], resolve: Callable[[str], str | None]
    ) -> str:
        """The SVG to put into an HTML page.

        `prefix` makes its ids unique on the page and `label` is its accessible name. `colours` maps literal
        colours to what stands for them; `resolve` turns a link's target into a relative URL, or gives None,
        and then that part is no link.
        """
        root = ET.fromstring(self.text)
        used = set(re.findall(r"(?:url\(|href=\")#([\w.-]+)", self.text))
        linked = False
        for element in root.iter():
            identity = element.attrib.pop("id", None)
            if identity in used:
                element.set("id", f"{prefix}-{identity}")
            for key in ("fill", "stroke", "stop-color"):
                if key in element.attrib:
                    value = element.attrib[key].replace("url(#", f"url(#{prefix}-")
                    element.set(key, colours.get(value.lower(), value))
            if element.tag == f"{_SVG}a":
                linked = _relink(element, resolve) or linked
        for key in ("font-family", "xml:space"):
            root.attrib.pop(key, None)
        # A picture hides its parts from screen readers; a group keeps its links reachable.
        root.set("role", "group" if linked else "img")
        root.set("aria-label", label)
        root.set("width", f"{self.width * PIXELS_PER_POINT:.0f}")
        root.set("height", f"{self.height * PIXELS_PER_POINT:.0f}")
        ET.register_namespace("", _SVG.strip("{}"))
        return ET.tostring(root, encoding="unicode")

    def for_print(self, family: str) -> str:
        """The SVG for a setter that has Chinese in another font, `family`, and in one weight only.

        Each run of Chinese names its font; where the text is bold it gets a thin stroke.
        """
        root = ET.fromstring(self.text)
        for text in list(root.iter(f"{_SVG}text")):
            runs = [run for run in _CHINESE.split(text.text or "") if run]
            if len(text) or not any(_CHINESE.fullmatch(run) for run in runs):
                continue
            text.text = None
            for run in runs:
                span = ET.SubElement(text, f"{_SVG}tspan")
                span.text = run
                if _CHINESE.fullmatch(run):
                    span.set("font-family", family)
                    if text.get("font-weight", "400") not in ("400", "normal"):
                        span.set("stroke", text.get("fill", "black"))
                        span.set("stroke-width", "0.35")
        ET.register_namespace("", _SVG.strip("{}"))
        return ET.tostring(root, encoding="unicode")


def _relink(link: ET.Element, resolve: Callable[[str], str | None]) -> bool:
    """Give a link its URL, its name and its hint, or make it a plain group; says whether it is a link."""
    target, label = _href(link), _label(link)
    for key in ("href", f"{_XLINK}href", "title", f"{_XLINK}title"):
        link.attrib.pop(key, None)
    url = resolve(target) if target else None
    if url is None:
        link.tag = f"{_SVG}g"
    else:
        link.set("href", url)
        link.set("aria-label", label)
    if label and label != _words(link):
        hint = ET.Element(f"{_SVG}title")
        hint.text = label
        link.insert(0, hint)
    return url is not None


def _area(link: ET.Element, dx: float, dy: float) -> Iterator[Point]:
    """Corners of what a link covers: its area if it has one, else its shapes, else its texts."""
    first = next(iter(link), None)
    if first is not None and first.get("pointer-events") == "all":
        moved = _translation(link)
        yield from ((x + dx + moved[0], y + dy + moved[1]) for x, y in _corners(first))
        return
    shapes: list[Point] = []
    texts: list[Point] = []
    _extent(link, dx, dy, shapes, texts)
    yield from shapes or texts


def _extent(element: ET.Element, dx: float, dy: float, shapes: list[Point], texts: list[Point]) -> None:
    moved = _translation(element)
    dx, dy = dx + moved[0], dy + moved[1]
    found = texts if element.tag == f"{_SVG}text" else shapes
    found.extend((x + dx, y + dy) for x, y in _corners(element))
    for child in element:
        _extent(child, dx, dy, shapes, texts)


def _corners(element: ET.Element) -> list[Point]:
    """Points that span a shape or a text; paths are of absolute pairs. Nothing for other elements."""
    kind = element.tag.rpartition("}")[2]

    def number(key: str) -> float:
        match = _NUMBER.match(element.get(key, ""))
        return float(match[0]) if match else 0.0

    if kind in ("polygon", "polyline", "path"):
        numbers = [float(n) for n in _NUMBER.findall(element.get("points") or element.get("d") or "")]
        return list(zip(numbers[::2], numbers[1::2], strict=False))
    if kind == "rect":
        x, y = number("x"), number("y")
        return [(x, y), (x + number("width"), y + number("height"))]
    if kind in ("ellipse", "circle"):
        x, y, rx, ry = number("cx"), number("cy"), number("rx") or number("r"), number("ry") or number("r")
        return [(x - rx, y - ry), (x + rx, y + ry)]
    if kind == "text":
        size = number("font-size") or 10.0
        width = number("textLength") or 0.5 * size * len(_words(element))
        x = number("x") - width * {"middle": 0.5, "end": 1.0}.get(element.get("text-anchor", ""), 0.0)
        return [(x, number("y") - size), (x + width, number("y") + 0.25 * size)]
    return []


def _translation(element: ET.Element) -> Point:
    match = _TRANSLATE.search(element.get("transform", ""))
    return (float(match[1]), float(match[2] or 0)) if match else (0.0, 0.0)


def _href(element: ET.Element) -> str:
    return element.get("href") or element.get(f"{_XLINK}href") or ""


def _words(element: ET.Element) -> str:
    return " ".join("".join(element.itertext()).split())


def _label(link: ET.Element) -> str:
    return link.get("title") or link.get(f"{_XLINK}title") or _words(link)
