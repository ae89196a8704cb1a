"""Components of pages: a timeline, cards, a bar of memory, log lines.

    ::::{kmm-timeline}                      ::::{kmm-cards}
    :::{kmm-item} The firmware's map        :::{kmm-item} Machines
    :link: stages/e820                      :link: machines/index
    :when: setup_arch                       Eleven of them.
    :meta: 27 functions                     :::
    Text.                                   ::::
    :::
    ::::

    ```{kmm-memory-bar}                     ```{kmm-log}
    :label: What e820 says                  :new: 2-3
    0x0 0x9fc00 memory usable               [    0.000000] e820: ...
    0x9fc00 0xa0000 reserved EBDA           ```
    ```

A log's `:by: setup_arch - ...` names the function that printed each line, or - for none.
A bar's line is START END KIND LABEL, bytes in hexadecimal, END exclusive; kinds are those of figures.
Widths grow with the size but are not to scale, so that small ranges can be seen; `:scale:` makes them so.
"""

from __future__ import annotations

import re
from typing import Any, ClassVar, NamedTuple, cast

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import OptionSpec
from sphinx.writers.html5 import HTML5Translator

from kmmdoc.sphinxext.source import closing

_STAMP = re.compile(r"(\[ *\d+\.\d+\] )(.*)")


class kmm_list(nodes.General, nodes.Element):
    """A list of kmm_item. Attribute: `look`, timeline or cards."""


class kmm_item(nodes.General, nodes.Element):
    """A kmm_title, then the body. Attributes: `when` and `meta`, small texts; `look` of the list."""


class kmm_title(nodes.Part, nodes.TextElement):
    """The title of an item, a link if it leads somewhere."""


class kmm_bar(nodes.General, nodes.Element):
    """A bar of memory. Attributes: `label`; `segments`, a list of Segment; `scale`: widths are to scale."""


class kmm_log(nodes.General, nodes.FixedTextElement):
    """Lines of a log. Attributes: `new`, numbers of the lines (from 1) that are marked as new; `by`, for each
    line the function that printed it, or "-"; may be empty."""


class Segment(NamedTuple):
    """`[start, end)` in bytes."""

    start: int
    end: int
    kind: str
    label: str

    def width(self, *, scale: bool) -> float:
        """Relative width; not to scale, sixteen times the size is about twice as wide."""
        size = self.end - self.start
        return float(size) if scale else size**0.25


class ListDirective(SphinxDirective):
    """kmm-timeline and kmm-cards."""

    has_content = True
    look = ""

    def run(self) -> list[nodes.Node]:
        items = self.parse_content_to_nodes()
        for item in items:
            if not isinstance(item, kmm_item):
                raise self.error(f"{self.name}: only kmm-item belongs in it")
            item["look"] = self.look
        result = kmm_list("", *items, look=self.look)
        self.set_source_info(result)
        return [result]


class TimelineDirective(ListDirective):
    look = "timeline"


class CardsDirective(ListDirective):
    look = "cards"


class ItemDirective(SphinxDirective):
    """An entry of a timeline, or a card."""

    required_arguments = 1
    final_argument_whitespace = True
    has_content = True
    option_spec: ClassVar[OptionSpec] = {
        "link": directives.unchanged_required,
        "when": directives.unchanged,
        "meta": directives.unchanged,
    }

    def run(self) -> list[nodes.Node]:
        text, messages = self.parse_inline(self.arguments[0], lineno=self.lineno)
        title = kmm_title("", "")
        if "link" in self.options:
            link = addnodes.pending_xref(
                "",
                nodes.inline("", "", *text),
                refdomain="std",
                reftype="doc",
                reftarget="/" + self.options["link"].lstrip("/"),
                refdoc=self.env.docname,
                refexplicit=True,
                refwarn=True,
            )
            title += link
        else:
            title.extend(text)
        item = kmm_item(
            "", title, *messages, when=self.options.get("when", ""), meta=self.options.get("meta", "")
        )
        item.extend(self.parse_content_to_nodes())
        self.set_source_info(item)
        return [item]


class BarDirective(SphinxDirective):
    """kmm-memory-bar."""

    has_content = True
    option_spec: ClassVar[OptionSpec] = {"label": directives.unchanged_required, "scale": directives.flag}

    def run(self) -> list[nodes.Node]:
        segments = [self._segment(line) for line in self.content if line.strip()]
        bar = kmm_bar(
            "", segments=segments, label=self.options.get("label", ""), scale="scale" in self.options
        )
        self.set_source_info(bar)
        return [bar]

    def _segment(self, line: str) -> Segment:
        try:
            start, end, kind, *label = line.split(None, 3)
            segment = Segment(int(start, 16), int(end, 16), kind, label[0] if label else kind)
        except ValueError:
            raise self.error(f"kmm-memory-bar: a line is START END KIND LABEL, not {line!r}") from None
        if segment.end <= segment.start:
            raise self.error(f"kmm-memory-bar: nothing lies between the ends of {line!r}")
        return segment


