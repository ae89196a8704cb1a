"""What the architecture does up to the hand-over is what a recorded machine did, stage by stage."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from kmmdoc.machines.recorded import load_recorded
from kmmdoc.model.run import Run
from kmmdoc.simulate import simulate

FOLDER = Path(__file__).parents[3] / "data" / "truth" / "m2g-c4"
SECTIONS = ("e820", "memblock", "numa", "cpus", "pagetables", "iomem")
LAST = "before_mem_init"
VALUES_OF_GLOBALS = (
    "max_pfn",
    "max_low_pfn",
    "max_pfn_mapped",
    "max_low_pfn_mapped",
    "min_pfn_mapped",
    "pgt_buf_end",
    "pgt_buf_top",
    "high_memory",
    "nr_cpu_ids",
    "num_processors",
    "pfn_mapped",
    "direct_pages_count",
    "real_mode_header",
    "dma_reserve",
)


@lru_cache(maxsize=1)
def boot() -> Run:
    return simulate(load_recorded(FOLDER))


@lru_cache(maxsize=1)
def recorded() -> dict[str, dict[str, Any]]:
    stages = json.loads((FOLDER / "snapshots.json").read_text())["stages"]
    names = [stage["stage"] for stage in stages]
    return {stage["stage"]: stage for stage in stages[: names.index(LAST) + 1]}


@pytest.mark.parametrize("section", SECTIONS)
def test_section_at_every_stage(section: str) -> None:
    compared = 0
    for name, stage in recorded().items():
        if section not in stage:
            continue
        wanted = {k: v for k, v in stage[section].items() if k != "note"} if section == "pagetables" else None
        assert boot().snapshots[name][section] == (wanted or stage[section]), name
        compared += 1
    assert compared


def test_globals_after_setup_arch() -> None:
    wanted = recorded()["after_setup_arch"]["globals"]
    found = boot().snapshots["after_setup_arch"]["globals"]
    assert {n: found[n] for n in VALUES_OF_GLOBALS} == {n: wanted[n] for n in VALUES_OF_GLOBALS}
