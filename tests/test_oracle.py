"""Small functions against the real ones, and: nothing that was recorded of real functions goes uncompared."""

from __future__ import annotations

from collections.abc import Callable
from math import isqrt
from pathlib import Path
from typing import Any

import pytest

from kmmdoc.linux.arch.x86.kernel.e820.use import ram_alignment
from kmmdoc.linux.include.linux.slab import get_order

FUNCTIONS = {"int_sqrt": isqrt, "get_order": get_order, "ram_alignment": ram_alignment}
"""By key of pure.json; what the kernel's int_sqrt() gives, the simulator takes from the standard library."""


@pytest.mark.parametrize("key", FUNCTIONS)
def test_oracle_function(oracle: Callable[[str], Any], key: str) -> None:
    rows = oracle("pure.json").get(key)
    if rows is None:
        pytest.skip("not in these results")
    assert [(argument, FUNCTIONS[key](argument)) for argument, _ in rows] == [tuple(row) for row in rows]


@pytest.mark.parametrize("name", ["pure.json", "pure-rand-*.json"])
def test_every_key_of_the_oracle_is_compared(oracle: Callable[[str], Any], name: str) -> None:
    texts = [path.read_text() for path in Path(__file__).parent.rglob("test_*oracle.py")]
    keys = set(oracle(name)) - {"format"} - set(FUNCTIONS)
    assert keys
    assert {key for key in keys if not any(f'oracle("{name}")["{key}"]' in text for text in texts)} == set()
