"""The page allocator does, call by call, what the real one did: pages, lists, counters, pageblocks."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

LAB = Path(__file__).resolve().parents[3] / "data" / "lab"
SEQUENCES = sorted(path.stem for path in LAB.glob("*.json"))


def test_there_are_sequences() -> None:
    assert len(SEQUENCES) >= 3


@pytest.mark.parametrize("name", SEQUENCES)
def test_sequence(name: str, replay: Callable[[dict[str, Any]], int]) -> None:
    sequence = json.loads((LAB / f"{name}.json").read_text())
    assert replay(sequence) == len(sequence["steps"]) > 0
