"""A finished boot: what it started from, what happened, what it left."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from kmmdoc.model.scenario import Scenario
from kmmdoc.model.snapshot import Snapshot
from kmmdoc.model.trace import Call, CallNode, Event, Return, call_tree, dmesg

_PLAIN = (int, str, float, bytes, type(None))


def plain(value: Any) -> Any:
    """`value` as a trace keeps it: numbers and texts as they are, of a structure only what it is called.

    >>> plain(7), plain((1, None)), plain([1, 2])
    (7, (1, None), '<list>')
    """
    if isinstance(value, _PLAIN):
        return value
    if isinstance(value, tuple):
        return tuple(map(plain, value))
    name = getattr(value, "name", None)
    return f"<{type(value).__name__} {name}>" if isinstance(name, str) else f"<{type(value).__name__}>"


def _frozen(events: list[Event]) -> Iterator[Event]:
    for event in events:
        kind = type(event)
        if kind is Call:
            args = event.args  # type: ignore[union-attr]
            if not all(isinstance(arg, _PLAIN) for arg in args):
                event = Call(event.ref, tuple(map(plain, args)))  # type: ignore[union-attr]
        elif kind is Return and not isinstance(event.value, _PLAIN):  # type: ignore[union-attr]
            event = Return(plain(event.value))  # type: ignore[union-attr]
        yield event


@dataclass
class Run:
    """The record of one boot. `panic` is the message that ended it, or None.

    `recorded` are the events as the simulator appended them; readers use `events`, in which arguments
    and results are plain values and nothing of the simulator is left. `snapshots` are in the order they
    were taken, by stage name.
    """

    scenario: Scenario
    recorded: list[Event] = field(repr=False)
    snapshots: dict[str, Snapshot] = field(repr=False)
    panic: str | None = None

    @cached_property
    def events(self) -> list[Event]:
        """What happened, in order."""
        return list(_frozen(self.recorded))

    @cached_property
    def calls(self) -> list[CallNode]:
        """The call tree, not folded."""
        return call_tree(self.events)

    @cached_property
    def dmesg(self) -> list[str]:
        """The boot log, without time stamps."""
        return dmesg(self.recorded)
