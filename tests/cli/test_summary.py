"""The summary, made from a recorded boot's snapshots."""

import json
from pathlib import Path

import pytest

from kmmdoc.cli.summary import summary
from kmmdoc.machines.recorded import load_recorded
from kmmdoc.model.run import Run
from kmmdoc.model.snapshot import Snapshot

TRUTH = Path(__file__).parent.parent / "data" / "truth" / "m2g-c4"


@pytest.fixture(scope="module")
def result():
    stages = json.loads((TRUTH / "snapshots.json").read_text())["stages"]
    snapshots = {stage["stage"]: Snapshot.from_json(stage) for stage in stages}
    return summary(Run(load_recorded(TRUTH), [], snapshots))


def test_reserved_and_free_by_memblock(result):
    """At the entry of setup_arch memblock knows no memory and has 0x9f000-0xfffff reserved."""
    assert result.stages[0].stage == "at_setup_arch_entry"
    assert (result.stages[0].reserved, result.stages[0].free) == (0x61000, 0)


def test_after_the_hand_over_the_buddy_system_counts(result):
    """Pages in the free lists after mem_init, as the kernel counts them in NR_FREE_PAGES."""
    stages = json.loads((TRUTH / "snapshots.json").read_text())["stages"]
    recorded = next(s for s in stages if s["stage"] == "after_mem_init")
    free = sum(
        zone["vm_stat"].get("NR_FREE_PAGES", 0) for node in recorded["nodes"] for zone in node["zones"]
    )
    row = next(row for row in result.stages if row.stage == "after_mem_init")
    assert row.reserved is None
    assert row.free == free << 12


def test_zones(result):
    """Zone DMA starts at page 1 and ends at 16 MiB: 4095 pages; 97 of them lie in the hole below 1 MiB."""
    dma = result.zones[0]
    assert (dma.zone, dma.start_pfn, dma.spanned, dma.present) == ("DMA", 1, 4095, 3998)
    assert [z.zone for z in result.zones] == ["DMA", "DMA32"]


def test_text(result):
    text = "\n".join(result.lines())
    assert text.startswith(
        "m2g-c4, booted with Linux 3.18.0 (x86_64_defconfig)\ncommand line: ignore_loglevel"
    )
    assert "after_free_all_bootmem" in text
    assert "panic:" not in text
