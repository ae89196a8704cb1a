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
_LEVELS = 4
"""Columns of boxes to the right of the root, at most."""
_WORTH = 4
"""A folded call with this much below it gets a figure of its own, as long as there are not too many."""
_FIGURES = 6


def call_trees(
    forest: list[Called], words: Words, name: str = "calls", limit: int = LIMIT, figures: int = _FIGURES
) -> list[Graph]:
    """The forest as graphs of about `limit` boxes each, in the order of the first calls.

    A box shows how often its function was called (×N) and how many places of the tree are folded away
    below it (▸ N). What is folded follows in figures of its own, up to `figures` in all; the page of a
    function always has what it calls.
    """
    graphs: list[Graph] = []
    waiting = [_entrance(root) for root in forest]
    roots, main = len(waiting), 0
    drawn: set[str] = set()
    while waiting and (len(graphs) < figures or roots > 0):
        root = waiting.pop(0)
        for children in _stretches(root, limit):
            chosen = _opened(root, children, limit)
            graphs.append(_graph(root, children, chosen, words, f"{name}-{len(graphs)}"))
            for call in _folded(children, chosen):
                if call.below >= _WORTH and call.ref.name not in drawn:
                    waiting.append(call)
                    drawn.add(call.ref.name)
        roots -= 1
        main = len(graphs) if roots >= 0 else main
    return _join(graphs[:main], limit) + _join(graphs[main:], limit)


def _entrance(root: Called) -> Called:
    """Past functions that were entered earlier and have one way down only: they would waste a column."""
    while root.context and len(root.children) == 1:
        root = root.children[0]
    return root


def _stretches(root: Called, limit: int) -> list[list[Called]]:
    """The callees of `root` in stretches that leave room for some of theirs."""
    most = limit - 1 if len(root.children) < limit else 2 * limit // 3
    return [root.children[i : i + most] for i in range(0, len(root.children), most)] or [[]]


def _opened(root: Called, children: list[Called], limit: int) -> set[int]:
    """Which calls (by id) show what they call: level by level, as long as the boxes fit the figure."""
    opened: set[int] = set()
    size = 1 + len(children)
    widths = [_width([root]), _width(children)]
    level = children
    while level and len(widths) <= _LEVELS:
        below: list[Called] = []
        for called in level:
            column = _width(below + called.children)
            fits = size + len(called.children) <= limit and sum(widths) + column <= WIDTH
            if called.children and fits:
                opened.add(id(called))
                below += called.children
                size += len(called.children)
        widths.append(_width(below))
        level = below
    return opened


def _width(column: list[Called]) -> float:
    return max((text_width(c.ref.name, TITLE, weight=600) + 65 for c in column), default=0)


def _folded(children: list[Called], opened: set[int]) -> list[Called]:
    """The calls at the figure's ends that have something below."""
    ends = []
    for called in children:
        if id(called) in opened:
            ends += _folded(called.children, opened)
        elif called.children:
            ends.append(called)
    return ends


def _kind(called: Called) -> str:
    if called.context:
        return "context"
    return "function" if called.ref.file.startswith("mm/") else "plain"


def _node(called: Called, key: str, words: Words, folded: bool) -> Node:
    notes = [words("calls.times", n=f"{called.count:,}")] if called.count > 1 else []
    if folded and called.children:
        notes.append(words("calls.folded", n=called.below))
    return Node(key, called.ref.name, _kind(called), (), function(called.ref.name), "  ".join(notes))


def _graph(root: Called, children: list[Called], opened: set[int], words: Words, name: str) -> Graph:
    nodes, edges = [_node(root, "r", words, False)], []

    def add(parent: str, called: Called) -> None:
        key = f"c{len(nodes)}"
        nodes.append(_node(called, key, words, id(called) not in opened))
        edges.append(Edge(parent, key))
        if id(called) in opened:
            for child in called.children:
                add(key, child)

    for child in children:
        add("r", child)
    names = words("list.comma").join(dict.fromkeys(c.ref.name for c in children[:8]))
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
