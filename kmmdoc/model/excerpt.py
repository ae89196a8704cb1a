"""Annotated excerpts of the kernel's source: our notes, and where in a reader's tree they belong.

Lines of an annotation are counted from the first line of the symbol's text, which is line 1, so that
they survive the symbol's moving about in its file. A `Span` is inclusive at both ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class Outcome(StrEnum):
    """What came of holding an annotation, or one of its ranges, against a tree."""

    EXACT = "exact"
    """The same text at the same lines as in v3.18."""
    MOVED = "moved"
    """The same text at other lines, or in another file."""
    PARTIAL = "partial"
    """Of a whole annotation only: the text differs, but some ranges still match by their own hash."""
    DRIFTED = "drifted"
    """The text differs, or the symbol is not there at all."""
    NO_TREE = "no-tree"
    """There is no tree to look in (or it lacks every file the symbol could stand in)."""

    @property
    def holds(self) -> bool:
        """Whether the notes describe exactly the text that was found."""
        return self in (Outcome.EXACT, Outcome.MOVED)


class Span(NamedTuple):
    """Lines `start` to `end`, both included, from 1."""

    start: int
    end: int

    def __str__(self) -> str:
        return str(self.start) if self.start == self.end else f"{self.start}-{self.end}"

    @property
    def length(self) -> int:
        return self.end - self.start + 1

    def shifted(self, by: int) -> Span:
        """The same number of lines, `by` lines further down."""
        return Span(self.start + by, self.end + by)


class SymbolFact(NamedTuple):
    """A symbol of v3.18. `sha256` is of its lines with their newlines, "" where the facts have none."""

    name: str
    kind: str
    """function, struct, union, enum, macro, variable, typedef, or constant (of an enum)."""
    file: str
    span: Span
    sha256: str = ""
    calls: tuple[tuple[int, str], ...] = ()
    """(absolute line, name) of each call by name in a function's body, every #ifdef branch included."""
    through: str = ""
    """Of a family, a run of definitions that belong together: the last one's name. `name` is the first's."""

    @property
    def url(self) -> str:
        """Where anybody can look at it: the public source browser, at v3.18."""
        return source_url(self.file, self.span.start)


class FileFact(NamedTuple):
    """A file of v3.18."""

    path: str
    lines: int
    size: int
    """Bytes."""
    sha256: str


def source_url(file: str, line: int | None = None) -> str:
    """A line of v3.18 in the public source browser.

    >>> source_url("mm/memblock.c", 12)
    'https://elixir.bootlin.com/linux/v3.18/source/mm/memblock.c#L12'
    """
    return f"https://elixir.bootlin.com/linux/v3.18/source/{file}" + (f"#L{line}" if line else "")


@dataclass(frozen=True, slots=True)
class Section:
    """One headed part of an annotation. With `lines` it explains those lines of the symbol's text."""

    slug: str
    title: str
    body: str
    """MyST text in our own words."""
    lines: Span | None = None
    """Relative to the symbol's first line, which is 1. None: about the symbol as a whole."""
    digest: str = ""
    """The first 12 hex digits of the sha256 of those lines, with their newlines."""
    at: int = 0
    """Line of the heading in the annotation's file."""


@dataclass(frozen=True, slots=True)
class Annotation:
    """What we say about one function, structure, variable or family of macros of v3.18, in one language."""

    symbol: str
    kind: str
    file: str
    span: Span
    """In v3.18's file."""
    sha256: str
    language: str
    """`en` or `zh_CN`."""
    summary: str
    """MyST text before the first section: what it is for. Its first paragraph can stand alone."""
    sections: tuple[Section, ...]
    source: str
    """The annotation's own file, below the folder of annotations."""
    tag: str = ""
    """Tells variants of one name apart (`no-numa`), empty for the main one."""
    digest: str = ""
    """Of the English text; a translation carries the digest of the text it was made from."""
    stale: bool = False
    """A translation of an English text that has changed since."""
    through: str = ""
    """Of a family: the name of the last symbol it is about."""
    title: str = ""
    """Of a family: what it is called; "" for a single symbol."""

    @property
    def lead(self) -> str:
        """The summary's first paragraph, on one line."""
        return " ".join(self.summary.split("\n\n", 1)[0].split())

    def section(self, slug: str) -> Section | None:
        return next((s for s in self.sections if s.slug == slug), None)

    def url(self, section: Section | None = None) -> str:
        """The symbol, or a section's first line, in the public source browser at v3.18."""
        first = section.lines.start - 1 if section and section.lines else 0
        return source_url(self.file, self.span.start + first)

    def absolute(self, section: Section) -> Span | None:
        """The section's lines as line numbers of v3.18's file."""
        return section.lines.shifted(self.span.start - 1) if section.lines else None


@dataclass(frozen=True, slots=True)
class BoundRange:
    """A section with lines, held against the tree."""

    section: Section
    outcome: Outcome
    """EXACT, MOVED, DRIFTED or NO_TREE."""
    lines: Span | None
    """Where the lines stand in `Excerpt.file` (absolute; v3.18's without a tree); None where they do not."""


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A symbol for a page: the notes about it, if there are any, and its text, if there is a tree.

    Without a tree `text` is empty and `file`, `span` and `calls` are v3.18's, from the facts.
    """

    fact: SymbolFact
    """The symbol in v3.18."""
    outcome: Outcome
    file: str
    """Where it stands in the tree."""
    span: Span
    annotation: Annotation | None = None
    ranges: tuple[BoundRange, ...] = ()
    """One for each section of the annotation that has lines, in the annotation's order."""
    text: tuple[str, ...] = ()
    """The tree's own lines from `span.start` on, without newlines: kernel text, a licence notice is due."""
    calls: tuple[tuple[int, str], ...] = ()
    """(absolute line, name) of the calls in the text."""
    tree: str = ""
    """What the text was taken from, for the reader: `Linux 3.18.9 (folder linux-3.18.9)`."""

    @property
    def symbol(self) -> str:
        return self.fact.name

    @property
    def kind(self) -> str:
        return self.fact.kind

    @property
    def url(self) -> str:
        """v3.18 in the public source browser (the lines of v3.18, whatever the tree)."""
        return self.fact.url

    @property
    def numbered(self) -> list[tuple[int, str]]:
        """The text's lines with their numbers in the tree's file."""
        return list(enumerate(self.text, self.span.start))

    def range_of(self, slug: str) -> BoundRange | None:
        return next((r for r in self.ranges if r.section.slug == slug), None)
