"""Whole boots: held against what a real kernel did, and against their own ledger."""

from pathlib import Path

import pytest

from kmmdoc.evidence.compare import compare_lines, compare_snapshots, memory_lines
from kmmdoc.evidence.recorded import log_lines, recorded_snapshots
from kmmdoc.ledger import Ledger
from kmmdoc.machines import bundled
from kmmdoc.machines.recorded import load_recorded
from kmmdoc.machines.resolve import resolve
from kmmdoc.simulate import simulate

RECORDS = [p.parent for p in sorted((Path(__file__).parent / "data" / "truth").glob("*/inputs.json"))]
WITH_SNAPSHOTS = [p for p in RECORDS if (p / "snapshots.json").exists()]


def name(folder):
    return folder.name


@pytest.fixture(scope="module", params=WITH_SNAPSHOTS, ids=name)
def held(request):
    """(stage, section) -> score of one recorded machine."""
    run = simulate(load_recorded(request.param))
    return compare_snapshots(recorded_snapshots(request.param), run.snapshots)


def test_every_structure_is_as_recorded(held):
    assert sum(score.compared for score in held.values()) > 3000
    assert [d for score in held.values() for d in score.differences] == []


@pytest.mark.parametrize("folder", RECORDS, ids=name)
def test_every_memory_line_of_the_log_is_as_recorded(folder):
    run = simulate(load_recorded(folder))
    recorded = memory_lines(log_lines((folder / "dmesg.txt").read_text()))
    score = compare_lines(recorded, memory_lines(log_lines("\n".join(run.dmesg))))
    assert score.compared > 50
    assert score.differences == []


@pytest.mark.parametrize("machine", bundled.names())
def test_no_page_is_lost_or_owned_twice(machine):
    assert Ledger(simulate(resolve(machine))).check() == []


def test_the_trace_is_the_same_every_time():
    scenario = resolve("qemu-2g")
    assert simulate(scenario).events == simulate(scenario).events


def test_snapshots_do_not_change_the_run():
    scenario = resolve("qemu-2g")
    assert simulate(scenario, snapshots=False).events == simulate(scenario).events
