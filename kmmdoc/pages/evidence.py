"""The page about evidence: every recorded boot held against its simulation, when the page is made."""

from __future__ import annotations

import json
import re
import tomllib
from collections import Counter
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from kmmdoc.evidence.compare import Difference, Score, scope
from kmmdoc.evidence.recorded import bundled_records, bundled_sequences
from kmmdoc.evidence.verify import Verified, verify
from kmmdoc.lab.record import read_record
from kmmdoc.lab.replay import prepare
from kmmdoc.model.graph import Cell, Table, function
from kmmdoc.model.quantities import size_text
from kmmdoc.pages.site import Site

SHOWN = 80
"""Characters of a value that a table shows."""


@lru_cache(maxsize=1)
def verified() -> tuple[Verified, ...]:
    """The bundled records, each held against its simulation. Takes seconds; done once a process."""
    with bundled_records() as folders:
        return tuple(verify(folder) for folder in folders)


@dataclass(frozen=True, slots=True)
class Sequence:
    """A recorded sequence of allocator calls, made again: how many of its calls left the recorded state."""

    name: str
    machine: str
    purpose: str
    equal: int
    compared: int


@lru_cache(maxsize=1)
def sequences() -> tuple[Sequence, ...]:
    """The bundled sequences, made again. Takes seconds; done once a process."""
    with bundled_sequences() as paths:
        return tuple(map(_sequence, paths))


def _sequence(path: Path) -> Sequence:
    record = read_record(path)
    replay = prepare(record)
    equal = sum(not step.differences for step in replay.steps()) if not replay.start else 0
    return Sequence(record.name, record.machine, record.purpose, equal, len(record.steps))


def _ratio(score: Score | None) -> str:
    return "" if score is None else f"{score.equal:,}/{score.compared:,}"


def _sum(scores: list[Score]) -> Score | None:
    if not scores:
        return None
    return Score(sum(score.equal for score in scores), sum(score.compared for score in scores))


def _label(stage: str, section: str) -> str:
    """The name of a section; of a part of the log or of the calls, with what it is a part of."""
    return f"{stage}: {section}" if stage in ("log", "calls") else section


def percent(equal: int, compared: int) -> str:
    """A share, never rounded up to the whole.

    >>> percent(3, 3), percent(99999, 100000), percent(1, 3)
    ('100', '99.999', '33.333')
    """
    if equal == compared:
        return "100"
    return f"{100_000 * equal // compared / 1000:.3f}"


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


@lru_cache(maxsize=1)
def _causes() -> list[tuple[re.Pattern[str], re.Pattern[str], str]]:
    entries = tomllib.loads((files("kmmdoc.evidence") / "reasons.toml").read_text(encoding="utf-8"))["reason"]
    return [(re.compile(e["section"]), re.compile(e["path"]), e["cause"]) for e in entries]


def cause(difference: Difference) -> str:
    """What is known to cause a difference, "other" where nothing is."""
    subject = difference.function if difference.section == "order" else difference.path
    for section, path, name in _causes():
        if section.fullmatch(difference.section) and path.search(subject):
            return name
    return "other"


