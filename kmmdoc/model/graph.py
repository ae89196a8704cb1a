"""Figures as values: graphs of boxes, bands drawn to scale, structures by cache line. No engine, no size, no
colour is in them.

A `target` says where a part of a figure leads: `function:NAME`, `struct:NAME`, `doc:DOCNAME`, or nothing.
A `kind` names what a part is (memory, reserved, free ...); the drawing gives every kind its colour.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace


def function(name: str) -> str:
    """The target that is the page of a kernel function."""
    return f"function:{name}"


def struct(name: str) -> str:
    """The target that is the page of a structure."""
    return f"struct:{name}"


def doc(name: str) -> str:
    """The target that is the document `name` of the site, from its root."""
    return f"doc:{name}"


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a box: a label on the left, a value on the right. `before` is the value it had, if known."""

    label: str
    value: str = ""
    changed: bool = False
    target: str = ""
    before: str = ""


@dataclass(frozen=True, slots=True)
class Node:
    """A box: its title, and below it rows. `note` is a small text beside the title (a count, an address).

    `across` sets the rows side by side instead of one below the other, as the cells of a list.
    """

    id: str
    title: str
    kind: str = "plain"
    rows: tuple[Row, ...] = ()
    target: str = ""
    note: str = ""
    changed: bool = False
    across: bool = False


@dataclass(frozen=True, slots=True)
class Edge:
    """An arrow from a box, or from row `row` of it (counted from 0), to a box."""

    source: str
    dest: str
    row: int | None = None
    label: str = ""
    kind: str = "plain"


@dataclass(frozen=True, slots=True)
class Cluster:
    """A frame with a title around some boxes."""

    id: str
    title: str
    nodes: tuple[str, ...]
    target: str = ""


@dataclass(frozen=True, slots=True)
class Graph:
    """Boxes and arrows, laid out from left to right (LR) or from top to bottom (TB) in the order given.

    `alt` is the figure in one sentence, for who cannot see it; `caption` stands below it.
    """

    name: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...] = ()
    clusters: tuple[Cluster, ...] = ()
    alt: str = ""
    caption: str = ""
    direction: str = "LR"

    def __post_init__(self) -> None:
        known = {node.id for node in self.nodes}
        if len(known) != len(self.nodes):
            raise ValueError(f"figure {self.name}: two nodes of one id")
        used = {end for e in self.edges for end in (e.source, e.dest)}
        used.update(node for c in self.clusters for node in c.nodes)
        if used - known:
            raise ValueError(f"figure {self.name}: no such node: {', '.join(sorted(used - known))}")


@dataclass(frozen=True, slots=True)
class Segment:
    """`[start, end)` of a track."""

    start: int
    end: int
    kind: str
    label: str = ""
    changed: bool = False
    target: str = ""


@dataclass(frozen=True, slots=True)
class Track:
    """One line of a band: a name and segments that do not overlap, in ascending order."""

    title: str
    segments: tuple[Segment, ...]
    target: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Bands:
    """Tracks over one axis, to scale; what is too narrow to see is drawn again below, magnified.

    `unit` is how positions are written: `address` (hexadecimal bytes), `bytes` (a size), `pfn`, `count`,
    or `order`: not at all, only what comes before what is meant.
    `kinds` are (kind, name) pairs: the key of the picture, in this order. `pages_text` says a number of
    pages, for lengths in the unit `pfn`.
    """

    name: str
    tracks: tuple[Track, ...]
    kinds: tuple[tuple[str, str], ...] = ()
    unit: str = "address"
    alt: str = ""
    caption: str = ""
    magnify: bool = True
    changed_text: str = "changed"
    pages_text: str = "{n} pages"


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a table. `before` is what it said before, where it changed."""

    text: str
    target: str = ""
    changed: bool = False
    before: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """Figures in rows and columns. `numeric` are the indexes of the columns that are set right."""

    name: str
    header: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    caption: str = ""
    numeric: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes `[start, end)` of a structure: a member, or padding."""

    start: int
    end: int
    label: str
    kind: str
    target: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class CacheLines:
    """A structure of `size` bytes in rows of `line` bytes; members of unions overlap.

    `fold_text` tells of rows that are left out, with {label}, {n} rows and {bytes}; `padding_text` tells of
    padding, with {n} bytes. `kinds` is the key of the picture.
    """

    name: str
    size: int
    spans: tuple[Span, ...]
    line: int = 64
    kinds: tuple[tuple[str, str], ...] = ()
    fold_text: str = "{label}: {n} × {bytes} bytes"
    padding_text: str = "{n} bytes of padding"
    alt: str = ""
    caption: str = ""


Figure = Graph | Bands | CacheLines | Table


def keep_targets(figure: Figure, known: Callable[[str], bool]) -> Figure:
    """The same figure with every target dropped that `known` does not know."""

    def keep(target: str) -> str:
        return target if target and known(target) else ""

    def node(n: Node) -> Node:
        return replace(
            n, target=keep(n.target), rows=tuple(replace(r, target=keep(r.target)) for r in n.rows)
        )

    def track(t: Track) -> Track:
        segments = tuple(replace(s, target=keep(s.target)) for s in t.segments)
        return replace(t, target=keep(t.target), segments=segments)

    if isinstance(figure, Graph):
        clusters = tuple(replace(c, target=keep(c.target)) for c in figure.clusters)
        return replace(figure, nodes=tuple(map(node, figure.nodes)), clusters=clusters)
    if isinstance(figure, Bands):
        return replace(figure, tracks=tuple(map(track, figure.tracks)))
    if isinstance(figure, CacheLines):
        return replace(figure, spans=tuple(replace(s, target=keep(s.target)) for s in figure.spans))
    rows = tuple(tuple(replace(c, target=keep(c.target)) for c in r) for r in figure.rows)
    return replace(figure, rows=rows)
