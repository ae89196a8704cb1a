"""The notes that this project grew from, held against a run: what they claim, and their call tree.

The claims are `docs/notes/claims.toml`, the call tree `docs/notes/calls.txt`; both are the notes' own. The
answers are hand-written (`docs/chapters/10-notes.md`); what can be computed about them is computed here.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from kmmdoc.excerpts.facts import v3_18
from kmmdoc.model.errors import KmmdocError
from kmmdoc.model.run import Run
from kmmdoc.model.trace import CallNode
from kmmdoc.pages.written import DOCS

NOTES = DOCS / "notes"

SAME, THROUGH, ELSEWHERE, NOT_RUN = "=", "~", "≠", "∅"
"""Marks of a noted call: as noted; through functions that the notes leave out; another function calls it;
it never runs (a macro, or a function that the compiler put into its caller)."""

KINDS = ("path", "claim", "question", "todo", "source")


@dataclass(frozen=True, slots=True)
class Claim:
    """An entry of the notes: what they say, and what an answer has to tell beyond a verdict."""

    id: str
    kind: str
    says: str
    ask: str = ""
    seen: str = ""


@dataclass(slots=True)
class Noted:
    """A function where the notes' call tree has it; `file` is the one they name, or ""."""

    name: str
    file: str = ""
    children: list[Noted] = field(default_factory=list)

    def walk(self, above: tuple[Noted, ...] = ()) -> Iterator[tuple[tuple[Noted, ...], Noted]]:
        """This one and all below it, each with those above it, outermost first."""
        yield above, self
        for child in self.children:
            yield from child.walk((*above, self))


@dataclass(frozen=True, slots=True)
class Row:
    """A noted call and what the run has for it.

    `path` are the functions from the caller to the called one as executed (with SAME just these two, with
    NOT_RUN empty), `calls` how often the innermost of these calls happened, `file` where the called function
    is defined, `kind` what it is in the source if it did not run.
    """

    depth: int
    name: str
    mark: str
    path: tuple[str, ...] = ()
    calls: int = 0
    file: str = ""
    kind: str = ""


def claims(folder: Path = NOTES) -> list[Claim]:
    """Every claim, in the notes' order; KmmdocError where the file is not as it must be."""
    path = folder / "claims.toml"
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8"))["claim"]
        found = [Claim(**entry) for entry in entries]
    except (tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise KmmdocError(path, None, f"not a list of claims: {error}") from error
    for claim in found:
        if claim.kind not in KINDS:
            raise KmmdocError(path, claim.id, f"no such kind: {claim.kind}")
    return found


def noted_calls(folder: Path = NOTES) -> Noted:
    """The notes' call tree; KmmdocError where a line is indented under nothing."""
    path = folder / "calls.txt"
    stack: list[Noted] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        depth = (len(line) - len(line.lstrip())) // 2
        name, _, file = line.strip().partition(" ")
        noted = Noted(name, file)
        if depth > len(stack) or (stack and not depth):
            raise KmmdocError(path, number, "indented by two blanks under the caller, and one root")
        del stack[depth:]
        if stack:
            stack[-1].children.append(noted)
        stack.append(noted)
    if not stack:
        raise KmmdocError(path, None, "there is no call tree here")
    return stack[0]


class Executed:
    """Who called whom in a run, and how often."""

    def __init__(self, run: Run) -> None:
        self.calls: Counter[tuple[str, str]] = Counter()
        self.files: dict[str, str] = {}
        self.callees: dict[str, dict[str, None]] = {}
        self.callers: dict[str, dict[str, None]] = {}
        for root in run.calls:
            self._note(root)

    def _note(self, root: CallNode) -> None:
        todo = [root]
        while todo:
            node = todo.pop()
            self.files.setdefault(node.ref.name, node.ref.file)
            for child in node.children:
                self.calls[node.ref.name, child.ref.name] += child.count
                self.callees.setdefault(node.ref.name, {})[child.ref.name] = None
                self.callers.setdefault(child.ref.name, {})[node.ref.name] = None
            todo.extend(reversed(node.children))

    def path(self, caller: str, called: str) -> tuple[str, ...]:
        """The shortest way from one function down to another, both included; empty if there is none."""
        seen: dict[str, str | None] = {caller: None}
        queue = [caller]
        for name in queue:
            for callee in self.callees.get(name, ()):
                if callee == called:
                    way = [called]
                    at: str | None = name
                    while at is not None:
                        way.append(at)
                        at = seen[at]
                    return tuple(reversed(way))
                if callee not in seen:
                    seen[callee] = name
                    queue.append(callee)
        return ()


def compare(run: Run, noted: Noted) -> list[Row]:
    """Every call of the notes' tree with what `run` did instead; the root's own caller is not looked at.

    A function noted under one that did not run is held against the nearest noted caller that ran.
    """
    executed = Executed(run)
    rows = []
    for above, node in noted.walk():
        ran = [n.name for n in above if n.name in executed.files]
        rows.append(_row(executed, len(above), ran[-1] if ran else None, node.name))
    return rows


def _row(executed: Executed, depth: int, caller: str | None, name: str) -> Row:
    file = executed.files.get(name)
    if file is None:
        fact = v3_18().find(name)
        return Row(depth, name, NOT_RUN, file=fact.file if fact else "", kind=fact.kind if fact else "")
    if caller is None:
        return Row(depth, name, SAME, (name,), 1, file)
    path = executed.path(caller, name)
    if not path:
        real = next(iter(executed.callers.get(name, ())), "")
        return Row(depth, name, ELSEWHERE, (real, name), executed.calls[real, name], file)
    mark = SAME if len(path) == 2 else THROUGH
    return Row(depth, name, mark, path, executed.calls[path[-2], name], file)


def side_by_side(run: Run, root: str | None = None) -> str:
    """The notes' tree, or the part below `root`, line by line beside what ran.

    On the right stand, after the mark, the calls as executed with their number, and the file; of a function
    that did not run, what it is instead. KeyError if the notes have no function `root`.
    """
    tree = noted_calls()
    if root is not None:
        found = next((node for _, node in tree.walk() if node.name == root), None)
        if found is None:
            raise KeyError(root)
        tree = found
    rows = compare(run, tree)
    width = max(2 * row.depth + len(row.name) for row in rows)
    return "\n".join(f"{'  ' * row.depth + row.name:{width}}  {row.mark}  {_right(row)}" for row in rows)


def _right(row: Row) -> str:
    if row.mark == NOT_RUN:
        return f"({row.kind}, {row.file})"
    path = row.path if row.mark in (THROUGH, ELSEWHERE) else row.path[-1:]
    return f"{' → '.join(path)} ×{row.calls}  {row.file}"
