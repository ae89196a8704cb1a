"""Pages of global variables: what a run left in them, stage by stage."""

from __future__ import annotations

from dataclasses import dataclass

from kmmdoc.model.run import Run
from kmmdoc.model.scenario import KernelBuild

AFTER_FREEING = "after_free_initmem"
"""The stage at which initialisation memory has been freed; a recorded kernel shows poison in it."""

ENTRIES = {"direct_pages_count": 4}
"""How many entries an array has where snapshots show more than these: PG_LEVEL_NUM."""


@dataclass(frozen=True, slots=True)
class Value:
    """A value that a variable had from a stage on."""

    stage: str
    value: int | str | tuple[object, ...]


def history(run: Run, name: str) -> list[Value]:
    """The values of a variable at the stages where they were new; empty where no snapshot has it.

    What is read of initialisation data after its memory was freed is no value.
    """
    found: list[Value] = []
    freed = is_freed(run.scenario.build, name)
    for stage, snapshot in run.snapshots.items():
        value = snapshot.get("globals", {}).get(name)
        if value is None or (freed and stage == AFTER_FREEING):
            continue
        if isinstance(value, list):
            value = tuple(value[: ENTRIES.get(name)])
        if not found or found[-1].value != value:
            found.append(Value(stage, value))
    return found


def is_freed(build: KernelBuild, name: str) -> bool:
    """Whether a variable is initialisation data, which the end of the boot frees."""
    symbols = build.symbols
    if not {name, "__init_begin", "__init_end"} <= symbols.keys():
        return False
    return symbols["__init_begin"] <= symbols[name] < symbols["__init_end"]
