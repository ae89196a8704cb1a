"""Pages of global variables: what a run left in them, stage by stage."""

from __future__ import annotations

from typing import Any

from kmmdoc.model.run import Run
from kmmdoc.model.scenario import KernelBuild
from kmmdoc.pages.values import Change, histories

AFTER_FREEING = "after_free_initmem"
"""The stage at which initialisation memory has been freed; a recorded kernel shows poison in it."""

ENTRIES = {"direct_pages_count": 4}
"""How many entries an array has where snapshots show more than these: PG_LEVEL_NUM."""


def history(run: Run, name: str) -> list[Change]:
    """The values of a variable at the stages where they were new; empty where no snapshot has it.

    What is read of initialisation data after its memory was freed is no value.
    """
    freed = is_freed(run.scenario.build, name)
    seen: dict[str, dict[str, Any]] = {}
    for stage, snapshot in run.snapshots.items():
        value = snapshot.get("globals", {}).get(name)
        if value is None or (freed and stage == AFTER_FREEING):
            continue
        seen[stage] = {name: tuple(value[: ENTRIES.get(name)]) if isinstance(value, list) else value}
    return [change for found in histories(seen) for change in found.changes]


def is_freed(build: KernelBuild, name: str) -> bool:
    """Whether a variable is initialisation data, which the end of the boot frees."""
    symbols = build.symbols
    if not {name, "__init_begin", "__init_end"} <= symbols.keys():
        return False
    return symbols["__init_begin"] <= symbols[name] < symbols["__init_end"]
