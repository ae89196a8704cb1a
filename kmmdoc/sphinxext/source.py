"""The kmm-source directive: lines of a kernel file, and beside them the notes that explain them.

    ::::{kmm-source} mm/memblock.c
    :first: 506
    :::{kmm-note} 510-512
    :name: second-pass
    What these lines are for.
    :::
    ```c
    (the text, from line 506 on)
    ```
    ::::

The argument is the file in v3.18. `first` is the number of the text's first line, in the tree it was taken
from; `shift` (default 0) is what to add to such a number to get v3.18's, for links to the source browser.
`counts` is of LINE=TIMES, how often lines ran; `counted` says so in words, with {n} for the number.
Notes name their lines in the same numbers as `first`; `browse` is v3.18's number of the first, where `shift`
does not give it, and `outcome` a word that stands beside the lines (MOVED). Without a text the notes stand
alone, each with the link to its lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any, ClassVar, NamedTuple, cast

from docutils import nodes
from docutils.parsers.rst import directives
from pygments.lexers import CLexer
from pygments.token import STANDARD_TYPES
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import OptionSpec
from sphinx.writers.html5 import HTML5Translator

from kmmdoc.model.folders import FOLDERS
from kmmdoc.sphinxext.roles import source_uri

#: Pieces of a line of code: (Pygments' short class, text).
Line = list[tuple[str, str]]
_LINES = re.compile(r"(\d+)(?:-(\d+))?")
_IDENTIFIER = re.compile(r"[A-Za-z_]\w*")


class Lines(NamedTuple):
    """A range of lines, both ends included."""

    first: int
    last: int

    def __str__(self) -> str:
        return str(self.first) if self.first == self.last else f"{self.first}–{self.last}"


class kmm_source(nodes.General, nodes.Element):
    """An annotated text. Attributes: `path`, `shift`, `counts` (line -> times), `counted`. Has kmm_row."""


class kmm_row(nodes.General, nodes.Element):
    """Some lines, with the notes that begin there as children. Attributes: `first`; `code`, Lines of it."""


class kmm_note(nodes.General, nodes.Element):
    """A note. Attributes: `lines`, a Lines; `uri` of them in the source browser; `outcome`, a word about how
    they fit the text, or "". Children: its text."""


class NoteDirective(SphinxDirective):
    """A note inside kmm-source."""

    required_arguments = 1
    has_content = True
    option_spec: ClassVar[OptionSpec] = {
        "name": directives.unchanged,
        "outcome": directives.unchanged,
        "browse": directives.positive_int,
    }

    def run(self) -> list[nodes.Node]:
        match = _LINES.fullmatch(self.arguments[0].strip())
        if match is None:
            raise self.error(f"kmm-note: lines are FIRST or FIRST-LAST, not {self.arguments[0]!r}")
        first, last = int(match[1]), int(match[2] or match[1])
        note = kmm_note(
            "",
            *self.parse_content_to_nodes(),
            lines=Lines(first, last),
            outcome=self.options.get("outcome", ""),
            browse=self.options.get("browse", 0),
        )
        self.set_source_info(note)
        self.add_name(note)
        return [note]


class SourceDirective(SphinxDirective):
    """Notes beside the lines they explain."""

    required_arguments = 1
    has_content = True
    option_spec: ClassVar[OptionSpec] = {
        "first": directives.positive_int,
        "shift": int,
        "counts": lambda text: counts_of(directives.unchanged_required(text)),
        "counted": directives.unchanged_required,
    }

    def run(self) -> list[nodes.Node]:
        notes: list[kmm_note] = []
        text: str | None = None
        for child in self.parse_content_to_nodes():
            if isinstance(child, kmm_note):
                notes.append(child)
            elif isinstance(child, nodes.literal_block) and text is None:
                text = child.astext()
            elif not isinstance(child, (nodes.target, nodes.comment)):
                raise self.error("kmm-source: only kmm-note and one code block belong in it")
        notes.sort(key=lambda note: note["lines"])
        path, shift = self.arguments[0], self.options.get("shift", 0)
        for note in notes:
            note["uri"] = source_uri(self.env, path, note["browse"] or note["lines"].first + shift)
        first = self.options.get("first", 1)
        try:
            rows = list(_rows(first, coloured(text) if text is not None else [], notes))
        except ValueError as error:
            raise self.error(f"kmm-source {path}: {error}") from error
        counts, counted = self.options.get("counts", {}), self.options.get("counted", "{n}")
        source = kmm_source("", *rows, path=path, shift=shift, counts=counts, counted=counted)
        self.set_source_info(source)
        return [source]


def counts_of(text: str) -> dict[int, int]:
    """The option `counts`; ValueError where it is not of that form.

    >>> counts_of("12=1 15=40")
    {12: 1, 15: 40}
    """
    pairs = (item.partition("=") for item in text.split())
    return {int(line): int(times) for line, _, times in pairs}


def coloured(text: str) -> list[Line]:
    """C text cut into lines of pieces. What the lexer does not understand is plain.

    >>> coloured("int a;\\n")
    [[('kt', 'int'), ('w', ' '), ('n', 'a'), ('p', ';')]]
    """
    lines: list[Line] = [[]]
    for token, value in CLexer(stripnl=False, ensurenl=False).get_tokens(text.rstrip("\n")):
        short = STANDARD_TYPES.get(token, "")
        for i, piece in enumerate(value.split("\n")):
            if i:
                lines.append([])
            if piece:
                lines[-1].append(("" if short == "err" else short, piece))
    return lines


def _rows(first: int, code: list[Line], notes: list[kmm_note]) -> Iterator[kmm_row]:
    """Cut the text where notes begin. ValueError for a note outside the text."""
    if not code:
        yield from (kmm_row("", note, first=note["lines"].first, code=[]) for note in notes)
        return
    end = first + len(code)
    for note in notes:
        if note["lines"].first < first or note["lines"].last >= end:
            raise ValueError(f"a note is on lines {note['lines']}, the text has {first}–{end - 1}")
    cuts = sorted({first, end, *(note["lines"].first for note in notes)})
    for start, stop in pairwise(cuts):
        here = [note for note in notes if note["lines"].first == start]
        yield kmm_row("", *here, first=start, code=code[start - first : stop - first])


def visit_source(translator: HTML5Translator, node: kmm_source) -> None:
    bare = "" if any(row["code"] for row in node.findall(kmm_row)) else " kmm-bare"
    translator.body.append(f'<div class="kmm-source{bare}">\n')


def visit_row(translator: HTML5Translator, node: kmm_row) -> None:
    source = cast(kmm_source, node.parent)
    translator.body.append('<div class="kmm-row">\n')
    if node["code"]:
        marked = [note["lines"] for note in source.findall(kmm_note)]
        lines = _html_lines(translator, source, node["first"], node["code"], marked)
        translator.body.append(f'<div class="kmm-code highlight"><pre>{"".join(lines)}</pre></div>\n')
    translator.body.append('<div class="kmm-notes">\n')


def _html_lines(
    translator: HTML5Translator, source: kmm_source, first: int, code: Iterable[Line], marked: list[Lines]
) -> Iterator[str]:
    env = translator.builder.env
    for number, pieces in enumerate(code, first):
        uri = source_uri(env, source["path"], number + source["shift"])
        noted = " kmm-noted" if any(r.first <= number <= r.last for r in marked) else ""
        text = "".join(_html_piece(translator, css, piece) for css, piece in pieces)
        yield (
            f'<span class="kmm-line{noted}" id="L{number}">'
            f'<a class="kmm-ln" href="{uri}" tabindex="-1" aria-hidden="true" data-n="{number}"></a>'
            f"{_html_times(translator, source, number)}<span>{text}\n</span></span>"
        )


def _html_times(translator: HTML5Translator, source: kmm_source, number: int) -> str:
    """The column with how often a line ran; nothing where that is known of no line."""
    if not source["counts"]:
        return ""
    times = source["counts"].get(number)
    if times is None:
        return '<span class="kmm-times"></span>'
    said = translator.attval(source["counted"].format(n=f"{times:,}"))
    return f'<span class="kmm-times" title="{said}" data-n="×{_short(times)}"></span>'


def _short(times: int) -> str:
    """A number in at most four characters.

    >>> [_short(n) for n in (7, 9999, 10000, 123456, 7654321)]
    ['7', '9999', '10k', '123k', '7M']
    """
    if times < 10_000:
        return str(times)
    return f"{times // 1000}k" if times < 1_000_000 else f"{times // 1_000_000}M"


def _html_piece(translator: HTML5Translator, css: str, piece: str) -> str:
    text = translator.encode(piece)
    if css in ("n", "nf", "nc") and _IDENTIFIER.fullmatch(piece):
        builder = cast(Any, translator.builder)
        for folder in FOLDERS.values():
            page = f"{folder}/{piece}"
            if page in builder.env.found_docs and page != builder.current_docname:
                uri = builder.get_relative_uri(builder.current_docname, page)
                text = f'<a href="{uri}">{text}</a>'
                break
    return f'<span class="{css}">{text}</span>' if css and css != "w" else text


def visit_note(translator: HTML5Translator, node: kmm_note) -> None:
    lines = node["lines"]
    translator.body.append(translator.starttag(node, "section", CLASS="kmm-note"))
    path = translator.encode(node.parent.parent["path"])
    translator.body.append(f'<a class="kmm-lines" href="{node["uri"]}" title="{path}">{lines}</a>\n')
    if node["outcome"]:
        translator.body.append(f'<span class="kmm-outcome">{translator.encode(node["outcome"])}</span>\n')


def closing(tags: str) -> Any:
    """A depart function that writes closing tags."""

    def depart(translator: HTML5Translator, node: nodes.Element) -> None:
        translator.body.append(tags + "\n")

    return depart


def setup(app: Sphinx) -> None:
    app.add_node(kmm_source, html=(visit_source, closing("</div>")))
    app.add_node(kmm_row, html=(visit_row, closing("</div></div>")))
    app.add_node(kmm_note, html=(visit_note, closing("</section>")))
    app.add_directive("kmm-source", SourceDirective)
    app.add_directive("kmm-note", NoteDirective)
