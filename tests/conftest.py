"""What several tests need: the results of the real kernel functions."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
SAMPLE = HERE / "data" / "oracle"


def oracle_folders() -> list[Path]:
    """Where the results lie: the folder KMMDOC_ORACLE names, else one beside the project, else the sample."""
    named = os.environ.get("KMMDOC_ORACLE")
    beside = HERE.parent.parent / "shared" / "oracle"
    return [Path(named)] if named else [beside, SAMPLE]


@lru_cache(maxsize=8)
def load_oracle(pattern: str) -> Any:
    """The results of all files of a folder that `pattern` names, their lists joined.

    The first folder that has any counts; where none has, the test is skipped.
    """
    for folder in oracle_folders():
        files = sorted(folder.glob(pattern))
        if files:
            return _joined([json.loads(path.read_text()) for path in files])
    pytest.skip(f"no {pattern} in {', '.join(map(str, oracle_folders()))}")


def _joined(parts: list[dict[str, Any]]) -> dict[str, Any]:
    """Results of one shape in several files as one."""
    whole = dict(parts[0])
    for part in parts[1:]:
        for key, value in part.items():
            whole[key] = whole[key] + value if isinstance(value, list) and key in whole else value
    return whole


@pytest.fixture(scope="session")
def oracle() -> Callable[[str], Any]:
    """`oracle(file name or pattern)`: the recorded results of the real kernel functions."""
    return load_oracle
