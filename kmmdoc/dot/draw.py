"""Figures to drawings: the boxes and arrows of a Graph; bands and cache lines have modules of their own."""

from __future__ import annotations

import hashlib
import math
from functools import lru_cache
from pathlib import Path

from kmmdoc.dot.bands import draw_bands
from kmmdoc.dot.cache_lines import draw_cache_lines
from kmmdoc.dot.fonts import text_width
from kmmdoc.dot.layout import EdgePath, Layout, Point, Size, lay_out
from kmmdoc.dot.style import SMALL, TEXT, TITLE
from kmmdoc.dot.svg import Canvas, number
from kmmdoc.model.graph import Bands, CacheLines, Graph, Node, Row

ROW = 17
"""Height of a row, and of the title of a box that has rows, in points."""
_PAD, _MARGIN, _ARROW = 7, 4, 6


def draw(figure: Graph | Bands | CacheLines, cache: Path | None = None) -> str:
    """The figure as SVG. With `cache`, a folder, what was drawn once is kept there by its content's hash."""
    if cache is None:
        return _draw(figure)
    key = hashlib.sha256(_version() + repr(figure).encode()).hexdigest()[:32]
    path = cache / f"{key}.svg"
    if path.exists():
        return path.read_text(encoding="utf-8")
    svg = _draw(figure)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(svg, encoding="utf-8")
    return svg


@lru_cache(maxsize=1)
def _version() -> bytes:
    """A hash of the code that draws: with another one, everything is drawn anew."""
    sources = sorted(Path(__file__).parent.glob("*.py"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources)).digest()


def _draw(figure: Graph | Bands | CacheLines) -> str:
    if isinstance(figure, CacheLines):
        return draw_cache_lines(figure)
    if isinstance(figure, Bands):
        return draw_bands(figure)
    sizes = {node.id: node_size(node) for node in figure.nodes}
    if figure.direction == "LR" and not any(node.rows for node in figure.nodes):
        sizes = _columns(figure, sizes)
    across = [node.id for node in figure.nodes if node.across]
    widest = max((sizes[key][0] for key in across), default=0)
    placed = sizes | {key: (widest, sizes[key][1]) for key in across}
    layout = lay_out(figure, placed)
    canvas = Canvas()
    dx, dy = _MARGIN, _MARGIN
    for cluster in figure.clusters:
        x, y, w, h = layout.clusters[cluster.id]
        canvas.frame(x + dx, y + dy, w, h)
        with canvas.link(cluster.target, cluster.title, (x + dx, y + dy, w, 16)):
            canvas.text(x + dx + 8, y + dy + 12, cluster.title, "label", size=TEXT, weight=600)
    _draw_edges(canvas, figure, layout)
    for node in figure.nodes:
        x, y = layout.nodes[node.id]
        left = x - placed[node.id][0] / 2  # lists of different length begin at one edge
        _draw_node(canvas, node, (left, y - sizes[node.id][1] / 2), sizes[node.id])
    return canvas.drawing(layout.width + 2 * _MARGIN, layout.height + 2 * _MARGIN, figure.alt)


def _columns(graph: Graph, sizes: dict[str, Size]) -> dict[str, Size]:
    """The boxes of a tree made equally wide in each column."""
    level = {node.id: 0 for node in graph.nodes}
    for edge in graph.edges:  # parents come before their children
        level[edge.dest] = max(level[edge.dest], level[edge.source] + 1)
    widest: dict[int, float] = {}
    for key, depth in level.items():
        widest[depth] = max(widest.get(depth, 0), sizes[key][0])
    return {key: (widest[level[key]], height) for key, (_, height) in sizes.items()}


def _row_width(row: Row) -> float:
    width = text_width(row.label, TEXT)
    if row.value:
        width += 14 + text_width(row.value, TEXT, weight=600 if row.changed else 400)
    if row.before:
        width += text_width(row.before, SMALL) + text_width(" → ", SMALL)
    return width


def node_size(node: Node) -> Size:
    """Width and height in points that hold the node's texts."""
    title = text_width(node.title, TITLE, weight=600)
    if node.note:
        title += 8 + text_width(node.note, SMALL)
    if node.across:
        cells = sum(_row_width(row) + 2 * _PAD for row in node.rows)
        return (math.ceil(title + 2 * _PAD if title else 0) + math.ceil(cells), ROW)
    width = max([title, *(_row_width(row) for row in node.rows)]) + 2 * _PAD
    return (math.ceil(max(width, 28)), ROW * (1 + len(node.rows)) if node.rows else 19)


