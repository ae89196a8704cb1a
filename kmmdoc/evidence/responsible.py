"""Which kernel function is responsible for a value or a line, as far as the trace of the simulation tells.

For a line of the log it is the function that printed it, or where the simulation did not print it, the one
that printed the line most like it. For a value of a snapshot, writers.toml lists the functions that write
there; the one that ran last before the snapshot is named.

Simplified: the trace holds calls, not stores, so of two functions that write to the same structure the
later one is named even where the other wrote the value in question.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_left
from functools import lru_cache
from importlib.resources import files

from kmmdoc.model.run import Run
from kmmdoc.model.trace import Call, Printk, Return

Patterns = list[tuple[re.Pattern[str], list[str]]]

_DIGITS = re.compile(r"0x[0-9a-f]+|\d+")


@lru_cache(maxsize=1)
def writers() -> dict[str, Patterns]:
    """Section -> (pattern of paths, functions that write there), from writers.toml beside this module."""
    data = tomllib.loads((files(__package__) / "writers.toml").read_text(encoding="utf-8"))
    return {
        section: [(re.compile(pattern), names) for pattern, names in table.items()]
        for section, table in data.items()
    }


class Responsible:
    """Answers for one run."""

    def __init__(self, run: Run) -> None:
        self._calls: dict[str, list[tuple[int, str]]] = {}
        self._printed: dict[str, str] = {}
        self._like: dict[str, str] = {}
        self._ends = {name: snapshot.at for name, snapshot in run.snapshots.items()}
        self._read(run)

    def _read(self, run: Run) -> None:
        stack: list[str] = []
        line = ""
        for at, event in enumerate(run.recorded):
            if isinstance(event, Call):
                self._calls.setdefault(event.ref.name, []).append((at, stack[-1] if stack else ""))
                stack.append(event.ref.name)
            elif isinstance(event, Return):
                stack.pop()
            elif isinstance(event, Printk):
                line += event.text
                *whole, line = line.split("\n")
                for text in whole:
                    self._printed.setdefault(text.rstrip(), stack[-1] if stack else "")
                    self._like.setdefault(_DIGITS.sub("#", text.rstrip()), stack[-1] if stack else "")

    def of_line(self, recorded: str, predicted: str) -> str:
        """The function of a line of the log; nothing where no line is like it."""
        for text in (predicted, recorded):
            name = self._printed.get(text) or self._like.get(_DIGITS.sub("#", text))
            if name:
                return name
        return ""

    def of_value(self, stage: str, section: str, path: str) -> str:
        """The function of a value in a snapshot, "writer (from caller)"; nothing where none is known."""
        end = self._ends.get(stage)
        for pattern, names in writers().get(section, ()):
            if pattern.search(path):
                found = [last for name in names if (last := self._last(name, end)) is not None]
                if found:
                    _, name, caller = max(found)
                    return f"{name} (from {caller})" if caller else name
        return ""

    def _last(self, name: str, end: int | None) -> tuple[int, str, str] | None:
        calls = self._calls.get(name, [])
        i = len(calls) if end is None else bisect_left(calls, (end, ""))
        return (calls[i - 1][0], name, calls[i - 1][1]) if i else None
