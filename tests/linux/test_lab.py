"""The simulated allocators make every recorded call as the real ones did."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

HERE = Path(__file__).parent


def _load_lab() -> ModuleType:
    spec = importlib.util.spec_from_file_location("kmmdoc_tests_lab", HERE / "lab.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


lab = _load_lab()
SEQUENCES = sorted(path.stem for path in (lab.DATA / "lab-objects").glob("*.json"))


def test_there_are_sequences() -> None:
    assert len(SEQUENCES) >= 4


@pytest.mark.parametrize("name", SEQUENCES)
def test_replay(name: str) -> None:
    record = lab.load(name)
    k = lab.boot(record["machine"]["scenario"])
    for step, found in lab.replay(k, record):
        call = record["steps"][step]["call"] if step >= 0 else "boot"
        pytest.fail(f"step {step}, {call}: " + "; ".join(found[:5]))


def test_a_wrong_state_is_found() -> None:
    """The comparison itself: a free list in another order, a page too many, a missing cache."""
    record = lab.load("kmalloc-8192-fwd")
    k = lab.boot("m2g-c4")
    state = record["initial"]
    assert list(lab.differences(state, lab.read(k))) == []
    changed = json.loads(json.dumps(state))
    changed["zones"]["0/DMA32"]["free"]["0/2"].reverse()
    changed["slub"]["caches"]["kmalloc-64"]["cpu0"]["tid"] += 1
    del changed["slub"]["caches"]["kmalloc-8"]
    assert len(list(lab.differences(changed, lab.read(k)))) == 3


@pytest.mark.parametrize("section", ["slub", "vmalloc"])
def test_sections_as_recorded(section: str) -> None:
    """Every stage up to setup_per_cpu_pageset() that has the section, value by value."""
    stages = json.loads((lab.DATA / "truth" / "m2g-c4" / "snapshots.json").read_text())["stages"]
    recorded = {stage["stage"]: stage[section] for stage in stages if section in stage}
    k = lab.boot("m2g-c4", snapshots=True)
    compared = [name for name in recorded if name in k.snapshots]
    assert len(compared) >= 4
    for name in compared:
        assert json.loads(json.dumps(k.snapshots[name][section])) == recorded[name], name
