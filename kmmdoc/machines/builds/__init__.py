"""The kernel builds that come with kmmdoc: symbols, sections, configuration, structure layouts."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path

from kmmdoc.model.errors import KmmdocError
from kmmdoc.model.scenario import Field, KernelBuild, Struct


@lru_cache(maxsize=4)
def load_build(name: str = "x86_64_defconfig") -> KernelBuild:
    """The bundled build `name`; KmmdocError where there is none."""
    source = Path(__file__).parent / f"{name}.json"
    if not source.is_file():
        raise KmmdocError(name, None, "no such kernel build")
    data = json.loads(source.read_text())
    structs = {
        struct: Struct(struct, size, tuple(Field(*member) for member in members))
        for struct, (size, members) in data["structs"].items()
    }
    sections = {key: (address, size) for key, (address, size) in data["sections"].items()}
    return KernelBuild(
        data["name"], data["version"], data["symbols"], sections, data["percpu"], data["config"], structs,
        data["enums"], origin=source.name,
    )  # fmt: skip
