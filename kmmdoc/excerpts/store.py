"""The annotations: one file per function or structure, below `linux-3.18-excerpts/`, by kernel file.

    linux-3.18-excerpts/mm/memblock.c/memblock_add_range.md     in English
    linux-3.18-excerpts/mm/memblock.c/memblock_add_range.zh.md  in Chinese
    linux-3.18-excerpts/mm/page_alloc.c/build_zonelists@flat.md another variant of the name

An English file begins with TOML between two lines of `+++`: `symbol`, `kind` (function if not given),
`span` (first and last line in v3.18) and `sha256` of those lines. A family of definitions that stand
together, macros mostly, also has `through`, the last one's name (`symbol` is the first's), and a `title`.
Then comes the summary, then sections:

    ## What the heading says {#slug}
    ## About some lines {#slug 12-20 0123456789ab}

The lines are relative to the symbol's first line, which is 1, and stand in order, without overlap; the
twelve digits begin their sha256. `tools/stamp_excerpts.py` writes span and hashes, so nobody types
them. A Chinese file has `symbol`, `translates` (the English text's digest) and, of a family, a `title`, and
the same slugs without lines.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import kmmdoc
from kmmdoc.excerpts.facts import Facts, v3_18
from kmmdoc.model.errors import KmmdocError
from kmmdoc.model.excerpt import Annotation, Section, Span, SymbolFact

ROOT = Path(kmmdoc.__file__).resolve().parent.parent / "linux-3.18-excerpts"
SUFFIXES = {"en": ".md", "zh_CN": ".zh.md"}
SHORT = 12
"""Hex digits of a section's hash."""

HEADING = re.compile(
    r"## (?P<title>.+?) \{#(?P<slug>[a-z0-9][a-z0-9-]*)"
    r"(?: (?P<first>\d+)(?:-(?P<last>\d+))?(?: (?P<digest>[0-9a-f]{12}))?)?\}\s*"
)
_KEYS = {
    "en": {"symbol", "kind", "through", "title", "span", "sha256"},
    "zh_CN": {"symbol", "kind", "title", "translates"},
}


@dataclass(frozen=True)
class Document:
    """An annotation's file as it is written, before it is held against the facts."""

    path: Path
    matter: dict[str, Any]
    summary: str
    sections: tuple[Section, ...]

    @cached_property
    def digest(self) -> str:
        """Of what a translator translates: the texts and their places, not the hashes of the source."""
        title = [str(self.matter["title"])] if "title" in self.matter else []
        parts = [*title, self.summary, *(f"{s.slug}\0{s.title}\0{s.lines}\0{s.body}" for s in self.sections)]
        return hashlib.sha256("\0\0".join(parts).encode()).hexdigest()[:SHORT]

    def fail(self, where: int | str | None, reason: str) -> KmmdocError:
        return KmmdocError(self.path, where, reason)


def parse(path: Path, language: str = "en") -> Document:
    """Read one file. KmmdocError with the line where its form is wrong."""
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise KmmdocError(path, None, f"cannot be read: {error}") from error
    if lines[0] != "+++" or "+++" not in lines[1:]:
        raise KmmdocError(path, 1, "must begin with TOML between two lines of +++")
    end = lines.index("+++", 1)
    try:
        matter = tomllib.loads("\n".join(lines[1:end]))
    except tomllib.TOMLDecodeError as error:
        raise KmmdocError(path, 1, f"TOML: {error}") from error
    for key in matter:
        if key not in _KEYS[language]:
            raise KmmdocError(path, key, f"unknown key; known here: {', '.join(sorted(_KEYS[language]))}")
    if not isinstance(matter.get("symbol"), str):
        raise KmmdocError(path, "symbol", "must be the symbol's name")
    heads = list(_headings(path, lines, end + 1))
    starts = [at for at, _ in heads] + [len(lines)]
    for key in ("through", "title"):
        if not isinstance(matter.get(key, ""), str) or matter.get(key) == "":
            raise KmmdocError(path, key, "must be a text that is not empty")
    if language == "en" and ("through" in matter) != ("title" in matter):
        raise KmmdocError(path, "title", "a family has both `through` and `title`, a single symbol neither")
    summary = "\n".join(lines[end + 1 : starts[0]]).strip()
    if not summary:
        raise KmmdocError(path, end + 2, "a summary must stand before the first section")
    sections: list[Section] = []
    for (at, found), following in zip(heads, starts[1:], strict=True):
        body = "\n".join(lines[at + 1 : following]).strip()
        section = _section(path, at + 1, found, body)
        if any(section.slug == s.slug for s in sections):
            raise KmmdocError(path, at + 1, f"a second section is called {section.slug}")
        _check_order(path, section, sections)
        sections.append(section)
    return Document(path, matter, summary, tuple(sections))


