"""Checks of the annotations themselves: form, anchors, hashes, steps, translations."""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from kmmdoc.excerpts import ctext
from kmmdoc.excerpts.bind import Binder
from kmmdoc.excerpts.check.finding import Finding, line_of, of_error, relative
from kmmdoc.excerpts.check.passed import WrittenStep
from kmmdoc.excerpts.check.prose import names_in
from kmmdoc.excerpts.facts import Facts
from kmmdoc.excerpts.store import SHORT, SUFFIXES, Annotations, parse
from kmmdoc.excerpts.trees import Tree, text_of
from kmmdoc.model.errors import KmmdocError
from kmmdoc.model.excerpt import Annotation, Outcome, Section

Key = tuple[str, str, str]
_CODE = re.compile(r"```.*?```|`[^`]*`|\{[^}]*\}|https?://\S+", re.DOTALL)
_HAN = re.compile(r"[\u4e00-\u9fff]")
_WORDS = re.compile(r"\b[a-z]{2,}\b")
FEW = 4
"""So many English words are still no English text."""


@dataclass
class Notes:
    """The annotations that could be read, with what was wrong with the others."""

    root: Path
    """The folder of annotations."""
    project: Path
    english: dict[Key, Annotation] = field(default_factory=dict)
    chinese: dict[Key, Annotation] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def path(self, annotation: Annotation) -> str:
        """The annotation's own file as findings show it."""
        return relative(self.root / annotation.source, self.project)

    def get(self, symbol: str, kind: str, file: str | None = None) -> Annotation | None:
        """The annotation of that name and kind, of several the first."""
        return next(iter(self.find(symbol, kind, file)), None)

    def find(self, symbol: str, kind: str, file: str | None = None) -> list[Annotation]:
        return [a for a in self._named.get(symbol, ()) if a.kind == kind and file in (None, a.file)]

    @functools.cached_property
    def _named(self) -> dict[str, list[Annotation]]:
        named: dict[str, list[Annotation]] = {}
        for annotation in self.english.values():
            named.setdefault(annotation.symbol, []).append(annotation)
        return named


def read_notes(root: Path, project: Path, facts: Facts) -> Notes:
    """Read every file; what cannot be read, or does not fit the facts, becomes a finding."""
    if not root.is_dir():
        raise KmmdocError(root, None, "the folder of annotations is not there")
    store, notes = Annotations(root, facts), Notes(root, project)
    seen: set[Key] = set()
    for path in store.paths():
        seen.add(store.key(path))
        try:
            parse(path)
        except KmmdocError as error:
            notes.findings.append(of_error(error, project, "form"))
            continue
        try:
            notes.english[store.key(path)] = store.read(path)
        except KmmdocError as error:
            notes.findings.append(of_error(error, project, "anchor"))
    for path in store.paths("zh_CN"):
        notes.findings += _read_chinese(path, store, notes, seen)
    return notes


def _read_chinese(path: Path, store: Annotations, notes: Notes, seen: set[Key]) -> Iterator[Finding]:
    key = store.key(path)
    if key not in seen:
        name = path.name.removesuffix(SUFFIXES["zh_CN"])
        yield Finding(
            relative(path, notes.project), 1, "untranslated", f"there is no {name}.md that it translates"
        )
    kind = "form"
    try:
        parse(path, "zh_CN")
        kind = "differs"
        if key in notes.english:
            notes.chinese[key] = store.read_translation(path, notes.english[key])
    except KmmdocError as error:
        yield of_error(error, notes.project, kind)


def check_translations(notes: Notes) -> Iterator[Finding]:
    """Each annotation in both languages, the Chinese made from the English as it now is."""
    for key, english in notes.english.items():
        path = notes.path(english)
        if not (notes.root / english.source.replace(".md", SUFFIXES["zh_CN"])).exists():
            yield Finding(path, 1, "untranslated", f"{english.symbol} is there in English only")
        for line, text in _texts(english):
            if _HAN.search(_CODE.sub("", text)):
                yield Finding(path, line, "untranslated", "Chinese in the English text")
        chinese = notes.chinese.get(key)
        if chinese:
            yield from _check_chinese(notes, english, chinese)


