"""Everything that the pages of one run in one language are made of."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Container, Iterable
from dataclasses import dataclass, field
from functools import cached_property

from kmmdoc.excerpts.bind import Binder
from kmmdoc.excerpts.facts import v3_18
from kmmdoc.excerpts.simplified import said
from kmmdoc.excerpts.store import Annotations
from kmmdoc.excerpts.trees import Tree
from kmmdoc.ledger import Extent, Ledger, purposes
from kmmdoc.model.excerpt import Annotation, Excerpt, Span
from kmmdoc.model.folders import FOLDERS
from kmmdoc.model.run import Run
from kmmdoc.model.shot import Owned, Shot
from kmmdoc.model.trace import Call
from kmmdoc.model.words import Words, words
from kmmdoc.model.writes import Writes
from kmmdoc.pages.activity import Trace, read_trace
from kmmdoc.pages.chapters import Chapter, chapters
from kmmdoc.pages.simulator import Simulated, simulated
from kmmdoc.pages.written import Written, written
from kmmdoc.views.runs.timeline import Stretch
from kmmdoc.watch import watch

AGGREGATES = ("struct", "union", "typedef")
CONSTANTS = ("macro", "enum")
"""Kinds of symbols that have their pages below structs/ and macros/."""


@dataclass
class Site:
    """The pages of `run`. With `tree` they show the kernel's own lines beside the notes."""

    run: Run
    language: str = "en"
    tree: Tree | None = None
    annotations: Annotations = field(default_factory=Annotations)

    @cached_property
    def words(self) -> Words:
        return words(self.language)

    @cached_property
    def trace(self) -> Trace:
        return read_trace(self.run)

    @cached_property
    def chapters(self) -> list[Chapter]:
        """The chapters that the run came to."""
        return [c for c in chapters(self.language) if c.covers(self.run)]

    @cached_property
    def written(self) -> list[Written]:
        """The hand-written pages, which are about every run."""
        return written(self.language)

    @cached_property
    def ledger(self) -> Ledger:
        return Ledger(self.run)

    @cached_property
    def writes(self) -> Writes:
        """Who wrote which member of which structure; nothing for a run that was not simulated."""
        return watch(self.run.scenario) if self.run.recorded else {}

    @cached_property
    def binder(self) -> Binder:
        return Binder(self.tree)

    @cached_property
    def simulated(self) -> dict[str, Simulated]:
        return simulated()

    def simplified(self, name: str, text: str) -> str:
        """What a function, or the module of a path, simplifies: `text` in the site's language."""
        return said(name, text, self.language)

    @cached_property
    def annotated(self) -> dict[tuple[str, str], Annotation]:
        """(kind, symbol) -> its annotation; of variants the main one."""
        found: dict[tuple[str, str], Annotation] = {}
        for annotation in self.annotations.all(self.language):
            key = (annotation.kind, annotation.symbol)
            if key not in found or not annotation.tag:
                found[key] = annotation
        return found

    @cached_property
    def functions(self) -> list[str]:
        """Names of the functions that have a page: those that ran, and those that have notes."""
        noted = {symbol for kind, symbol in self.annotated if kind == "function"}
        return sorted(set(self.trace.functions) | noted)

    @cached_property
    def structs(self) -> list[str]:
        """Names of the structures that have a page."""
        noted = {symbol for kind, symbol in self.annotated if kind in AGGREGATES}
        return sorted(set(self.run.scenario.build.structs) | noted)

    @cached_property
    def variables(self) -> list[Annotation]:
        """The notes on global variables, by file and line."""
        return sorted((a for (kind, _), a in self.annotated.items() if kind == "variable"), key=_by_place)

    @cached_property
    def families(self) -> list[Annotation]:
        """The notes on macros and constants, by file and line."""
        return sorted((a for (kind, _), a in self.annotated.items() if kind in CONSTANTS), key=_by_place)

    @cached_property
    def global_pages(self) -> dict[str, str]:
        """Variable -> the symbol whose page is about it."""
        return _members(self.variables, ("variable",))

    @cached_property
    def macro_pages(self) -> dict[str, str]:
        """Macro or constant -> the symbol whose page is about it."""
        found = _members(self.families, (*CONSTANTS, "constant", "function", "typedef"))
        return {name: page for name, page in found.items() if name not in self.function_names}

    @cached_property
    def function_names(self) -> frozenset[str]:
        """`functions` as a set."""
        return frozenset(self.functions)

    @cached_property
    def struct_names(self) -> frozenset[str]:
        """`structs` as a set."""
        return frozenset(self.structs)

    @cached_property
    def documents(self) -> frozenset[str]:
        """Names of all documents."""
        names = {"index", "machine", "log", "evidence", "simplified", "glossary"}
        names.update(f"{folder}/index" for folder in FOLDERS.values())
        names.update(c.docname for c in self.chapters)
        names.update(page.slug for page in self.written)
        names.update(f"functions/{name}" for name in self.functions)
        names.update(f"structs/{name}" for name in self.structs)
        names.update(f"globals/{a.symbol}" for a in self.variables)
        names.update(f"macros/{a.symbol}" for a in self.families)
        return frozenset(names)

    def known(self, target: str) -> bool:
        """Whether a figure's target has a page."""
        kind, _, name = target.partition(":")
        name = name.partition("#")[0]
        return (f"{FOLDERS[kind]}/{name}" if kind in FOLDERS else name) in self.documents

    def annotation(self, name: str, *kinds: str) -> Annotation | None:
        """The notes on a symbol of one of the kinds."""
        return next((a for kind in kinds if (a := self.annotated.get((kind, name)))), None)

    def excerpt(self, name: str, *kinds: str, file: str | None = None) -> Excerpt | None:
        """Notes and, with a tree, the text of a symbol; None if even the facts do not know it."""
        annotation = self.annotation(name, *kinds)
        if annotation is not None:
            return self.binder.bind(annotation)
        for kind in kinds:
            fact = v3_18().find(name, file, kind) or v3_18().find(name, None, kind)
            if fact is not None:
                return self.binder.bind_fact(fact)
        return None

    @cached_property
    def _starts(self) -> list[int]:
        return [c.span(self.run)[0] for c in self.chapters]

    def chapter_at(self, at: int) -> Chapter | None:
        """The chapter in which the event of that index lies."""
        i = bisect_right(self._starts, at) - 1
        return self.chapters[i] if 0 <= i < len(self.chapters) else None

    def stretches(self) -> list[Stretch]:
        """The chapters on the trace, for the timeline."""
        calls = [0] * len(self.chapters)
        spans = [c.span(self.run) for c in self.chapters]
        counts = _call_counts(self.run)
        for i, (start, end) in enumerate(spans):
            calls[i] = counts[min(end, len(counts) - 1)] - counts[min(start, len(counts) - 1)]
        return [
            Stretch(f"{c.number} {c.title}", c.docname, *span, n)
            for c, span, n in zip(self.chapters, spans, calls, strict=True)
        ]

    def purpose(self, extent: Extent) -> str:
        """What an extent is for, in this language."""
        if extent.owner is None:
            return ""
        titles = purposes().get(extent.owner.purpose, {})
        return str(titles.get(self.language) or titles.get("en") or extent.owner.purpose)

    def owners(self, stage: str) -> tuple[Owned, ...]:
        """Who holds which memory at `stage`; nothing for a run without a trace."""
        if not self.run.events or "memblock" not in self.run.snapshots[stage]:
            return ()
        held: list[Owned] = []
        for extent in self.ledger.holdings(stage):
            if extent.owner is None:
                continue
            title = self.purpose(extent)
            if held and held[-1].end == extent.start and held[-1].title == title:
                held[-1] = Owned(held[-1].start, extent.end, title, held[-1].function)
            else:
                held.append(Owned(extent.start, extent.end, title, extent.owner.ref.name))
        return tuple(held)

    def shot(self, now: str, before: str | None = None, **options: str) -> Shot | None:
        """The input of a view at stage `now`; None where the run never came there."""
        if now not in self.run.snapshots:
            return None
        earlier = self.run.snapshots.get(before) if before else None
        build = self.run.scenario.build
        return Shot(self.run.snapshots[now], earlier, self.words, build, self.owners(now), options)


def _by_place(annotation: Annotation) -> tuple[str, Span]:
    return annotation.file, annotation.span


def _members(annotations: Iterable[Annotation], kinds: Container[str]) -> dict[str, str]:
    """Each symbol of these kinds that the annotations are about -> the symbol that has the page."""
    annotations = list(annotations)
    found = {a.symbol: a.symbol for a in annotations}
    for a in annotations:
        for fact in v3_18().covered(a):
            if fact.kind in kinds:
                found.setdefault(fact.name, a.symbol)
    return found


def _call_counts(run: Run) -> list[int]:
    """Number of Call events before each index of the trace."""
    counts = [0]
    for event in run.events:
        counts.append(counts[-1] + (type(event) is Call))
    return counts
