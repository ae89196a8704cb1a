"""How much of what runs is annotated."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from kmmdoc.excerpts.check.finding import Finding
from kmmdoc.excerpts.check.members import Explained
from kmmdoc.excerpts.check.notes import Notes
from kmmdoc.excerpts.check.passed import Passed, WrittenStep, place_of, simulated_names
from kmmdoc.excerpts.facts import Facts
from kmmdoc.linux.readers.globals import SHOWN
from kmmdoc.model.excerpt import Annotation

DEEP = 2
"""Ranges of lines that an annotation explains one by one to count as in depth."""
AGGREGATES = ("struct", "union", "typedef")
CONSTANTS = ("macro", "enum")


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table. `of` is how many there are, None where that is not the question; so `deep`."""

    what: str
    of: int | None
    annotated: int
    deep: int | None
    both: int


@dataclass
class Coverage:
    """The table and the lists behind it."""

    rows: list[Row] = field(default_factory=list)
    beyond: dict[str, list[str]] = field(default_factory=dict)
    """By file: functions that ran, of files of which there are no facts: they cannot be annotated."""
    structures: list[str] = field(default_factory=list)
    """Structures with a layout in the build that have no annotation."""
    unexplained: list[str] = field(default_factory=list)
    """Annotated structures of the build that have no file about their members."""
    globals: list[str] = field(default_factory=list)
    """Variables that snapshots show and no annotation is about."""
    steps: int = 0
    steps_passed: int = 0
    steps_left: list[str] = field(default_factory=list)
    """`function: slug` of those that no boot passed."""
    outcomes: dict[str, int] = field(default_factory=dict)
    """How many annotations bind to the tree in which way, most first."""
    tree: str = ""

    def add_members(self, counted: Explained) -> None:
        """A row about the members of the build's annotated structures."""
        n = counted.explained
        self.rows.append(Row("members explained", counted.members, n, None, n))
        self.unexplained = list(counted.structures)


def measure(notes: Notes, passed: Passed, written: Iterable[WrittenStep], facts: Facts) -> Coverage:
    """Count."""
    coverage = Coverage()
    ran, within = [], 0
    for ref in passed.functions:
        if facts.variants(ref.name, ref.file, "function") or notes.get(ref.name, "function"):
            within += 1
            ran += notes.find(ref.name, "function", ref.file)[:1] or notes.find(ref.name, "function")[:1]
        else:
            coverage.beyond.setdefault(ref.file, []).append(ref.name)
    functions = [a for a in notes.english.values() if a.kind == "function"]
    structs = [a for a in notes.english.values() if a.kind in AGGREGATES]
    layouts = [name for name in passed.build.structs if _known(name, facts)] if passed.build else []
    coverage.structures = sorted(set(layouts) - {a.symbol for a in structs})
    coverage.rows = [
        _row("functions that ran", within, ran, notes),
        _row("all functions", None, functions, notes),
        _row("structures of the build", len(layouts), [a for a in structs if a.symbol in layouts], notes),
        _row("all structures", None, structs, notes),
    ]
    coverage.globals = _variables(notes, facts, coverage.rows)
    constants = [a for a in notes.english.values() if a.kind in CONSTANTS]
    coverage.rows.append(_row("families of macros and constants", None, constants, notes))
    steps = list(written)
    done = passed_of(steps, passed)
    coverage.steps, coverage.steps_passed = len(steps), len(done)
    coverage.steps_left = [f"{s.function}: {s.slug}" for s in steps if s not in done]
    return coverage


def _variables(notes: Notes, facts: Facts, rows: list[Row]) -> list[str]:
    """Add the rows about variables; returns those that snapshots show and no annotation is about."""
    variables = [a for a in notes.english.values() if a.kind == "variable"]
    named = {a.symbol: {s.name for s in facts.covered(a) if s.kind == "variable"} for a in variables}
    told: set[str] = set().union(*named.values())
    shown = {name for name in SHOWN if facts.variants(name, kind="variable")}
    of_shown = [a for a in variables if named[a.symbol] & shown]
    rows.append(_row("variables that snapshots show", len(shown), of_shown, notes, len(told & shown)))
    rows.append(_row("all variables", None, variables, notes, len(told)))
    return sorted(shown - told)


def passed_of(written: Iterable[WrittenStep], passed: Passed) -> list[WrittenStep]:
    """Those steps that a boot passed. What a helper passes is recorded as its caller's."""
    kernel, slugs = simulated_names(), {slug for _, slug in passed.steps}
    return [
        step
        for step in written
        if (step.function, step.slug) in passed.steps or (step.function not in kernel and step.slug in slugs)
    ]


def missing(notes: Notes, passed: Passed, facts: Facts) -> Iterator[Finding]:
    """Every function that ran and that could be annotated, but is not."""
    for ref, machine in passed.functions.items():
        known = facts.variants(ref.name, ref.file, "function")
        if known and not notes.get(ref.name, "function"):
            path, line = place_of(ref.name)
            text = f"{ref.name} runs on {machine}; {known[0].file}:{known[0].span} has no annotation"
            yield Finding(path, line, "unannotated", text)


def _known(name: str, facts: Facts) -> bool:
    return any(facts.variants(name, kind=kind) for kind in AGGREGATES)


def _row(
    what: str, of: int | None, annotations: list[Annotation], notes: Notes, names: int | None = None
) -> Row:
    """A row; `names` is how many symbols the annotations are about, if not one each."""
    keys = {(a.file, a.symbol, a.tag): a for a in annotations}
    deep = sum(sum(bool(s.lines) for s in a.sections) >= DEEP for a in annotations)
    both = sum(key in notes.chinese and not notes.chinese[key].stale for key in keys)
    if names is not None:  # several variables share an annotation
        return Row(what, of, names, None, names if both == len(keys) else both)
    return Row(what, of, len({a.symbol for a in annotations}), deep, both)
