"""What is done in one step for many equal rounds leaves the state and the counts of one by one."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kmmdoc.linux import debugger
from kmmdoc.linux.arch.x86.kernel.head64 import x86_64_start_kernel
from kmmdoc.linux.arch.x86.mm import init_64
from kmmdoc.linux.link import link
from kmmdoc.linux.mm import sparse, sparse_vmemmap
from kmmdoc.linux.state import Kernel
from kmmdoc.machines.recorded import load_recorded
from kmmdoc.model.scenario import E820_RAM, E820Entry, Scenario
from kmmdoc.model.trace import call_tree

RECORDED = Path(__file__).parents[2] / "data" / "truth" / "m2g-c4"
LAST = "after_paging_init"


class _Far(Exception):
    """The boot came as far as is looked at."""


def boot(gib: int) -> tuple[dict[str, Any], Counter[str], int]:
    """Snapshots, call counts and number of events up to LAST, with `gib` GiB of memory above 4 GiB."""
    link()
    recorded = load_recorded(RECORDED)
    more = E820Entry(1 << 32, gib << 30, E820_RAM)
    machine = replace(recorded.machine, e820_map=(*recorded.machine.e820_map[:-1], more), max_phys_bits=46)
    k = Kernel(Scenario(machine, recorded.build, recorded.command_line))
    debugger.attach(k)
    take = k.stop

    def stop(name: str) -> None:
        take(name)
        if name == LAST:
            raise _Far

    k.stop = stop
    with pytest.raises(_Far):
        x86_64_start_kernel(k)
    counts: Counter[str] = Counter()
    for root in call_tree(k.events):
        for _, node in root.walk():
            counts[node.ref.name] += node.count
    return {name: snapshot.to_json() for name, snapshot in k.snapshots.items()}, counts, len(k.events)


def test_in_one_step_or_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    # 2000 GiB: 2000 pages for tables of the direct map, across a border of 2 MiB; 62 roots; 32 tables of the
    # memory map.
    together = boot(2000)
    for module in (init_64, sparse, sparse_vmemmap):
        monkeypatch.setattr(module, "more_below", lambda *args: 0)
    one_by_one = boot(2000)
    assert together[1] == one_by_one[1]
    assert together[0] == one_by_one[0]


def test_memory_costs_little() -> None:
    """A thousand times the memory, and the pages for its tables, do not even double the record."""
    small, large = boot(8), boot(8000)
    assert large[1]["alloc_low_pages"] > 7000
    assert large[2] < 2 * small[2]
