"""What a figure is drawn from: a snapshot, perhaps an earlier one to compare with, and the words to use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from kmmdoc.model.scenario import KernelBuild
from kmmdoc.model.snapshot import Snapshot
from kmmdoc.model.words import Words, words


@dataclass(frozen=True, slots=True)
class Owned:
    """Bytes `[start, end)` of memory with what they are for; `function` asked for them."""

    start: int
    end: int
    title: str
    function: str = ""


@dataclass(frozen=True, slots=True)
class Shot:
    """The input of a view. `before` has the sections that the view needs, or is None.

    `owners` are ascending; empty where nobody knows. `options` are the figure's own, as a page gives them.
    """

    now: Snapshot
    before: Snapshot | None = None
    words: Words = field(default_factory=words)
    build: KernelBuild | None = None
    owners: tuple[Owned, ...] = ()
    options: Mapping[str, str] = field(default_factory=dict)

    def without_before(self) -> Shot:
        """The same without anything to compare with."""
        return replace(self, before=None)
