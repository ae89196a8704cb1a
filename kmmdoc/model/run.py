"""A finished boot: what it started from, what happened, what it left."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from kmmdoc.model.scenario import Scenario
from kmmdoc.model.snapshot import Snapshot
from kmmdoc.model.trace import CallNode, Event, call_tree, dmesg


@dataclass
class Run:
    """The record of one boot. `panic` is the message that ended it, or None.

    `snapshots` are in the order they were taken, by stage name.
    """

    scenario: Scenario
    events: list[Event]
    snapshots: dict[str, Snapshot]
    panic: str | None = None
    notes: list[str] = field(default_factory=list)

    @cached_property
    def calls(self) -> list[CallNode]:
        """The call tree, not folded."""
        return call_tree(self.events)

    @cached_property
    def dmesg(self) -> list[str]:
        """The boot log, without time stamps."""
        return dmesg(self.events)
