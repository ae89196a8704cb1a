"""Section `iomem`: the tree of who owns which physical addresses."""

from __future__ import annotations

from typing import Any

from kmmdoc.linux.debugger import section
from kmmdoc.linux.include.linux.ioport import resource
from kmmdoc.linux.state import Kernel


def _walk(res: resource | None, depth: int) -> list[list[Any]]:
    lines: list[list[Any]] = []
    while res is not None:
        lines.append([depth, hex(res.start), hex(res.end), res.name, hex(res.flags)])
        lines += _walk(res.child, depth + 1)
        res = res.sibling
    return lines


@section("iomem")
def read(k: Kernel) -> list[list[Any]]:
    """[depth, start, end, name, flags] of every resource, parents before their children."""
    return _walk(k.iomem_resource, 0)