def _headings(path: Path, lines: list[str], begin: int) -> Iterator[tuple[int, re.Match[str]]]:
    """(index, match) of the section headings, outside fenced code."""
    fence, opened = "", begin
    for at in range(begin, len(lines)):
        line = lines[at]
        mark = re.match(r"\s*(`{3,}|~{3,}|:{3,})", line)
        if mark and (not fence or (mark[1].startswith(fence) and line.strip() == mark[1])):
            fence, opened = ("" if fence else mark[1]), at
        elif not fence and re.match(r"##? ", line):
            found = HEADING.fullmatch(line)
            if not found:
                raise KmmdocError(
                    path, at + 1, "a section's heading has the form: ## Title {#slug} or {#slug 12-20}"
                )
            yield at, found
    if fence:
        raise KmmdocError(path, opened + 1, "fenced text is not closed")


def _section(path: Path, at: int, found: re.Match[str], body: str) -> Section:
    lines = None
    if found["first"]:
        lines = Span(int(found["first"]), int(found["last"] or found["first"]))
        if not 1 <= lines.start <= lines.end:
            raise KmmdocError(path, at, f"lines {lines} run backwards or begin before line 1")
    if not body:
        raise KmmdocError(path, at, f"section {found['slug']} is empty")
    return Section(found["slug"], found["title"], body, lines, found["digest"] or "", at)


def _check_order(path: Path, section: Section, before: list[Section]) -> None:
    last = next((s.lines for s in reversed(before) if s.lines), None)
    if section.lines and last and section.lines.start <= last.end:
        reason = f"lines {section.lines} do not follow lines {last} of the section before"
        raise KmmdocError(path, section.at, reason)


