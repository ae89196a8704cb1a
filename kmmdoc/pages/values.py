"""Values over the stages of a run: where each changed. For structures, and for any other named values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

FOLD = 7
"""Changes of one value that are listed; of more the first and the last ones are."""


class Change(NamedTuple):
    """From `stage` on the value is this. `left_out` changes before it are not listed."""

    stage: str
    value: Any
    left_out: int = 0


class History(NamedTuple):
    """A name and its values; the first change is the first stage that shows it."""

    name: str
    changes: tuple[Change, ...]

    def folded(self, most: int = FOLD) -> tuple[Change, ...]:
        """At most so many changes: the first ones and the last ones, which say how many are between."""
        count = len(self.changes) - most
        if count <= 0:
            return self.changes
        first = (most + 1) // 2
        after, *rest = self.changes[first + count :]
        return (*self.changes[:first], after._replace(left_out=count), *rest)


def histories(by_stage: Mapping[str, Mapping[str, Any]]) -> list[History]:
    """What changed when, from the values at each stage by name, stages in the order of the boot.

    A name that was there and that a stage lacks has the value None from then on. Names are in the order in
    which they first appear.
    """
    changes: dict[str, list[Change]] = {}
    for stage, values in by_stage.items():
        for name in changes.keys() - values.keys():
            if changes[name][-1].value is not None:
                changes[name].append(Change(stage, None))
        for name, value in values.items():
            known = changes.setdefault(name, [])
            if not known or known[-1].value != value:
                known.append(Change(stage, value))
    return [History(name, tuple(found)) for name, found in changes.items()]
