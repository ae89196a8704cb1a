"""Proves what can be proved about annotations and prose, with nothing but the facts, or with a tree.

`check` gives findings, each with its file, line and kind (see `finding.KINDS`), and the coverage.

Simplified: what a text says about the kernel is not understood. That names exist, that places are there
and that hashes hold does not make a statement true.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from kmmdoc.excerpts import simplified
from kmmdoc.excerpts.check import prose
from kmmdoc.excerpts.check.copied import KernelText
from kmmdoc.excerpts.check.coverage import Coverage, measure, missing
from kmmdoc.excerpts.check.finding import Finding, of_error, relative
from kmmdoc.excerpts.check.members import check_members, explained
from kmmdoc.excerpts.check.notes import Notes, check_steps, check_translations, check_tree, read_notes
from kmmdoc.excerpts.check.passed import (
    PACKAGE,
    Passed,
    WrittenStep,
    boot_all,
    bundled_scenarios,
    simulated_names,
    written_steps,
)
from kmmdoc.excerpts.facts import Facts, v3_18
from kmmdoc.excerpts.members import SUFFIX as MEMBERS
from kmmdoc.excerpts.trees import Tree

PROSE = ("docs/chapters/*.md", "templates/**/*.md.j2", "templates/*.toml", "templates/strings/*.toml")
"""Texts for readers, besides the annotations."""
LINKED = ("*.md", "docs/**/*.md")


@dataclass(frozen=True)
class Project:
    """What is checked, annotations, docs and templates below a folder, and what they are held against."""

    root: Path = PACKAGE.parent
    annotations: Path | None = None
    """None: `linux-3.18-excerpts` of the root."""
    facts: Facts = field(default_factory=v3_18)
    tree: Tree | None = None
    steps: tuple[WrittenStep, ...] | None = None
    """None: what the simulator's source has."""

    @property
    def notes(self) -> Path:
        return self.annotations or self.root / "linux-3.18-excerpts"


@dataclass(frozen=True)
class Checked:
    """The outcome."""

    findings: tuple[Finding, ...]
    coverage: Coverage


def _quiet(_text: str) -> None:
    pass


def check(project: Project, passed: Passed | None = None, tell: Callable[[str], None] = _quiet) -> Checked:
    """Check everything. KmmdocError where there is nothing to check. `tell` hears what is being done.

    `passed` is what ran; None boots every bundled machine.
    """
    tell("reading annotations")
    notes = read_notes(project.notes, project.root, project.facts)
    passed = boot_all(bundled_scenarios(), tell) if passed is None else passed
    steps = tuple(written_steps()) if project.steps is None else project.steps
    tell("checking")
    coverage = measure(notes, passed, steps, project.facts)
    coverage.add_members(explained(notes, passed.build))
    found = [
        *notes.findings,
        *check_translations(notes),
        *check_steps(notes, steps, passed.steps),
        *check_members(notes, passed.build),
        *missing(notes, passed, project.facts),
        *_prose(project, passed),
        *_languages(project.root),
    ]
    if project.tree is not None:
        tell(f"comparing with {project.tree.label}")
        outcomes: Counter[str] = Counter()
        found += check_tree(notes, project.tree, project.facts, outcomes)
        found += _copied(project, project.tree, tell)
        coverage.outcomes, coverage.tree = dict(outcomes.most_common()), project.tree.label
    return Checked(tuple(sorted(set(found))), coverage)


def _texts(project: Project) -> Iterator[tuple[Path, str]]:
    """Every text for readers, with its file."""
    noted = sorted([*project.notes.rglob("*.md"), *project.notes.rglob("*" + MEMBERS)])
    for path in [*noted, *_files(project.root, PROSE)]:
        try:
            yield path, path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # reported where annotations are read


def _files(root: Path, patterns: tuple[str, ...]) -> list[Path]:
    return sorted({path for pattern in patterns for path in root.glob(pattern)})


def _prose(project: Project, passed: Passed) -> Iterator[Finding]:
    names = prose.Names(project.facts, simulated_names(), passed.build)
    for path, text in _texts(project):
        shown = relative(path, project.root)
        if path.suffix == ".toml":
            text = "\n".join("" if line.startswith("#") else line for line in text.split("\n"))
        if path.parent != project.notes:
            yield from prose.check_names(shown, text, names)
        yield from prose.check_places(shown, text, project.facts, project.tree)
        if path.is_relative_to(project.notes):
            yield from prose.check_links(path, text, project.root)
    for path in _files(project.root, LINKED):
        yield from prose.check_links(path, path.read_text(encoding="utf-8"), project.root)


def _languages(root: Path) -> Iterator[Finding]:
    """Chapters, templates and words in both languages."""
    for path in _files(root, ("docs/chapters/*.md",)):
        if not path.name.endswith(".zh.md"):
            yield from prose.check_pair(path, path.with_name(f"{path.stem}.zh.md"), root)
    chapters = root / "templates" / "chapters"
    for path in _files(chapters, ("en/*",)):
        yield from prose.check_pair(path, chapters / "zh_CN" / path.name, root)
    for path in _files(chapters, ("zh_CN/*",)):
        if not (chapters / "en" / path.name).exists():
            yield Finding(relative(path, root), 1, "untranslated", "there in Chinese only")
    words = root / "templates" / "strings"
    if words.is_dir():
        yield from prose.check_keys(words / "en.toml", words / "zh_CN.toml", root)
    for path in _files(root, ("templates/glossary.toml", "kmmdoc/owners.toml")):
        yield from prose.check_table(path, root)
    path = root / "templates" / "simplified.toml"
    if path.exists():
        for kind, error in simplified.problems(simplified.written(), path):
            yield of_error(error, root, kind)


def _copied(project: Project, tree: Tree, tell: Callable[[str], None]) -> Iterator[Finding]:
    tell("reading the tree's text")
    kernel = KernelText(tree, project.facts.files)
    tell("looking for the kernel's text")
    for path, text in _texts(project):
        yield from kernel.check(relative(path, project.root), text)


__all__ = ["Checked", "Finding", "Notes", "Project", "check"]
