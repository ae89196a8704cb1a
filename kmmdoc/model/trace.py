"""The record of what ran: events in order, and the call tree they make.

A trace is one flat list. While a boot runs, nothing but appends happen; everything else here is a
reading of that list afterwards. `repeat` marks stand for loops that were not iterated: what lies
between a mark and its end happened `n` times in the same way (a run of equal page blocks, say).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple


class KernelRef(NamedTuple):
    """A function of the kernel: the file that defines it and its name."""

    file: str
    name: str

    def __str__(self) -> str:
        return f"{self.name} ({self.file})"


class Call(NamedTuple):
    """A kernel function was entered. `args` holds its integer and text arguments by name order."""

    ref: KernelRef
    args: tuple[Any, ...]


class Return(NamedTuple):
    """The innermost function returned `value` (an int, a text or None; structures are not kept)."""

    value: Any


class Step(NamedTuple):
    """A named point inside a function was passed; annotations refer to it by `slug`."""

    slug: str
    values: tuple[tuple[str, Any], ...]


class Printk(NamedTuple):
    """A line, or with level "" a continuation of the last one, went to the log."""

    level: str
    text: str


class Reserve(NamedTuple):
    """memblock took bytes `[base, base + size)` out of the free memory."""

    base: int
    size: int


class Release(NamedTuple):
    """memblock gave bytes `[base, base + size)` back to the free memory."""

    base: int
    size: int


class PagesAllocated(NamedTuple):
    """The buddy system handed out `nr` pages from `pfn` on."""

    pfn: int
    nr: int


class PagesFreed(NamedTuple):
    """`nr` pages from `pfn` on came (back) to the buddy system."""

    pfn: int
    nr: int


class Repeat(NamedTuple):
    """What follows, up to the matching RepeatEnd, happened `n` times."""

    n: int


class RepeatEnd(NamedTuple):
    """End of the innermost Repeat."""


Event = Call | Return | Step | Printk | Reserve | Release | PagesAllocated | PagesFreed | Repeat | RepeatEnd


@dataclass(slots=True)
class CallNode:
    """One call, or `count` equal calls in a row, of the tree. `at` is the index of its event in the trace."""

    ref: KernelRef
    at: int
    end: int = -1
    count: int = 1
    args: tuple[Any, ...] = ()
    value: Any = None
    children: list[CallNode] = field(default_factory=list)

    def walk(self, depth: int = 0) -> Iterator[tuple[int, CallNode]]:
        """This node and all below it, in order, with their depth."""
        yield depth, self
        for child in self.children:
            yield from child.walk(depth + 1)

    def shape(self) -> tuple[Any, ...]:
        """What makes two neighbours the same: the function and the shapes of what it called."""
        return (self.ref, tuple(c.shape() for c in self.children))


def call_tree(events: list[Event]) -> list[CallNode]:
    """The calls of a trace as trees, one node a call, `count` multiplied by the repeats around it."""
    roots: list[CallNode] = []
    stack: list[CallNode] = []
    times = [1]
    for at, event in enumerate(events):
        kind = type(event)
        if kind is Call:
            node = CallNode(event.ref, at, count=times[-1], args=event.args)  # type: ignore[union-attr]
            (stack[-1].children if stack else roots).append(node)
            stack.append(node)
        elif kind is Return:
            node = stack.pop()
            node.end, node.value = at, event.value  # type: ignore[union-attr]
        elif kind is Repeat:
            times.append(times[-1] * event.n)  # type: ignore[union-attr]
        elif kind is RepeatEnd:
            times.pop()
    for node in stack:  # a panic leaves calls open
        node.end = len(events)
    return roots


def fold(node: CallNode) -> CallNode:
    """The same tree with equal neighbours made one node whose `count` is their sum.

    Two neighbours are equal when they are calls of one function and everything they called, folded,
    is of one shape; the counts below are added up position by position.
    """
    folded: list[CallNode] = []
    for child in node.children:
        new = fold(child)
        if folded and folded[-1].shape() == new.shape():
            _add(folded[-1], new)
        else:
            folded.append(new)
    return CallNode(node.ref, node.at, node.end, node.count, node.args, node.value, folded)


def _add(into: CallNode, other: CallNode) -> None:
    into.count += other.count
    into.end = other.end
    for a, b in zip(into.children, other.children, strict=True):
        _add(a, b)


def dmesg(events: list[Event], *, console_level: int | None = None) -> list[str]:
    """The log lines of a trace, without time stamps: continuations joined to the line they continue.

    `console_level` drops what a console at that level would not show; None keeps every line.
    """
    lines: list[str] = []
    open_line = False
    for event in events:
        if type(event) is not Printk:
            continue
        if console_level is not None and event.level.isdigit() and int(event.level) >= console_level:
            continue
        parts = event.text.split("\n")
        if open_line and event.level in ("", "c"):
            lines[-1] += parts[0]
        else:
            lines.append(parts[0])
        lines.extend(parts[1:])
        open_line = not event.text.endswith("\n")
        if not open_line:
            lines.pop()
    return lines
