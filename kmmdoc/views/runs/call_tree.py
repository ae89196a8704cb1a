"""Call trees as graphs: from left to right, two levels deep, in parts that can be read."""

from __future__ import annotations

from kmmdoc.dot.fonts import text_width
from kmmdoc.dot.style import TITLE, WIDTH
from kmmdoc.model.graph import Edge, Graph, Node, function
from kmmdoc.model.trace import KernelRef
from kmmdoc.model.words import Words
from kmmdoc.views.runs.calls import Called

LIMIT = 25
"""Boxes in one figure."""


def call_trees(forest: list[Called], words: Words, name: str = "calls", limit: int = LIMIT) -> list[Graph]:
    """The forest as graphs of about `limit` boxes each, in the order of the first calls.

    A box shows how often its function was called (×N) and how many places of the tree are folded away
    below it (▸ N); its page shows them. Two levels are drawn below a root, more where they fit.
    """
    graphs: list[Graph] = []
    for root in forest:
        depth = _depth(root, limit)
        for part in _parts(root, limit) if depth == 2 else [root.children]:
            graphs.append(_graph(root, part, words, f"{name}-{len(graphs)}", depth))
    return _join(graphs, limit)


def _depth(root: Called, limit: int) -> int:
    """How many levels below the root fit into one figure; 2 if even those do not."""
    for depth in (4, 3):
        columns: list[list[Called]] = [[root]]
        while columns[-1] and len(columns) <= depth:
            columns.append([c for called in columns[-1] for c in called.children])
        if not columns[-1]:
            columns.pop()
        width = sum(max(text_width(c.ref.name, TITLE, weight=600) for c in col) + 70 for col in columns)
        if sum(map(len, columns)) <= limit and width < WIDTH:
            return depth
    return 2


def _parts(root: Called, limit: int) -> list[list[Called]]:
    """The children of `root`, in stretches whose boxes (the children and theirs) stay below the limit."""
    parts: list[list[Called]] = [[]]
    size = 1
    for child in root.children:
        for piece in _slices(child, limit - 2):
            need = 1 + len(piece.children)
            if parts[-1] and size + need > limit:
                parts.append([])
                size = 1
            parts[-1].append(piece)
            size += need
    return parts


def _slices(called: Called, most: int) -> list[Called]:
    """The call, in several pieces if it has too many callees for one figure."""
    if len(called.children) <= most:
        return [called]
    pieces = []
    for i in range(0, len(called.children), most):
        children = called.children[i : i + most]
        pieces.append(Called(called.ref, called.at, called.count, called.context or i > 0, children))
    return pieces


def _kind(called: Called) -> str:
    if called.context:
        return "context"
    return "function" if called.ref.file.startswith("mm/") else "plain"


def _node(called: Called, key: str, words: Words, folded: bool) -> Node:
    notes = [words("calls.times", n=f"{called.count:,}")] if called.count > 1 else []
    if folded and called.children:
        notes.append(words("calls.folded", n=called.below))
    return Node(key, called.ref.name, _kind(called), (), function(called.ref.name), "  ".join(notes))


def _graph(root: Called, children: list[Called], words: Words, name: str, depth: int) -> Graph:
    nodes, edges = [_node(root, "r", words, False)], []

    def add(parent: str, called: Called, left: int) -> None:
        key = f"{parent}-{len(nodes)}"
        nodes.append(_node(called, key, words, left == 1))
        edges.append(Edge(parent, key))
        if left > 1:
            for child in called.children:
                add(key, child, left - 1)

    for child in children:
        add("r", child, depth)
    names = ", ".join(dict.fromkeys(c.ref.name for c in children[:8]))
    alt = words("calls.alt", root=root.ref.name, names=names) if children else root.ref.name
    return Graph(name, tuple(nodes), tuple(edges), alt=alt)


def _join(graphs: list[Graph], limit: int) -> list[Graph]:
    """Small neighbours (several roots with little below them) put into one figure."""
    joined: list[Graph] = []
    for graph in graphs:
        if joined and len(joined[-1].nodes) + len(graph.nodes) <= limit:
            last, tag = joined[-1], f"g{len(joined[-1].nodes)}"
            nodes = tuple(
                Node(f"{tag}{n.id}", n.title, n.kind, n.rows, n.target, n.note) for n in graph.nodes
            )
            edges = tuple(Edge(f"{tag}{e.source}", f"{tag}{e.dest}") for e in graph.edges)
            alt = f"{last.alt} {graph.alt}"
            joined[-1] = Graph(last.name, last.nodes + nodes, last.edges + edges, alt=alt)
        else:
            joined.append(graph)
    return joined


def neighbours(ref: KernelRef, callers: list[Called], callees: list[Called], words: Words) -> Graph:
    """A function between those that called it and those it calls, with numbers of calls."""
    shown_in, shown_out = callers[: LIMIT // 2], callees[: LIMIT - 1]
    nodes = [Node("self", ref.name, "kernel", (), "", "")]
    edges = []
    for i, caller in enumerate(shown_in):
        nodes.append(_node(caller, f"in{i}", words, False))
        edges.append(Edge(f"in{i}", "self"))
    for i, callee in enumerate(shown_out):
        nodes.append(_node(callee, f"out{i}", words, True))
        edges.append(Edge("self", f"out{i}"))
    for key, hidden in (
        ("in-more", len(callers) - len(shown_in)),
        ("out-more", len(callees) - len(shown_out)),
    ):
        if hidden > 0:
            nodes.append(Node(key, words("more", n=hidden), "context"))
            edges.append(Edge(key, "self") if key.startswith("in") else Edge("self", key))
    alt = words("calls.around-alt", name=ref.name, callers=len(callers), callees=len(callees))
    return Graph("calls-around", tuple(nodes), tuple(edges), alt=alt)
