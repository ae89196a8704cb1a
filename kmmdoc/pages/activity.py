"""What every function did in a run: a single reading of the trace."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from kmmdoc.model.excerpt import Excerpt
from kmmdoc.model.run import Run
from kmmdoc.model.trace import Call, KernelRef, Printk, Repeat, RepeatEnd, Return, Step

SAMPLES = 5
"""Calls of a function that are kept with arguments and result."""


@dataclass(slots=True)
class Sample:
    """One call: its trace index, arguments in order, result, and who made it."""

    at: int
    args: tuple[Any, ...]
    value: Any = None
    caller: KernelRef | None = None


@dataclass(slots=True)
class Activity:
    """A function in a run. `lines` are indexes into `Trace.lines`."""

    ref: KernelRef
    first: int
    calls: int = 0
    callers: Counter[KernelRef] = field(default_factory=Counter)
    callees: Counter[KernelRef] = field(default_factory=Counter)
    samples: list[Sample] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    steps: Counter[str] = field(default_factory=Counter)
    """Slug of a named step in it -> how often it was passed."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the boot log, the trace index of its first piece, and the function that printed it."""

    text: str
    at: int
    function: KernelRef | None


@dataclass(slots=True)
class Trace:
    """The reading of a whole trace: functions by name in order of their first call, and the log."""

    functions: dict[str, Activity]
    lines: list[Line]


def read_trace(run: Run) -> Trace:
    """Read `run`'s events once."""
    functions: dict[str, Activity] = {}
    stack: list[tuple[KernelRef, Sample | None]] = []
    times = [1]
    log = _Log()
    for at, event in enumerate(run.events):
        if isinstance(event, Call):
            caller = stack[-1][0] if stack else None
            stack.append((event.ref, _enter(functions, event, at, caller, times[-1])))
        elif isinstance(event, Return):
            _, sample = stack.pop()
            if sample is not None:
                sample.value = event.value
        elif isinstance(event, Printk):
            log.add(event, at, stack[-1][0] if stack else None)
        elif isinstance(event, Step):
            if stack:
                functions[stack[-1][0].name].steps[event.slug] += times[-1]
        elif isinstance(event, Repeat):
            times.append(times[-1] * event.n)
        elif isinstance(event, RepeatEnd):
            times.pop()
    for number, line in enumerate(log.lines):
        if line.function and line.function.name in functions:
            functions[line.function.name].lines.append(number)
    return Trace(functions, log.lines)


def line_counts(excerpt: Excerpt, activity: Activity) -> dict[int, int]:
    """How often lines of a function's text ran: line as in `excerpt.span` -> times, where that is known.

    A line is known by the calls that it makes, if the function calls that name nowhere else, and the first
    line of a range by the step that the simulator passes there.
    """
    called = {ref.name: times for ref, times in activity.callees.items()}
    places: dict[str, set[int]] = {}
    for line, name in excerpt.calls:
        places.setdefault(name, set()).add(line)
    counts: dict[int, int] = {}
    for name, lines in places.items():
        if name in called and len(lines) == 1:
            line = min(lines)
            counts[line] = max(counts.get(line, 0), called[name])
    for bound in excerpt.ranges:
        if bound.lines and bound.section.slug in activity.steps:
            counts[bound.lines.start] = activity.steps[bound.section.slug]
    return dict(sorted(counts.items()))


def _enter(
    functions: dict[str, Activity], call: Call, at: int, caller: KernelRef | None, times: int
) -> Sample | None:
    entry = functions.get(call.ref.name)
    if entry is None:
        entry = functions[call.ref.name] = Activity(call.ref, at)
    entry.calls += times
    if caller is not None:
        entry.callers[caller] += times
        functions[caller.name].callees[call.ref] += times
    if len(entry.samples) >= SAMPLES:
        return None
    entry.samples.append(Sample(at, call.args, caller=caller))
    return entry.samples[-1]


class _Log:
    """Joins pieces of printk to lines, as `kmmdoc.model.trace.dmesg` does, and remembers who began each."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self._open = False

    def add(self, event: Printk, at: int, function: KernelRef | None) -> None:
        pieces = event.text.split("\n")
        if self._open and event.level in ("", "c"):
            last = self.lines[-1]
            self.lines[-1] = Line(last.text + pieces[0], last.at, last.function)
        else:
            self.lines.append(Line(pieces[0], at, function))
        self.lines.extend(Line(piece, at, function) for piece in pieces[1:])
        self._open = not event.text.endswith("\n")
        if not self._open:
            self.lines.pop()
