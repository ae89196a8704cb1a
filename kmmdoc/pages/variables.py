"""Pages of global variables: what a run left in them, stage by stage."""

from __future__ import annotations

from dataclasses import dataclass

from kmmdoc.model.run import Run
from kmmdoc.model.scenario import KernelBuild


@dataclass(frozen=True, slots=True)
class Value:
    """A value that a variable had from a stage on."""

    stage: str
    value: int | str


def history(run: Run, name: str) -> list[Value]:
    """The values of a variable at the stages where they were new; empty where no snapshot has it.

    What a recorded kernel shows of initialisation data after freeing it is no value.
    """
    found: list[Value] = []
    for stage, snapshot in run.snapshots.items():
        value = snapshot.get("globals", {}).get(name)
        if value is not None and not poisoned(value) and (not found or found[-1].value != value):
            found.append(Value(stage, value))
    return found


def is_freed(build: KernelBuild, name: str) -> bool:
    """Whether a variable is initialisation data, which the end of the boot frees."""
    symbols = build.symbols
    if not {name, "__init_begin", "__init_end"} <= symbols.keys():
        return False
    return symbols["__init_begin"] <= symbols[name] < symbols["__init_end"]


def poisoned(value: object) -> bool:
    """Whether a number of 2, 4 or 8 bytes is all POISON_FREE_INITMEM, as freed initialisation memory reads.

    >>> poisoned(0xCCCCCCCCCCCCCCCC), poisoned(-858993460), poisoned(0xCC), poisoned("0xcccc")
    (True, True, False, False)
    """
    return isinstance(value, int) and any(
        value in (bad, bad - (1 << 8 * size)) for size in (2, 4, 8) if (bad := int.from_bytes(b"\xcc" * size))
    )
