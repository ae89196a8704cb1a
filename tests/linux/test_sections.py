"""Sections of the object allocators, value by value, at every stage until other subsystems allocate."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kmmdoc.machines.recorded import load_recorded
from kmmdoc.simulate import simulate

FOLDER = Path(__file__).parents[1] / "data" / "truth" / "m2g-c4"
LAST = "after_setup_per_cpu_pageset"


@pytest.mark.parametrize("section", ["slub", "vmalloc"])
def test_sections_as_recorded(section: str) -> None:
    stages = json.loads((FOLDER / "snapshots.json").read_text())["stages"]
    names = [stage["stage"] for stage in stages]
    recorded = {stage["stage"]: stage[section] for stage in stages if section in stage}
    ours = simulate(load_recorded(FOLDER)).snapshots
    compared = [name for name in names[: names.index(LAST) + 1] if name in recorded]
    assert len(compared) >= 4
    for name in compared:
        assert json.loads(json.dumps(ours[name][section])) == recorded[name], name
