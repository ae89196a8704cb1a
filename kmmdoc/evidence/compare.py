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
    """A leaf that differs: where, what was recorded, what was predicted ("nothing": it is absent).

    `function` is the kernel function responsible, as far as that is known (see `responsible`).
    """

    stage: str
    section: str
    path: str
    recorded: Any
    predicted: Any
    function: str = ""


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
            want = _section(truth, section)
            if want:
                got = _section(ours, section) if ours else None
                scores[stage, section] = _compare(stage, section, want, got)
        names = scope()["globals"].get(stage, ())
        if names:
            recorded_globals = truth.get("globals", {})
            want = {name: recorded_globals.get(name) for name in names}
            have = {name: ours["globals"].get(name) for name in names} if ours and "globals" in ours else None
            scores[stage, "globals"] = _compare(stage, "globals", want, have)
        early = early and stage != scope()["last_early"]
    return scores


def compare_beyond(
    recorded: Mapping[str, Snapshot], predicted: Mapping[str, Snapshot]
) -> dict[tuple[str, str], Score]:
    """(stage, section) -> how much is equal of what the scope leaves out, without the differences."""
    scores: dict[tuple[str, str], Score] = {}
    early = True
    for stage, truth in recorded.items():
        compared = {*_sections(stage, early), *scope()["ignore"]}
        early = early and stage != scope()["last_early"]
        ours = predicted.get(stage)
        for section in list(truth.keys()):
            if section not in compared and truth[section]:
                got = _compare(stage, section, truth[section], ours.get(section) if ours else None)
                scores[stage, section] = Score(got.equal, got.compared)
    return scores


def _section(snapshot: Snapshot, name: str) -> Any:
    """A section, or the part of section `nodes` that scope.toml gives that name."""
    part = scope()["parts"].get(name)
    if part is None:
        return snapshot.get(name)
    keep, percpu = part["zone"], part["percpu"]
    return [
        {
            "zones": [
                {key: z[key] for key in keep if key in z}
                | {"percpu": [{key: cpu.get(key) for key in percpu} for cpu in z.get("percpu", ())]}
                for z in node.get("zones", ())
            ]
        }
        for node in snapshot.get("nodes", ())
    ]


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


def compare_lines(recorded: list[str], predicted: list[str], name: str = "dmesg") -> Score:
    """Lines in order, as section `name` of stage `log`.

    A line too many counts against the prediction as one that is missing does.
    """
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
            score.differences.append(Difference("log", name, str(a + i + 1), left, right))
    return score


def memory_lines(lines: Iterable[str]) -> list[str]:
    """Those lines of a boot log that tell of memory, by the prefixes of scope.toml."""
    pattern = re.compile("|".join(scope()["memory_lines"]))
    return [line for line in lines if pattern.match(line)]


_BLOCK = re.compile(r"\s*_*memblock_")
_CALLER = re.compile(r"\s([A-Za-z_]\w*)(\.\w+)*(\+0x\w+/0x\w+)?$")


def memblock_lines(lines: Iterable[str]) -> list[str]:
    """Those lines that memblock=debug adds."""
    pattern = re.compile(scope()["memblock_lines"])
    return [line for line in lines if pattern.search(line) and "ommand line" not in line]


def without_caller(line: str) -> str:
    """A line of memblock=debug without the function that it names."""
    return _CALLER.sub("", line) if _BLOCK.match(line) else line


def caller_of(line: str) -> str:
    """The function that a line of memblock=debug names, without the offset in it."""
    found = _CALLER.search(line) if _BLOCK.match(line) else None
    return found[1] if found else ""


def compare_memblock(recorded: list[str], predicted: list[str]) -> tuple[Score, Score]:
    """(the lines of memblock=debug without callers, the callers of the lines that are equal)."""
    left, right = [without_caller(x) for x in recorded], [without_caller(x) for x in predicted]
    matcher = SequenceMatcher(None, left, right, autojunk=False)
    callers = Score()
    for block in matcher.get_matching_blocks():
        for a, b in zip(
            recorded[block.a : block.a + block.size], predicted[block.b : block.b + block.size], strict=True
        ):
            if caller_of(a):
                callers.compared += 1
                callers.equal += caller_of(a) == caller_of(b)
                if caller_of(a) != caller_of(b):
                    difference = Difference("log", "callers", without_caller(a), caller_of(a), caller_of(b))
                    callers.differences.append(difference)
    return compare_lines(left, right, "memblock"), callers
