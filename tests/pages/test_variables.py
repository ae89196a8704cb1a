"""The values of a variable over the stages of a real boot."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pytest

from kmmdoc.machines.recorded import load_recorded
from kmmdoc.model.run import Run
from kmmdoc.pages.variables import history, is_freed
from kmmdoc.simulate import simulate

RECORDED = Path(__file__).parents[1] / "data" / "truth" / "m2g-c4"


@pytest.fixture(scope="module")
def run() -> Run:
    return simulate(load_recorded(RECORDED))


def test_only_new_values_are_listed(run: Run) -> None:
    values = history(run, "max_pfn")
    assert values[-1].value == 524256  # "last_pfn = 0x7ffe0" in that machine's log
    assert all(a.value != b.value for a, b in pairwise(values))
    assert [v.stage for v in values] == sorted((v.stage for v in values), key=list(run.snapshots).index)


def test_initialisation_data_is_freed_in_the_end(run: Run) -> None:
    """The recorded kernel, read after that, shows poison (POISON_FREE_INITMEM, 0xcc) in exactly these."""
    last = json.loads((RECORDED / "snapshots.json").read_text())["stages"][-1]
    build = run.scenario.build
    seen = {
        n: v for n, v in last["globals"].items() if n in build.symbols and isinstance(v, int) and v != 0xCC
    }
    poison = {int.from_bytes(b"\xcc" * size) - sign * (1 << 8 * size) for size in (4, 8) for sign in (0, 1)}
    assert {n for n, v in seen.items() if v in poison} == {n for n in seen if is_freed(build, n)}
    assert "after_free_initmem" not in [v.stage for v in history(run, "nr_all_pages")]


def test_an_array_has_no_more_entries_than_the_kernel_s(run: Run) -> None:
    assert {len(v.value) for v in history(run, "direct_pages_count")} == {4}


def test_what_no_snapshot_has(run: Run) -> None:
    assert history(run, "jiffies_64") == []
