"""Snapshots recorded from a real kernel, as views get them."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path

import pytest

from kmmdoc.machines.recorded import load_recorded
from kmmdoc.model.scenario import KernelBuild
from kmmdoc.model.shot import Shot
from kmmdoc.model.snapshot import Snapshot

TRUTH = Path(__file__).parents[1] / "data" / "truth"


@lru_cache(maxsize=1)
def recorded() -> dict[str, Snapshot]:
    """The recorded boot of m2g-c4, page frames inline."""
    folder = TRUTH / "m2g-c4"
    frames = json.loads((folder / "pages.json").read_text())["stages"]
    snapshots = {}
    for stage in json.loads((folder / "snapshots.json").read_text())["stages"]:
        if "pages" in stage:
            stage["pages"] = {"runs": frames[stage["stage"]]}
        snapshots[stage["stage"]] = Snapshot.from_json(stage)
    return snapshots


@pytest.fixture(scope="session")
def snapshots() -> dict[str, Snapshot]:
    return recorded()


@pytest.fixture(scope="session")
def build() -> KernelBuild:
    return load_recorded(TRUTH / "m2g-c4").build


@pytest.fixture
def shot(snapshots, build):
    """shot(now, before, **options) for any two recorded stages."""

    def make(now: str, before: str | None = None, **options: str) -> Shot:
        earlier = snapshots[before] if before else None
        return Shot(snapshots[now], earlier, build=build, options=options)

    return make
