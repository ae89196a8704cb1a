"""The machines that come with kmmdoc: every file in data/, found by looking, not by a list."""

from __future__ import annotations

from pathlib import Path

from kmmdoc.machines.toml import parse_machine
from kmmdoc.model.errors import KmmdocError
from kmmdoc.model.scenario import Machine

SUFFIX = ".toml"
_DATA = Path(__file__).parent / "data"


def names() -> list[str]:
    """Names of the bundled machines, sorted."""
    return sorted(item.name.removesuffix(SUFFIX) for item in _DATA.iterdir() if item.name.endswith(SUFFIX))


def load(name: str) -> Machine:
    """The bundled machine `name`; KmmdocError where there is none."""
    source = _DATA / f"{name}{SUFFIX}"
    if not source.is_file():
        raise KmmdocError(name, None, "no such bundled machine")
    return parse_machine(source.read_text(encoding="utf-8"), source.name, name)
