"""Random machines with random command lines: each boots into a valid state, or panics as a kernel does.

`KMMDOC_SOAK=1000 pytest tests/soak` boots a thousand of them, other ones each time.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, given, settings
from random_machines import scenarios
from valid_state import faults

from kmmdoc.ledger import Ledger
from kmmdoc.machines.builds import load_build
from kmmdoc.model.run import Run
from kmmdoc.model.scenario import E820Entry, Lapic, Machine, Scenario
from kmmdoc.model.snapshot import Snapshot
from kmmdoc.simulate import simulate

SOAK = int(os.environ.get("KMMDOC_SOAK", "0"))


@settings(
    deadline=None,
    max_examples=SOAK or 20,
    derandomize=not SOAK,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
@given(scenarios())
def test_a_boot_ends_in_a_valid_state_or_in_a_panic(scenario: Scenario) -> None:
    run = simulate(scenario)
    assert list(faults(run)) == []
    if run.panic is not None:
        assert run.panic.strip() in "\n".join(run.dmesg)


def boot(command_line: str = "", size: int = 1 << 30, cpus: int = 2) -> Run:
    e820 = (E820Entry(0, 0x9FC00, 1), E820Entry(0x9FC00, 0x400, 2), E820Entry(1 << 20, size - (1 << 20), 1))
    lapics = tuple(Lapic(cpu, cpu, True) for cpu in range(cpus))
    return simulate(Scenario(Machine("plain", e820, lapics=lapics), load_build(), command_line))


@pytest.mark.parametrize("allocator", ["embed", "page"])
def test_without_any_possible_cpu_the_per_cpu_areas_are_a_bug(allocator: str) -> None:
    run = boot(f"possible_cpus=0 percpu_alloc={allocator}")
    assert run.panic is not None
    assert run.panic.startswith("mm/percpu.c")


def test_a_table_larger_than_memory_is_made_smaller() -> None:
    run = boot("ihash_entries=-1", size=64 << 30)
    assert list(faults(run)) == []
    assert run.panic is not None  # no root file system
    assert any(line.startswith("Inode-cache hash table entries") for line in run.dmesg)


def test_a_movable_zone_behind_the_end_of_its_node_counts_pages_that_are_not_there() -> None:
    """The zone would start at the next multiple of 4 MiB, 3 MiB behind the end; the kernel counts those."""
    run = boot("movablecore=103G", size=(352 << 20) + (1 << 20))
    movable = run.snapshots["after_mem_init"]["nodes"][0]["zones"][3]
    assert (movable["spanned_pages"], movable["present_pages"]) == (0, 3 << 20 >> 12)
    assert Ledger(run).check() == []


def test_the_checks_find_what_is_wrong() -> None:
    run = boot()

    stage = "at_rest_init"
    data = run.snapshots[stage].to_json()
    runs = data["pages"]["runs"]
    block = next(i for i, r in enumerate(runs) if r[1] == "F" and r[2] < 10)
    runs[block][0] += 1
    run.snapshots[stage] = Snapshot.from_json(data)
    assert any("not aligned" in fault for fault in faults(run))