@dataclass
class Evidence:
    """What the page shows, in the language of the site."""

    site: Site

    @cached_property
    def results(self) -> tuple[Verified, ...]:
        """Every boot with its scores."""
        return verified()

    @property
    def equal(self) -> int:
        return sum(result.equal for result in self.results)

    @property
    def compared(self) -> int:
        return sum(result.compared for result in self.results)

    @property
    def percent(self) -> str:
        return percent(self.equal, self.compared)

    @property
    def stages(self) -> int:
        """In how many snapshots at most of a boot something is compared."""
        return max(sum(stage not in ("log", "calls") for stage, _ in r.stages()) for r in self.results)

    @property
    def differences(self) -> list[tuple[Verified, Difference]]:
        return [(result, d) for result in self.results for d in result.differences]

    @property
    def unseen(self) -> list[str]:
        """Functions of recorded call sequences that the simulation does not have."""
        names = {d.function for _, d in self.differences if (d.section, d.predicted) == ("counts", 0)}
        return sorted(names - self.site.simulated.keys())

    @property
    def left_out(self) -> list[str]:
        """Keys of snapshots that are not compared. Of the globals those that scope.toml lists are."""
        return sorted({*scope()["ignore"]} - {"globals", "stage"})

    def _words(self, *keys: str) -> tuple[str, ...]:
        return tuple(self.site.words(f"evidence.{key}") for key in keys)

    def machines(self) -> Table:
        """A line for each boot."""
        usual = Counter(word for r in self.results for word in set(r.command_line.split()))
        common = {word for word, n in usual.items() if n > len(self.results) // 2}
        keys = (
            "machine",
            "memory",
            "cpus",
            "nodes",
            "log",
            "memblock",
            "callers",
            "values",
            "calls",
            "options",
        )
        rows = tuple(self._machine(result, common) for result in self.results)
        return Table(
            "machines",
            self._words(*keys),
            rows,
            self._words("machines")[0],
            frozenset(range(1, len(keys) - 1)),
        )

    def _machine(self, result: Verified, common: set[str]) -> tuple[Cell, ...]:
        scores = result.scores
        missing = self._words("not-recorded")[0]
        values = _sum([score for (stage, _), score in scores.items() if stage not in ("log", "calls")])
        calls = _sum([score for (stage, _), score in scores.items() if stage == "calls"])
        found = [*(scores.get(("log", name)) for name in ("dmesg", "memblock", "callers")), values, calls]
        options = [word for word in result.command_line.split() if word not in common]
        machine = result.machine
        return (
            Cell(result.name),
            Cell(size_text(machine.ram_bytes)),
            Cell(str(machine.present_cpus)),
            Cell(str(machine.nodes)),
            *(Cell(_ratio(score) or missing) for score in found),
            Cell(" ".join(options)),
        )

    def sections(self) -> Table:
        """A line for each section, summed over boots and stages."""
        order = dict.fromkeys(_label(*key) for result in self.results for key in result.scores)
        rows = []
        for name in order:
            pairs = [
                (k[0], score) for r in self.results for k, score in r.scores.items() if _label(*k) == name
            ]
            total = _sum([score for _, score in pairs]) or Score()
            stages = len({stage for stage, _ in pairs})
            cells = (name, str(stages), f"{total.equal:,}", f"{total.compared:,}")
            rows.append(tuple(map(Cell, cells)))
        header = self._words("section", "stages-with", "equal", "compared")
        return Table("sections", header, tuple(rows), self._words("sections")[0], frozenset({1, 2, 3}))

    def by_stage(self) -> Table:
        """A line for each stage, summed over the boots."""
        return self._by_stage("by-stage", "stages", [result.scores for result in self.results])

    def later(self) -> Table:
        """The same for what is not compared, because other subsystems had a hand in it."""
        return self._by_stage("later", "later", [result.beyond for result in self.results])

    def _by_stage(self, name: str, title: str, scores: list[dict[tuple[str, str], Score]]) -> Table:
        order = dict.fromkeys(stage for found in scores for stage, _ in found)
        rows = []
        for stage in order:
            here = [(n, score) for found in scores for (s, n), score in found.items() if s == stage]
            total = _sum([score for _, score in here]) or Score()
            names = ", ".join(dict.fromkeys(section for section, _ in here))
            rows.append(tuple(map(Cell, (stage, f"{total.equal:,}", f"{total.compared:,}", names))))
        header = self._words("stage", "equal", "compared", "parts")
        return Table(name, header, tuple(rows), self._words(title)[0], frozenset({1, 2}))

    def sequences(self) -> Table:
        """A line for each sequence of calls. What it is for is told in English, as it was recorded."""
        english = self.site.language == "en"
        rows = tuple(
            tuple(
                map(Cell, (s.name, s.machine, f"{s.equal}/{s.compared}", *([s.purpose] if english else [])))
            )
            for s in sequences()
        )
        header = self._words("sequence", "machine", "steps", *(["purpose"] if english else []))
        return Table("sequences", header, rows, self._words("sequences")[0], frozenset({2}))

    def differing(self) -> Table:
        """A line for each difference."""
        rows = tuple(
            (
                Cell(result.name),
                Cell(" ".join((d.stage, d.section, d.path))),
                Cell(_shown(d.recorded)),
                Cell(_shown(d.predicted)),
                Cell(d.function, function(d.function.partition(" ")[0]) if d.function else ""),
                Cell(self._words(f"reason-{cause(d)}")[0]),
            )
            for result, d in self.differences
        )
        header = self._words("machine", "where", "recorded", "predicted", "function", "cause")
        return Table("differing", header, rows, self._words("differs")[0])
