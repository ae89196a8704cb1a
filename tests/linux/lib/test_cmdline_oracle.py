"""Sizes in options are read as the real lib/cmdline.c read them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kmmdoc.linux.lib.cmdline import memparse


def test_memparse(oracle: Callable[[str], Any]) -> None:
    for text, value, used in oracle("pure.json")["memparse"]:
        assert memparse(text) == (value, used), text
