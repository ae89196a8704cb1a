"""Recorded sequences are made again, and a difference is found where there is one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kmmdoc.cli import main
from kmmdoc.lab.record import Record, differences, merge, read_record
from kmmdoc.lab.replay import prepare
from kmmdoc.machines import bundled
from kmmdoc.model.errors import KmmdocError

DATA = Path(__file__).parents[1] / "data"
FILES = sorted([*(DATA / "lab").glob("*.json"), *(DATA / "lab-objects").glob("*.json")])


def test_there_are_sequences_of_every_kind() -> None:
    sections = {name for path in FILES for name in read_record(path).sections}
    assert {"zones", "pageblocks", "slub", "vmalloc", "pcpu"} <= sections


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_step_is_equal(path: Path) -> None:
    record = read_record(path)
    replay = prepare(record)
    assert replay.start == []
    steps = list(replay.steps())
    assert len(steps) == len(record.steps) > 0
    for step in steps:
        assert step.differences == (), (step.i, step.call)
    assert [step.ret for step in steps] == [step.get("ret") for step in record.steps]


def changed(path: Path, **inputs: Any) -> Record:
    """The sequence, recorded on a machine that nobody knows."""
    record = read_record(path)
    data = {name: getattr(record, name) for name in Record.__slots__}
    return Record(**data | inputs)


@pytest.mark.parametrize("name", ["dma-wmark", "kmalloc-sizes", "numa-kmalloc"])
def test_a_machine_that_is_not_bundled_is_made_from_the_record(name: str) -> None:
    """Only the firmware map, CPUs and nodes are known; the state before the first call is loaded."""
    path = next(path for path in FILES if path.stem == name)
    inputs = json.loads(json.dumps(read_record(path).inputs))
    inputs["e820"]["e820_saved"][0][1] = hex(0x9F800)  # 1 KiB less below 640 KiB
    replay = prepare(changed(path, machine="nobody", inputs=inputs))
    assert replay.machine == "nobody"
    assert replay.start
    assert replay.left == []
    assert [step.i for step in replay.steps() if step.differences] == []


def test_another_machine_can_be_asked_for() -> None:
    replay = prepare(read_record(DATA / "lab" / "orders.json"), bundled.load("m2g-c4-noroot"))
    assert replay.machine == "m2g-c4-noroot"
    assert not [step for step in replay.steps() if step.differences]


def test_a_wrong_state_is_found() -> None:
    """The comparison itself: a free list in another order, a transaction too many, a missing cache."""
    record = read_record(DATA / "lab-objects" / "kmalloc-8192-fwd.json")
    state = json.loads(json.dumps(record.initial))
    state["zones"]["0/DMA32"]["free"]["0/2"].reverse()
    state["slub"]["caches"]["kmalloc-64"]["cpu0"]["tid"] += 1
    del state["slub"]["caches"]["kmalloc-8"]
    assert {difference.path for difference in differences(record.initial, state)} == {
        "zones.0/DMA32.free.0/2",
        "slub.caches.kmalloc-64.cpu0.tid",
        "slub.caches.kmalloc-8",
    }


def wrong_sequence(tmp_path: Path) -> Path:
    """A sequence of which the second call is recorded to have returned something else."""
    data = json.loads((DATA / "lab" / "orders.json").read_text())
    del data["steps"][3:]
    data["steps"][1]["ret"] = "0xffff880000123000"
    data["steps"][2]["changed"] = merge(data["steps"][2]["changed"], {"vm_events": {"PGFREE": 1}})
    path = tmp_path / "wrong.json"
    path.write_text(json.dumps(data))
    return path


def test_the_command_shows_differences(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", str(wrong_sequence(tmp_path))]) == 1
    out = capsys.readouterr().out
    assert "ret: recorded 0xffff880000123000, predicted 0xffff8" in out
    assert "vm_events.PGFREE: recorded 1, predicted " in out
    assert out.splitlines()[-1] == "1 of 3 steps equal"


def test_the_command_in_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", "--json", str(wrong_sequence(tmp_path))]) == 1
    data = json.loads(capsys.readouterr().out)
    assert (data["equal"], data["compared"]) == (1, 3)
    assert [bool(step["differences"]) for step in data["steps"]] == [False, True, True]


def test_results_hold_result_and_state_of_every_step(tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    path = DATA / "lab-objects" / "vmalloc.json"
    assert main(["replay", str(path), "--results", str(out)]) == 0
    results, record = json.loads(out.read_text()), read_record(path)
    state = record.initial
    for result, step in zip(results, record.steps, strict=True):
        state = merge(state, step["changed"])
        assert result["ret"] == step.get("ret")
        assert result["state"] == state


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "not JSON"),
        ("{}", "steps: this key is missing"),
        ('{"steps":[{"call":"f","args":["zz"]}]}', "not in the format"),
        ('{"steps":[{"call":3,"args":[]}]}', r"steps\[0\].call: not the name"),
    ],
)
def test_a_broken_file_is_named(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "x.json"
    path.write_text(text)
    with pytest.raises(KmmdocError, match=reason):
        read_record(path)


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        ("make_coffee", "make_coffee() is not modelled"),
        ("vm_unmap_ram", "vm_unmap_ram() with 3 arguments"),
        ("kmem_cache_alloc_node", "there is no cache at 0x1"),
        ("drain_zone_pages", "there is no zone"),
    ],
)
def test_a_call_that_cannot_be_made_is_a_difference(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], call: str, reason: str
) -> None:
    data = json.loads((DATA / "lab" / "orders.json").read_text())
    del data["steps"][3:]
    data["steps"][1] |= {"call": call, "args": ["0x1", "0x2", "0x3"]}
    path = tmp_path / "x.json"
    path.write_text(json.dumps(data))
    assert main(["replay", str(path), "--results", str(tmp_path / "out.json")]) == 1
    assert f"call: recorded made, predicted not made: {reason}" in capsys.readouterr().out
    results = json.loads((tmp_path / "out.json").read_text())
    assert [step["ret"] is None for step in results] == [False, True, False]
