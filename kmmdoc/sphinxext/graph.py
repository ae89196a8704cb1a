"""The kmm-graph directive: a drawing in the page itself, its parts linked.

    ```{kmm-graph}
    :file: /figures/memblock.svg
    :alt: Regions of memblock, reserved ones marked
    :caption: The regions after {kfunc}`memblock_x86_fill`
    :name: fig-memblock
    ```

A path starts at the source's root if it begins with a slash, else beside the page. `file` and `alt` are
required. With a caption it is a numbered figure.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, cast

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import OptionSpec
from sphinx.writers.html5 import HTML5Translator

from kmmdoc.dot import style
from kmmdoc.sphinxext.svg import Drawing
from kmmdoc.sphinxext.targets import known_page, page_of


class kmm_graph(nodes.General, nodes.Element):
    """A drawing. Attributes: `svg`, its text; `alt`, what it shows in one sentence."""


class GraphDirective(SphinxDirective):
    """Puts a drawing into the page."""

    optional_arguments = 1
    final_argument_whitespace = True
    option_spec: ClassVar[OptionSpec] = {
        "file": directives.unchanged_required,
        "alt": directives.unchanged_required,
        "caption": directives.unchanged_required,
        "name": directives.unchanged,
    }

    def run(self) -> list[nodes.Node]:
        try:
            svg = self._drawing()
        except (OSError, ValueError) as error:
            raise self.error(f"kmm-graph: {error}") from error
        graph = kmm_graph("", svg=svg, alt=self.options["alt"])
        self.set_source_info(graph)
        figure = nodes.figure("", graph, classes=["kmm-figure"])
        self.set_source_info(figure)
        if "caption" in self.options:
            text, messages = self.parse_inline(self.options["caption"], lineno=self.lineno)
            caption = nodes.caption("", "", *text)
            self.set_source_info(caption)
            figure += [caption, *messages]
        self.add_name(figure)
        return [figure]

    def _drawing(self) -> str:
        if self.arguments:  # the path may also stand as the argument
            self.options.setdefault("file", self.arguments[0])
        for option, what in (("file", "the drawing"), ("alt", "what it shows")):
            if not self.options.get(option):
                raise ValueError(f"name {what} in :{option}:")
        relative, absolute = self.env.relfn2path(self.options["file"])
        self.env.note_dependency(relative)
        drawing = Drawing(Path(absolute).read_text(encoding="utf-8"))
        for link in drawing.links():
            page_of(link.target)
        return drawing.text


def visit_html(translator: HTML5Translator, node: kmm_graph) -> None:
    builder = translator.builder
    here = cast(Any, builder).current_docname

    def resolve(target: str) -> str | None:
        found = known_page(target, builder.env.found_docs)
        if found is None:
            return None
        page, anchor = found
        hash_ = f"#{anchor}" if anchor else ""
        return hash_ if page == here and hash_ else builder.get_relative_uri(here, page) + hash_

    count = getattr(translator, "kmm_graphs", 0) + 1
    translator.kmm_graphs = count  # type: ignore[attr-defined]
    svg = Drawing(node["svg"]).inline(f"g{count}", node["alt"], style.variables(), resolve)
    translator.body.append(f'<div class="kmm-graph">{svg}</div>\n')
    raise nodes.SkipNode


def setup(app: Sphinx) -> None:
    app.add_node(kmm_graph, html=(visit_html, None))
    app.add_directive("kmm-graph", GraphDirective)
