"""The order and the number of calls, held against a recorded sequence of them.

The recording sees a function where the processor enters it: what the compiler put into its callers does
not appear. It keeps the first 300 calls of a function by one caller, so those that reach that number are
not counted.
"""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from typing import Any

from kmmdoc.evidence.compare import Difference, Score, scope
from kmmdoc.excerpts.facts import v3_18
from kmmdoc.model.run import Run

Json = dict[str, Any]


def compare_calls(recorded: Json, run: Run) -> tuple[Score, Score]:
    """(order of first calls, numbers of calls) of the path's functions, up to the last one of mm_init()."""
    rules = scope()["calls"]
    core = re.compile("|".join(rules["files"]))
    own = {
        fact.name
        for file, facts in v3_18().by_file.items()
        if core.fullmatch(file)
        for fact in facts
        if fact.kind == "function"
    }
    calls = [(c["f"].split(".")[0], c["caller"], c.get("n", 1)) for c in recorded["calls"]]
    last = max((i for i, call in enumerate(calls) if call[0] == rules["last"]), default=len(calls) - 1)
    truth: dict[str, int] = {}
    pairs: dict[tuple[str, str], int] = {}
    for name, caller, n in calls[: last + 1]:
        if name in own:
            truth[name] = truth.get(name, 0) + n
            pairs[name, caller] = pairs.get((name, caller), 0) + n
    ours = _predicted(run, truth, rules["last"])
    matcher = SequenceMatcher(None, list(truth), [name for name in ours if name in truth], autojunk=False)
    order = Score(sum(block.size for block in matcher.get_matching_blocks()), len(truth))
    for tag, a, b, _, _ in matcher.get_opcodes():
        if tag != "equal":
            names = list(truth)
            order.differences += [
                Difference("calls", "order", str(i + 1), names[i], "elsewhere", names[i]) for i in range(a, b)
            ]
    cut = {name for (name, _), n in pairs.items() if n >= rules["kept"]}
    counts = Score()
    for name, n in truth.items():
        if name not in cut:
            counts.compared += 1
            counts.equal += ours.get(name, 0) == n
            if ours.get(name, 0) != n:
                counts.differences.append(Difference("calls", "counts", name, n, ours.get(name, 0), name))
    return order, counts


def _predicted(run: Run, truth: dict[str, int], last: str) -> dict[str, int]:
    """Function -> calls, in order of first calls, up to the first function behind the last recorded one."""
    ours: dict[str, int] = {}
    done = False
    for root in run.calls:
        for _, node in root.walk():
            if done and node.ref.name not in truth:
                return ours
            ours[node.ref.name] = ours.get(node.ref.name, 0) + node.count
            done = done or node.ref.name == last
    return ours