def _check_chinese(notes: Notes, english: Annotation, chinese: Annotation) -> Iterator[Finding]:
    path, file = notes.path(chinese), notes.root / chinese.source
    own = {s.slug for s in parse(file, "zh_CN").sections}
    lacking = [s.slug for s in english.sections if s.slug not in own]
    if lacking:
        yield Finding(path, 1, "stale", f"lacks the sections {', '.join(lacking)}")
    if chinese.digest != english.digest:
        yield Finding(
            path,
            line_of(file, "translates"),
            "stale",
            f"made from {chinese.digest or 'nothing'}, the English text is {english.digest}",
        )
    for line, text in _texts(chinese, own):
        if is_english(text):
            yield Finding(path, line, "untranslated", "English in the Chinese text")
    if chinese.stale:
        return
    for (_, ours), (line, theirs) in zip(_texts(english), _texts(chinese), strict=True):
        for name in sorted(names_of(ours) ^ names_of(theirs)):
            text = f"{name} is named in {'English' if name in ours else 'Chinese'} only"
            yield Finding(path, line, "differs", text)


def _texts(annotation: Annotation, own: set[str] | None = None) -> Iterator[tuple[int, str]]:
    yield 1, annotation.summary
    yield from ((s.at, s.body) for s in annotation.sections if own is None or s.slug in own)


def names_of(text: str) -> set[str]:
    """What a text names in code font, but for forms with words to fill in, which are translated."""
    return {name for name in names_in(text) if "=" not in name}


def is_english(text: str) -> bool:
    """Whether a text meant for Chinese readers has none of their letters, though it has sentences."""
    plain = _CODE.sub(" ", text)
    return not _HAN.search(plain) and len(_WORDS.findall(plain)) > FEW


def check_steps(
    notes: Notes, written: Iterable[WrittenStep], passed: Iterable[tuple[str, str]]
) -> Iterator[Finding]:
    """Each step that the simulator has, or that a boot passed, has its section where it is annotated."""
    told: set[tuple[str, str]] = set()
    for step in written:
        if _lacks(notes, step.function, step.slug):
            told.add((step.function, step.slug))
            yield Finding(
                step.path, step.line, "step", f"the annotation of {step.function} has no section {step.slug}"
            )
    for function, slug in passed:
        annotation = notes.get(function, "function")
        if annotation and _lacks(notes, function, slug) and (function, slug) not in told:
            yield Finding(notes.path(annotation), 1, "step", f"a boot passes {slug}, which is no section")


def _lacks(notes: Notes, function: str, slug: str) -> bool:
    """Whether a function is annotated, and no variant of the annotation has a section of that slug."""
    found = notes.find(function, "function")
    return bool(found) and not any(a.section(slug) for a in found)


def check_tree(notes: Notes, tree: Tree, facts: Facts, outcomes: Counter[str]) -> Iterator[Finding]:
    """Each hash against the tree's lines. `outcomes` counts how the annotations bind.

    Where the tree's text is another than v3.18's nothing is wrong with an annotation: it is counted only.
    """
    binder = Binder(tree, facts)

    @functools.cache
    def lines(file: str) -> tuple[list[str], bool]:
        text = text_of(tree, file) or ""
        fact = facts.files.get(file)
        split = text.split("\n")
        return split, bool(fact and ctext.digest(split[:-1]) == fact.sha256)

    for annotation in notes.english.values():
        excerpt = binder.bind(annotation)
        outcomes[excerpt.outcome.value] += 1
        path = notes.path(annotation)
        if excerpt.outcome is not Outcome.EXACT and lines(annotation.file)[1]:
            yield Finding(
                path,
                line_of(notes.root / annotation.source, "sha256"),
                "hash",
                f"{annotation.symbol} is {excerpt.outcome.value} in v3.18's own {annotation.file}",
            )
        if not excerpt.outcome.holds:
            continue
        own = lines(excerpt.file)[0][excerpt.span.start - 1 : excerpt.span.end]
        for section in annotation.sections:
            if section.lines and section.digest != _digest(own, section):
                yield Finding(
                    path,
                    section.at,
                    "hash",
                    f"lines {section.lines} of {annotation.symbol} are not those of {section.slug}",
                )


def _digest(lines: list[str], section: Section) -> str:
    assert section.lines
    return ctext.digest(lines[section.lines.start - 1 : section.lines.end])[:SHORT]
