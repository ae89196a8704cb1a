"""The extension's own nodes as Typst: figures with links, notes beside source, timelines, bars, logs."""

from __future__ import annotations

from abc import ABC, abstractmethod

from docutils import nodes

from kmmdoc.dot.fonts import SANS_CJK
from kmmdoc.publish.typst.book import Book
from kmmdoc.publish.typst.markup import array, call, label, string
from kmmdoc.sphinxext.components import (
    kmm_bar,
    kmm_item,
    kmm_list,
    kmm_log,
    kmm_title,
    size_text,
    split_stamp,
)
from kmmdoc.sphinxext.graph import kmm_graph
from kmmdoc.sphinxext.source import kmm_note, kmm_row, kmm_source
from kmmdoc.sphinxext.svg import Drawing
from kmmdoc.sphinxext.targets import page_of


class ComponentWriter(ABC):
    """The part of the writer that prints the extension's nodes."""

    docname: str
    book: Book

    @abstractmethod
    def render(self, node: nodes.Node) -> str: ...

    @abstractmethod
    def inside(self, node: nodes.Element) -> str: ...

    @abstractmethod
    def anchors(self, node: nodes.Element) -> str: ...

    @abstractmethod
    def write_figure(self, svg: str) -> str: ...

    def _kmm_graph(self, node: kmm_graph) -> str:
        drawing = Drawing(node["svg"])
        links = []
        for link in drawing.links():
            page, anchor = page_of(link.target)
            end = f"{page}#{anchor}" if anchor else page
            if end in self.book.anchors:
                box = ", ".join(f"{value:.2f}" for value in (link.x, link.y, link.width, link.height))
                links.append(f"({box}, {label(end)})")
        path = string(self.write_figure(drawing.for_print(SANS_CJK)))
        size = (f"{drawing.width:.2f}", f"{drawing.height:.2f}")
        return call("drawing", path, *size, array(links), alt=string(node["alt"]))

    def _kmm_source(self, node: kmm_source) -> str:
        return call("annotated", string(node["path"]), body=self.inside(node))

    def _kmm_row(self, node: kmm_row) -> str:
        counts = node.parent["counts"]
        lines = ["".join(piece for _, piece in line) for line in node["code"]]
        for number, times in counts.items():
            if node["first"] <= number < node["first"] + len(lines):
                lines[number - node["first"]] += f"    ×{times:,}"
        text = "\n".join(lines).expandtabs(8)
        code = call("code", string(text), lang='"c"', first=str(node["first"]), joined="true") if text else ""
        return code + self.inside(node)

    def _kmm_note(self, node: kmm_note) -> str:
        lines = f"{node['lines']} {node['outcome']}".rstrip()
        return call("beside", string(lines), string(node["uri"]), body=self.inside(node))

    def _kmm_list(self, node: kmm_list) -> str:
        items = [self._item(child) for child in node.children if isinstance(child, kmm_item)]
        return call(node["look"], *items)

    def _item(self, node: kmm_item) -> str:
        title = next(child for child in node.children if isinstance(child, kmm_title))
        body = "".join(self.render(child) for child in node.children if child is not title)
        texts = f"when: {string(node['when'])}, meta: {string(node['meta'])}"
        return f"({texts}, title: [{self.inside(title)}], body: [{self.anchors(node)}{body}])"

    def _kmm_bar(self, node: kmm_bar) -> str:
        parts = []
        for s in node["segments"]:
            width = f"{s.width(scale=node['scale']):.3f}"
            texts = ", ".join(map(string, (s.kind, f"{s.start:#x}", s.label, size_text(s.end - s.start))))
            parts.append(f"({width}, {texts})")
        return call("memory-bar", string(node["label"]), array(parts))

    def _kmm_log(self, node: kmm_log) -> str:
        lines = []
        for number, line in enumerate(node.astext().split("\n"), 1):
            stamp, text = split_stamp(line)
            new = "true" if number in node["new"] else "false"
            page = f"functions/{node['by'][number - 1]}" if node["by"] else ""
            end = label(page) if page in self.book.anchors else "none"
            lines.append(f"({string(stamp)}, {string(text)}, {new}, {end})")
        return call("log", array(lines))
