"""Bringing up the CPUs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from kmmdoc.machines.recorded import load_recorded
from kmmdoc.model.trace import dmesg
from kmmdoc.simulate import simulate

TWO_NODES = Path(__file__).parents[4] / "data" / "truth" / "numa2-m4g-c4"


def test_a_node_without_cpus_counts_as_a_node() -> None:
    scenario = load_recorded(TWO_NODES)
    machine = scenario.machine
    on_the_first = tuple(replace(entry, pxm=0) for entry in machine.srat_cpus)
    assert {entry.pxm for entry in machine.srat_cpus} == {0, 1}
    lines = dmesg(simulate(replace(scenario, machine=replace(machine, srat_cpus=on_the_first))).events)
    assert "x86: Booted up 2 nodes, 4 CPUs" in lines
