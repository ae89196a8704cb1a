"""A small tree of pages with everything in it that pages use."""

from __future__ import annotations

import datetime
import shutil
from pathlib import Path

from kmmdoc.dot.draw import draw
from kmmdoc.model.graph import Edge, Graph, Node, Row, doc, function, struct
from kmmdoc.publish import Report

PAGES = Path(__file__).parent / "pages"

CALLS = Graph(
    "calls",
    (
        Node("a", "grow_pool", "function", target=function("grow_pool"), note="×3"),
        Node("b", "resize", "function", target=function("resize")),
        Node("c", "struct pool 池", "struct", (Row("size", "2", True, before="1"),), target=struct("pool")),
        Node("d", "the second stage", target=doc("stages/second")),
    ),
    (Edge("a", "b"), Edge("a", "c"), Edge("a", "d")),
)
WIDE = Graph(
    "wide",
    tuple(Node(f"n{i}", f"page frame {i}", "free", target=struct("pool")) for i in range(14)),
    tuple(Edge(f"n{i}", f"n{i + 1}") for i in range(13)),
)


def report(lang: str = "en") -> Report:
    return Report(
        lang,
        "How memory comes up",
        "内存初始化",
        "Ann Author",
        datetime.date(2026, 1, 2),
        "https://src.example/",
    )


def write_pages(folder: Path) -> Path:
    """Copy the pages to `folder` and draw their figures."""
    shutil.copytree(PAGES, folder)
    for graph in (CALLS, WIDE):
        path = folder / "figures" / f"{graph.name}.svg"
        path.parent.mkdir(exist_ok=True)
        path.write_text(draw(graph), encoding="utf-8")
    return folder