def _draw_node(canvas: Canvas, node: Node, corner: Point, size: Size) -> None:
    w, h = size
    x, y = corner[0] + _MARGIN, corner[1] + _MARGIN
    head = ROW if node.rows else h
    if node.across:
        _draw_cells(canvas, node, x, y, size)
        return
    with canvas.link(node.target, node.title, (x, y, w, head)):
        canvas.box(x, y, w, h, node.kind, changed=node.changed)
        base = y + head / 2 + 3.6
        canvas.text(x + _PAD, base, node.title, "title", size=TITLE, weight=600)
        canvas.text(x + w - _PAD, base, node.note, "label", size=SMALL, anchor="end")
    for i, row in enumerate(node.rows):
        top = y + ROW * (i + 1)
        canvas.line([(x, top), (x + w, top)], "edge", width=0.5)
        with canvas.link(row.target, row.label, (x, top, w, ROW)):
            _draw_row(canvas, row, x, top, w)


def _draw_row(canvas: Canvas, row: Row, x: float, top: float, w: float) -> None:
    base = top + ROW / 2 + 3.5
    if row.changed:
        canvas.polygon([(x, top + 2), (x + 4, top + ROW / 2), (x, top + ROW - 2)], "changed")
    canvas.text(x + _PAD, base, row.label, "label", size=TEXT)
    weight = 600 if row.changed else 400
    canvas.text(
        x + w - _PAD,
        base,
        row.value,
        "changed" if row.changed else "value",
        size=TEXT,
        weight=weight,
        anchor="end",
    )
    if row.before:
        right = x + w - _PAD - text_width(row.value, TEXT, weight=weight)
        canvas.text(right, base, " → ", "label", size=SMALL, anchor="end")
        right -= text_width(" → ", SMALL)
        canvas.text(right, base, row.before, "before", size=SMALL, anchor="end")


def _draw_cells(canvas: Canvas, node: Node, x: float, y: float, size: Size) -> None:
    """A node whose rows stand side by side."""
    base = y + ROW / 2 + 3.5
    canvas.box(x, y, *size, node.kind, changed=node.changed)
    if node.title:
        with canvas.link(node.target, node.title, (x, y, text_width(node.title, TITLE) + 2 * _PAD, ROW)):
            canvas.text(x + _PAD, base, node.title, "title", size=TITLE, weight=600)
        x += text_width(node.title, TITLE, weight=600) + 2 * _PAD
    for i, row in enumerate(node.rows):
        w = _row_width(row) + 2 * _PAD
        if i or node.title:
            canvas.line([(x, y), (x, y + ROW)], "edge", width=0.5)
        ink = "changed" if row.changed else "value"
        with canvas.link(row.target, row.label, (x, y, w, ROW)):
            canvas.text(x + _PAD, base, row.label, ink, size=TEXT, weight=600 if row.changed else 400)
        canvas.text(x + w - _PAD, base, row.value, "label", size=TEXT, anchor="end")
        x += w


def _draw_edges(canvas: Canvas, graph: Graph, layout: Layout) -> None:
    for edge, path in zip(graph.edges, _in_order(graph, layout), strict=True):
        ink = "changed" if edge.kind == "changed" else "edge"
        _draw_edge(canvas, path, ink)
        if edge.label and path.label:
            canvas.text(
                path.label[0] + _MARGIN,
                path.label[1] + _MARGIN + 4,
                edge.label,
                "label",
                size=SMALL,
                anchor="middle",
            )


def _in_order(graph: Graph, layout: Layout) -> list[EdgePath]:
    if len(layout.edges) != len(graph.edges):
        raise ValueError(f"figure {graph.name}: {len(graph.edges)} edges, {len(layout.edges)} were laid out")
    return layout.edges


def _draw_edge(canvas: Canvas, edge: EdgePath, ink: str) -> None:
    points = [(x + _MARGIN, y + _MARGIN) for x, y in edge.points]
    tip = (edge.tip[0] + _MARGIN, edge.tip[1] + _MARGIN)
    text = [f"M{number(points[0][0])} {number(points[0][1])}"]
    for i in range(1, len(points) - 2, 3):
        text.append("C" + " ".join(f"{number(x)} {number(y)}" for x, y in points[i : i + 3]))
    canvas.path("".join(text), ink)
    last = points[-1]
    angle = math.atan2(tip[1] - last[1], tip[0] - last[0])
    wings = [
        (tip[0] - _ARROW * math.cos(angle + turn), tip[1] - _ARROW * math.sin(angle + turn))
        for turn in (0.4, -0.4)
    ]
    canvas.polygon([tip, *wings], ink)
