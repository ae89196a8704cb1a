"""The call tree as people read it: the part between two stages, equal callees of one caller joined."""

from __future__ import annotations

from dataclasses import dataclass, field

from kmmdoc.model.run import Run
from kmmdoc.model.trace import Call, CallNode, KernelRef


@dataclass(slots=True)
class Called:
    """A function below one caller: how often it was called there, and what all those calls called.

    `at` is the trace index of the first call. `context` marks a function that was entered before the part
    of the trace that is looked at.
    """

    ref: KernelRef
    at: int
    count: int
    context: bool = False
    children: list[Called] = field(default_factory=list)

    @property
    def below(self) -> int:
        """Number of different places below this one in the tree."""
        return sum(1 + c.below for c in self.children)


def boundary(run: Run, stage: str) -> int:
    """Trace index where `stage` begins: a stop at a function's entry stands before that call."""
    at = run.snapshots[stage].at
    return at - 1 if 0 < at <= len(run.events) and type(run.events[at - 1]) is Call else at


def between(calls: list[CallNode], start: int, end: int) -> list[Called]:
    """The calls that overlap trace indexes `[start, end)`, merged; those entered earlier are context."""
    merged: dict[KernelRef, Called] = {}
    parts: dict[KernelRef, list[CallNode]] = {}
    for node in calls:
        if node.at >= end or node.end < start:
            continue
        context = node.at < start
        known = merged.get(node.ref)
        if known is None:
            known = merged[node.ref] = Called(node.ref, node.at, 0, context)
        if not context:
            known.count += node.count
            known.context = False
        parts.setdefault(node.ref, []).extend(node.children)
    for ref, called in merged.items():
        called.children = between(parts[ref], start, end)
    return [c for c in merged.values() if not c.context or c.children]


def trim_context(forest: list[Called]) -> tuple[list[KernelRef], list[Called]]:
    """The chain of context functions at the top that have only one way down, and what is below it.

    The innermost of the chain stays as the root of the forest.
    """
    path: list[KernelRef] = []
    while len(forest) == 1 and forest[0].context and len(forest[0].children) == 1:
        if not forest[0].children[0].context:
            break
        path.append(forest[0].ref)
        forest = forest[0].children
    return path, forest
