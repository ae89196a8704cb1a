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
def load_oracle(name: str) -> Any:
    """The results of file `name`; the sample of it where there is no complete one."""
    for folder in oracle_folders():
        if (folder / name).is_file():
            return json.loads((folder / name).read_text())
    raise FileNotFoundError(f"{name} is in none of {', '.join(map(str, oracle_folders()))}")


@pytest.fixture(scope="session")
def oracle() -> Callable[[str], Any]:
    """`oracle(file name)`: the recorded results of the real kernel functions."""
    return load_oracle