class Annotations:
    """The annotations below a folder, read when first asked for. Errors of form or fact are KmmdocErrors."""

    def __init__(self, root: Path = ROOT, facts: Facts | None = None) -> None:
        self.root, self.facts = root, facts or v3_18()

    @cached_property
    def english(self) -> dict[tuple[str, str, str], Annotation]:
        """Every annotation in English by (kernel file, symbol, tag), in the order of the paths."""
        if not self.root.is_dir():
            raise KmmdocError(self.root, None, "the folder of annotations is not there")
        found: dict[tuple[str, str, str], Annotation] = {}
        for path in self.paths():
            annotation = self.read(path)
            found[annotation.file, annotation.symbol, annotation.tag] = annotation
        return found

    @cached_property
    def chinese(self) -> dict[tuple[str, str, str], Annotation]:
        """Every translation, likewise. One without an English original is an error."""
        found: dict[tuple[str, str, str], Annotation] = {}
        for path in self.paths("zh_CN"):
            key = self.key(path)
            if key not in self.english:
                name = path.name.removesuffix(SUFFIXES["zh_CN"])
                raise KmmdocError(path, None, f"translates {name}.md, which is not there")
            found[key] = self.read_translation(path, self.english[key])
        return found

    def paths(self, language: str = "en") -> list[Path]:
        """The files of one language, sorted."""
        chinese = SUFFIXES["zh_CN"]
        return sorted(
            path
            for path in self.root.rglob("*.md")
            if path.name.endswith(chinese) == (language == "zh_CN") and path.parent != self.root
        )

    def key(self, path: Path) -> tuple[str, str, str]:
        """(kernel file, symbol, tag) as an annotation's path says them."""
        name = path.name.removesuffix(SUFFIXES["zh_CN"]).removesuffix(SUFFIXES["en"])
        symbol, _, tag = name.partition("@")
        return path.parent.relative_to(self.root).as_posix(), symbol, tag

    def all(self, language: str = "en") -> list[Annotation]:
        """Every annotation, in the language where there is a translation, else in English."""
        translated = self.chinese if language == "zh_CN" else {}
        return [translated.get(key, annotation) for key, annotation in self.english.items()]

    def get(
        self,
        symbol: str,
        file: str | None = None,
        kind: str | None = None,
        language: str = "en",
        tag: str = "",
    ) -> Annotation | None:
        """The annotation of a symbol or None; `annotation.language` says which language it came in.

        Of several symbols of the name, functions come before structures before the rest.
        """
        wanted = [
            a
            for a in self.all(language)
            if a.symbol == symbol and a.tag == tag and file in (None, a.file) and kind in (None, a.kind)
        ]
        order = ("function", "struct")
        return min(wanted, key=lambda a: order.index(a.kind) if a.kind in order else 9, default=None)

    def read_translation(self, path: Path, english: Annotation) -> Annotation:
        """One Chinese file. KmmdocError where it does not fit the English annotation."""
        return _translated(parse(path, "zh_CN"), english, self.root)

    def read(self, path: Path) -> Annotation:
        """One English file. KmmdocError where its form is wrong or it does not fit the facts."""
        document = parse(path)
        name, _, tag = path.stem.partition("@")
        matter, symbol = document.matter, document.matter["symbol"]
        if name != symbol:
            raise document.fail("symbol", f"{symbol} must stand in a file of that name")
        fact = fact_of(document, self.root, self.facts)
        span = matter.get("span")
        if span != list(fact.span) or matter.get("sha256") != (fact.sha256 or matter.get("sha256")):
            raise document.fail("span", "span or sha256 are not v3.18's; tools/stamp_excerpts.py writes them")
        if not re.fullmatch("[0-9a-f]{64}", str(matter.get("sha256"))):
            raise document.fail("sha256", "must be the sha256 of the symbol's lines")
        for section in document.sections:
            if section.lines and section.lines.end > fact.span.length:
                raise document.fail(
                    section.at, f"lines {section.lines} end after the symbol's {fact.span.length}"
                )
            if section.lines and not section.digest:
                raise document.fail(section.at, "has lines but no hash; tools/stamp_excerpts.py writes it")
        return Annotation(
            fact.name,
            fact.kind,
            fact.file,
            fact.span,
            matter["sha256"],
            "en",
            document.summary,
            document.sections,
            path.relative_to(self.root).as_posix(),
            tag,
            document.digest,
            through=matter.get("through", ""),
            title=matter.get("title", ""),
        )


def fact_of(document: Document, root: Path, facts: Facts) -> SymbolFact:
    """The symbol that a file is about; among variants the one of its span, else the longest."""
    file = document.path.parent.relative_to(root).as_posix()
    symbol, kind = document.matter["symbol"], document.matter.get("kind", "function")
    variants, through = facts.variants(symbol, file, kind), document.matter.get("through")
    if not variants:
        raise document.fail("symbol", f"{facts.version} has no {kind} {symbol} in {file}")
    span = document.matter.get("span")
    if through is None:
        return next((v for v in variants if list(v.span) == span), None) or facts.symbol(symbol, file, kind)
    families = facts.family(symbol, through, file, kind)
    if not families:
        raise document.fail("through", f"{facts.version} has no {through} after {symbol} in {file}")
    return next((f for f in families if list(f.span) == span), families[0])


def _translated(document: Document, english: Annotation, root: Path) -> Annotation:
    """The English annotation with the translation's texts. What lacks stays English: stale."""
    if document.matter["symbol"] != english.symbol:
        raise document.fail("symbol", f"must be {english.symbol}, as in the English file")
    if bool(document.matter.get("title")) != bool(english.title):
        raise document.fail("title", "must be there exactly where the English file has one")
    known = {s.slug for s in english.sections}
    for section in document.sections:
        if section.slug not in known:
            raise document.fail(section.at, f"the English text has no section {section.slug}")
        if section.lines:
            raise document.fail(
                section.at, "a translation's headings have a slug only; the lines are the English file's"
            )
    own = {s.slug: s for s in document.sections}
    sections = tuple(
        replace(s, title=own[s.slug].title, body=own[s.slug].body, at=own[s.slug].at) if s.slug in own else s
        for s in english.sections
    )
    made_from = str(document.matter.get("translates", ""))
    return replace(
        english,
        language="zh_CN",
        summary=document.summary,
        title=document.matter.get("title", ""),
        sections=sections,
        source=document.path.relative_to(root).as_posix(),
        digest=made_from,
        stale=made_from != english.digest or known != set(own),
    )
