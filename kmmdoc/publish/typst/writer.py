"""Doctree to Typst. Every kind of node has a method; one without is an error, so nothing is lost silently."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from typing import Any

from docutils import nodes
from sphinx.errors import SphinxError

from kmmdoc.publish.typst.book import Book
from kmmdoc.publish.typst.components import ComponentWriter
from kmmdoc.publish.typst.markup import array, call, label, mark, string, words
from kmmdoc.publish.typst.tables import table_source


class CannotPrint(SphinxError):
    """A page has something in it that the report has no form for."""

    category = "PDF"


_SILENT = (
    nodes.comment,
    nodes.substitution_definition,
    nodes.footnote,
    nodes.raw,
    nodes.meta,
    nodes.docinfo,
)
_SILENT_NAMES = {"toctree", "index", "tabular_col_spec", "highlightlang"}
_TRANSPARENT = {
    "document",
    "compound",
    "compact_paragraph",
    "start_of_file",
    "generated",
    "glossary",
    "legend",
}
_ADMONITIONS = {
    "note": "note",
    "tip": "tip",
    "hint": "tip",
    "important": "note",
    "seealso": "note",
    "warning": "warning",
    "caution": "warning",
    "attention": "warning",
    "danger": "danger",
    "error": "danger",
    "admonition": "note",
    "topic": "note",
}
_LANGUAGES = {"default": "python", "pycon": "python"}
_MARKS = {"kmm-new": "new", "kmm-gone": "gone", "kmm-changed": "changed"}


class Writer(ComponentWriter):
    """Writes one document. `level` is the level of its title in the report, 1 for a chapter.

    Headings down to level `listed` are in the contents.
    """

    def __init__(
        self,
        docname: str,
        book: Book,
        level: int,
        warn: Callable[[str, nodes.Node], None],
        *,
        listed: int = 3,
        numbered: bool = True,
    ) -> None:
        self.docname, self.book, self.warn = docname, book, warn
        self._depth = level - 1
        self._listed, self._numbered = listed, numbered
        self._footnotes: dict[str, nodes.footnote] = {}
        self._printed_footnotes: set[str] = set()
        self._pending = [docname]

    def document(self, tree: nodes.document) -> str:
        """The whole document as Typst source."""
        for note in tree.findall(nodes.footnote):
            self._footnotes.update(dict.fromkeys(ids(note), note))
        return self.render(tree)

    # One node

    def render(self, node: nodes.Node) -> str:
        """A node as content: its anchors, and what its method makes of it."""
        if isinstance(node, nodes.Text):
            return words(node.astext())
        assert isinstance(node, nodes.Element)
        name = type(node).__name__
        if isinstance(node, _SILENT) or name in _SILENT_NAMES:
            return ""
        if name in _TRANSPARENT:
            return self.anchors(node) + self.inside(node)
        if name in _ADMONITIONS:
            return self._admonition(node, _ADMONITIONS[name])
        method = getattr(self, f"_{name}", None)
        if method is None:
            raise CannotPrint(f"{self.docname}: there is no form in the report for a {name!r} node")
        made: str = method(node)
        return made if isinstance(node, nodes.section) else self.anchors(node) + made

    def inside(self, node: nodes.Element) -> str:
        """The children of a node as content."""
        return "".join(self.render(child) for child in node.children)

    def anchors(self, node: nodes.Element) -> str:
        """Marks for what links to this node aim at."""
        return "".join(mark(f"{self.docname}#{i}") for i in ids(node))

    def link(self, anchor: str, body: str, node: nodes.Node) -> str:
        """A link inside the report; plain text if its end is a page that was left out, or, with a warning, if
        it is nowhere."""
        if anchor in self.book.anchors:
            return call("xl", label(anchor), body=body)
        if anchor.partition("#")[0] in self.book.left_out:
            return body
        self.warn(f"a link leads to {anchor}, which is not in the report", node)
        return body

    def number(self, node: nodes.Element, kind: str) -> str:
        """ "Figure 3" for a numbered node, or nothing."""
        numbers = self.book.numbers.get(self.docname, {}).get(kind, {})
        for identity in ids(node):
            if identity in numbers:
                return self.book.names[kind] % ".".join(map(str, numbers[identity]))
        return ""

    # Structure

    def _section(self, node: nodes.section) -> str:
        self._depth += 1
        title, *rest = node.children
        if not isinstance(title, nodes.title):
            raise CannotPrint(f"{self.docname}: a section without a title")
        outlined = "true" if self._depth <= self._listed else "false"
        named = {"level": str(self._depth), "outlined": outlined}
        if not self._numbered:
            named["numbering"] = "none"
        heading = call("heading", body=self.inside(title), **named)
        marks = "".join(mark(anchor) for anchor in self._pending) + self.anchors(node) + self.anchors(title)
        self._pending = []
        body = "".join(self.render(child) for child in rest)
        self._depth -= 1
        return f"\n\n{heading}{marks}\n{body}"

    def _title(self, node: nodes.title) -> str:
        return call("minor", body=self.inside(node))

    def _rubric(self, node: nodes.rubric) -> str:
        return call("minor", body=self.inside(node))

    def _paragraph(self, node: nodes.paragraph) -> str:
        return f"\n\n{self.inside(node)}\n\n"

    def _transition(self, node: nodes.transition) -> str:
        return call("rule")

    def _block_quote(self, node: nodes.block_quote) -> str:
        return call("quotation", body=self.inside(node))

    def _attribution(self, node: nodes.attribution) -> str:
        return call("attribution", body=self.inside(node))

    def _bullet_list(self, node: nodes.bullet_list) -> str:
        return call("list", *self._bodies(node))

    def _enumerated_list(self, node: nodes.enumerated_list) -> str:
        return call("enum", *self._bodies(node), start=str(node.get("start", 1)))

    def _bodies(self, node: nodes.Element) -> list[str]:
        return [f"[{self.anchors(child)}{self.inside(child)}]" for child in children(node)]

    def _definition_list(self, node: nodes.definition_list) -> str:
        items = []
        for item in children(node):
            terms = [c for c in item.children if isinstance(c, (nodes.term, nodes.classifier))]
            text = "".join(self.anchors(term) + self.inside(term) for term in terms)
            body = "".join(self.inside(c) for c in item.children if isinstance(c, nodes.definition))
            items.append(f"terms.item([{text}], [{body}])")
        return call("terms", *items)

    def _field_list(self, node: nodes.field_list) -> str:
        fields = [children(field) for field in node.findall(nodes.field)]
        items = [f"terms.item([{self.inside(name)}], [{self.inside(body)}])" for name, body in fields]
        return call("terms", *items)

    def _line_block(self, node: nodes.line_block) -> str:
        return "\n\n" + "#linebreak();".join(self.inside(line) for line in children(node)) + "\n\n"

    def _admonition(self, node: nodes.Element, kind: str) -> str:
        title, rest = "none", node.children
        if rest and isinstance(rest[0], nodes.title):
            title, rest = f"[{self.inside(rest[0])}]", rest[1:]
        body = "".join(self.render(child) for child in rest)
        return self.anchors(node) + call("admonition", string(kind), title, body=body)

    # Text

    def _emphasis(self, node: nodes.Element) -> str:
        return call("emph", body=self.inside(node))

    def _strong(self, node: nodes.Element) -> str:
        return call("strong", body=self.inside(node))

    def _subscript(self, node: nodes.Element) -> str:
        return call("sub", body=self.inside(node))

    def _superscript(self, node: nodes.Element) -> str:
        return call("super", body=self.inside(node))

    def _literal(self, node: nodes.literal) -> str:
        return call("lit", string(node.astext()))

    def _inline(self, node: nodes.inline) -> str:
        kind = next((_MARKS[c] for c in node["classes"] if c in _MARKS), None)
        return call("marked", string(kind), body=self.inside(node)) if kind else self.inside(node)

    _title_reference = _emphasis
    _abbreviation = _inline
    _literal_strong = _strong
    _literal_emphasis = _emphasis

    def _problematic(self, node: nodes.problematic) -> str:
        raise CannotPrint(f"{self.docname}: {node.astext()!r} was not understood")

    _system_message = _problematic

    # Links

    def _target(self, node: nodes.target) -> str:
        return self.inside(node)

    def _reference(self, node: nodes.reference) -> str:
        body = self.inside(node)
        if "refid" in node:
            return self.link(f"{self.docname}#{node['refid']}", body, node)
        uri = node.get("refuri", "")
        if not node.get("internal"):
            return call("link", string(uri), body=body) if uri else body
        return self.link(uri.removeprefix("%"), body, node)

    _number_reference = _reference
    _download_reference = _inline

    def _footnote_reference(self, node: nodes.footnote_reference) -> str:
        identity = node["refid"]
        anchor = f"{self.docname}#note#{identity}"
        if identity in self._printed_footnotes:
            return call("footnote", label(anchor))
        self._printed_footnotes.add(identity)
        note = self._footnotes[identity]
        body = "".join(self.render(c) for c in note.children if not isinstance(c, nodes.label)).strip()
        return f"#[#footnote[{body}]#{label(anchor)}];"

    # Blocks with captions

    def _literal_block(self, node: nodes.literal_block) -> str:
        arguments: dict[str, Any] = node.get("highlight_args", {})
        first = str(arguments.get("linenostart", 1)) if node.get("linenos") else "none"
        marked = array([str(n) for n in arguments.get("hl_lines", [])])
        language = node.get("language", "text")
        language = string(_LANGUAGES.get(language, language))
        return call("code", string(node.astext().expandtabs(8)), lang=language, first=first, marked=marked)

    def _container(self, node: nodes.container) -> str:
        if "literal-block-wrapper" not in node["classes"]:
            return self.inside(node)
        caption, *rest = node.children
        assert isinstance(caption, nodes.Element)
        body = "".join(self.render(child) for child in rest)
        return call("captioned", self.caption(node, caption, "code-block"), string("top"), body=body)

    def _figure(self, node: nodes.figure) -> str:
        caption = next((c for c in node.children if isinstance(c, nodes.caption)), None)
        body = "".join(self.render(child) for child in node.children if child is not caption)
        return call("captioned", self.caption(node, caption, "figure"), string("bottom"), body=body)

    def caption(self, node: nodes.Element, caption: nodes.Element | None, kind: str) -> str:
        """The caption of a numbered block as an argument: content, or none."""
        if caption is None:
            return "none"
        number = self.number(node, kind)
        lead = call("number", string(number)) if number else ""
        return f"[{lead}{self.inside(caption)}]"

    def _image(self, node: nodes.image) -> str:
        raise CannotPrint(f"{self.docname}: put the image {node['uri']} in as a kmm-graph")

    def _table(self, node: nodes.table) -> str:
        title = next((c for c in node.children if isinstance(c, nodes.title)), None)
        table = table_source(node, self.inside)
        return call("captioned", self.caption(node, title, "table"), string("top"), body=table)

    # Figures

    def write_figure(self, svg: str) -> str:
        """Store a drawing beside the Typst source; returns its path there."""
        name = hashlib.sha256(svg.encode()).hexdigest()[:20] + ".svg"
        path = self.book.figures / name
        if not path.exists():
            path.write_text(svg, encoding="utf-8")
        return f"{self.book.figures.name}/{name}"


def ids(node: nodes.Element) -> list[str]:
    """The ids of a node."""
    return list(node.get("ids", ()))


def children(node: nodes.Element) -> list[nodes.Element]:
    """The children of a node that holds elements only."""
    return [child for child in node.children if isinstance(child, nodes.Element)]


def anchors_of(docname: str, tree: nodes.document) -> Iterable[str]:
    """Everything in a document that a link may lead to."""
    yield docname
    for element in tree.findall(nodes.Element):
        if not isinstance(element, (*_SILENT, nodes.footnote_reference)):
            yield from (f"{docname}#{i}" for i in ids(element))