class LogDirective(SphinxDirective):
    """kmm-log."""

    has_content = True
    option_spec: ClassVar[OptionSpec] = {
        "new": directives.unchanged_required,
        "by": directives.unchanged,
    }

    def run(self) -> list[nodes.Node]:
        text = "\n".join(self.content)
        try:
            new = _numbers(self.options.get("new", ""))
        except ValueError as error:
            raise self.error(f"kmm-log: {error}") from error
        by = self.options.get("by", "").split()
        if by and len(by) != len(self.content):
            raise self.error(f"kmm-log: :by: has {len(by)} names for {len(self.content)} lines")
        log = kmm_log(text, text, new=sorted(new), by=by)
        self.set_source_info(log)
        return [log]


def _numbers(text: str) -> set[int]:
    """
    >>> sorted(_numbers("1,3-5"))
    [1, 3, 4, 5]
    """
    numbers: set[int] = set()
    for part in filter(None, text.replace(" ", "").split(",")):
        first, _, last = part.partition("-")
        numbers.update(range(int(first), int(last or first) + 1))
    return numbers


def split_stamp(line: str) -> tuple[str, str]:
    """A log line's time stamp with its blank (or nothing) and its text."""
    match = _STAMP.match(line)
    return (match[1], match[2]) if match else ("", line)


def size_text(size: int) -> str:
    """A size in bytes with the largest unit that divides it, or with one decimal.

    >>> size_text(0x9fc00), size_text(2 << 30), size_text(100)
    ('639 KiB', '2 GiB', '100 B')
    """
    for shift, unit in ((40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")):
        if size >= 1 << shift:
            whole, rest = divmod(size, 1 << shift)
            return f"{whole} {unit}" if not rest else f"{size / (1 << shift):.1f} {unit}"
    return f"{size} B"


def visit_list(translator: HTML5Translator, node: kmm_list) -> None:
    when = max((len(item["when"]) for item in node.findall(kmm_item)), default=0)
    style = f"--when:{min(when, 24)}"
    translator.body.append(f'<ol class="kmm-{node["look"]}" role="list" style="{style}">\n')


def visit_item(translator: HTML5Translator, node: kmm_item) -> None:
    when = translator.encode(node["when"])
    translator.body.append('<li class="kmm-item">\n')
    if when:
        translator.body.append(f'<span class="kmm-when">{when}</span>\n')


def visit_title(translator: HTML5Translator, node: kmm_title) -> None:
    translator.body.append('<p class="kmm-title">')


def depart_title(translator: HTML5Translator, node: kmm_title) -> None:
    meta = translator.encode(node.parent["meta"])
    translator.body.append((f' <span class="kmm-meta">{meta}</span>' if meta else "") + "</p>\n")


def visit_bar(translator: HTML5Translator, node: kmm_bar) -> None:
    total = sum(s.width(scale=node["scale"]) for s in node["segments"])
    parts, keys = [], []
    for s in node["segments"]:
        kind = re.sub(r"\W", "", s.kind)
        colours = (
            f"--fill:var(--k-{kind}-fill,var(--k-plain-fill));--line:var(--k-{kind}-line,var(--k-plain-line))"
        )
        share = 100 * s.width(scale=node["scale"]) / total
        label = translator.encode(s.label)
        parts.append(f'<span style="{colours};flex-grow:{share:.3f}" title="{label}"></span>')
        keys.append(
            f'<li style="{colours}"><code>{s.start:#x}</code> {label} '
            f'<span class="kmm-meta">{size_text(s.end - s.start)}</span></li>'
        )
    translator.body.append(
        f'<figure class="kmm-bar"><figcaption>{translator.encode(node["label"])}</figcaption>'
        f'<div class="kmm-strip" aria-hidden="true">{"".join(parts)}</div>'
        f'<ol class="kmm-keys">{"".join(keys)}</ol></figure>\n'
    )
    raise nodes.SkipNode


def visit_log(translator: HTML5Translator, node: kmm_log) -> None:
    lines = []
    for number, line in enumerate(node.astext().split("\n"), 1):
        stamp, text = (translator.encode(part) for part in split_stamp(line))
        if node["by"]:
            text += _printed_by(translator, node["by"][number - 1])
        if number in node["new"]:
            lines.append(f'<ins><span class="kmm-stamp">{stamp}</span>{text}\n</ins>')
        else:
            lines.append(f'<span class="kmm-stamp">{stamp}</span>{text}\n')
    translator.body.append(f'<pre class="kmm-log" tabindex="0">{"".join(lines)}</pre>\n')
    raise nodes.SkipNode


def _printed_by(translator: HTML5Translator, name: str) -> str:
    """A link to the function that printed a line, to stand at the line's end; nothing without its page."""
    builder = cast(Any, translator.builder)
    page = f"functions/{name}"
    if page not in builder.env.found_docs:
        return ""
    uri = builder.get_relative_uri(builder.current_docname, page)
    return f' <a class="kmm-by" href="{uri}">{name}</a>'


def setup(app: Sphinx) -> None:
    app.add_node(kmm_list, html=(visit_list, closing("</ol>")))
    app.add_node(kmm_item, html=(visit_item, closing("</li>")))
    app.add_node(kmm_title, html=(visit_title, depart_title))
    app.add_node(kmm_bar, html=(visit_bar, None))
    app.add_node(kmm_log, html=(visit_log, None))
    for name, directive in {
        "kmm-timeline": TimelineDirective,
        "kmm-cards": CardsDirective,
        "kmm-item": ItemDirective,
        "kmm-memory-bar": BarDirective,
        "kmm-log": LogDirective,
    }.items():
        app.add_directive(name, directive)
