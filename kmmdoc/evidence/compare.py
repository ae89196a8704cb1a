"""A simulation held against a recorded boot: every leaf of every snapshot section, every line of a log."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from functools import lru_cache
from importlib.resources import files
from typing import Any

from kmmdoc.model.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Difference:
    """A leaf that differs: where, what was recorded, what was predicted ("nothing": it is absent)."""

    stage: str
    section: str
    path: str
    recorded: Any
    predicted: Any


@dataclass(slots=True)
class Score:
    """How much of something was predicted: `equal` of `compared`, and what differs."""

    equal: int = 0
    compared: int = 0
    differences: list[Difference] = field(default_factory=list)


@lru_cache(maxsize=1)
def scope() -> dict[str, Any]:
    """What is compared at which stage, from scope.toml beside this module."""
    return tomllib.loads((files(__package__) / "scope.toml").read_text())


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """The leaves of a JSON value with their paths; a list of plain values is one leaf."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            if key not in scope()["ignore"]:
                yield from leaves(item, f"{path}.{key}")
    elif isinstance(value, list) and any(isinstance(item, list | Mapping) for item in value):
        yield f"{path}.#", len(value)
        for i, item in enumerate(value):
            yield from leaves(item, f"{path}[{i}]")
    else:
        yield path, value


def _sections(stage: str, before_hand_over: bool) -> Iterable[str]:
    rules = scope()
    if stage in rules["stages"]:
        return list(rules["stages"][stage])
    return list(rules["early"]) if before_hand_over else []


def compare_snapshots(
    recorded: Mapping[str, Snapshot], predicted: Mapping[str, Snapshot]
) -> dict[tuple[str, str], Score]:
    """(stage, section) -> score, for every section of the scope that the record has."""
    scores: dict[tuple[str, str], Score] = {}
    early = True
    for stage, truth in recorded.items():
        ours = predicted.get(stage)
        for section in _sections(stage, early):
            if truth.get(section):
                got = ours.get(section) if ours else None
                scores[stage, section] = _compare(stage, section, truth[section], got)
        names = scope()["globals"].get(stage, ())
        if names:
            want = {name: truth["globals"].get(name) for name in names}
            have = {name: ours["globals"].get(name) for name in names} if ours and "globals" in ours else None
            scores[stage, "globals"] = _compare(stage, "globals", want, have)
        early = early and stage != scope()["last_early"]
    return scores


def _compare(stage: str, section: str, recorded: Any, predicted: Any) -> Score:
    want = dict(leaves(recorded))
    have = dict(leaves(predicted)) if predicted is not None else {}
    score = Score(compared=len(want))
    for path, value in want.items():
        if path in have and have[path] == value:
            score.equal += 1
        else:
            got = have.get(path, "nothing")
            score.differences.append(Difference(stage, section, path, value, got))
    for path in have.keys() - want.keys():
        if path.endswith(".#"):
            score.compared += 1
            score.differences.append(Difference(stage, section, path, "nothing", have[path]))
    return score


def compare_lines(recorded: list[str], predicted: list[str]) -> Score:
    """Lines in order; a line too many counts against the prediction as one that is missing does."""
    matcher = SequenceMatcher(None, recorded, predicted, autojunk=False)
    score = Score(compared=max(len(recorded), len(predicted)))
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag == "equal":
            score.equal += b - a
            continue
        want, have = recorded[a:b], predicted[c:d]
        for i in range(max(len(want), len(have))):
            left = want[i] if i < len(want) else "nothing"
            right = have[i] if i < len(have) else "nothing"
            score.differences.append(Difference("log", "lines", str(a + i + 1), left, right))
    return score


def memory_lines(lines: Iterable[str]) -> list[str]:
    """Those lines of a boot log that tell of memory, by the prefixes of scope.toml."""
    pattern = re.compile("|".join(scope()["memory_lines"]))
    return [line for line in lines if pattern.match(line)]
