"""Section `e820`: the memory map in use and the one that firmware gave."""

from __future__ import annotations

from typing import Any

from kmmdoc.linux.arch.x86.include.asm.e820 import e820map
from kmmdoc.linux.debugger import section
from kmmdoc.linux.state import Kernel


def _entries(table: e820map) -> list[list[Any]]:
    return [[hex(e.addr), hex(e.size), e.type] for e in table.map]


@section("e820")
def read(k: Kernel) -> dict[str, list[list[Any]]]:
    """[address, bytes, type] of each entry of the map in use and of firmware's, in their order."""
    return {"e820": _entries(k.e820), "e820_saved": _entries(k.e820_saved)}
