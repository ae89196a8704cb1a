"""Section `memblock`: both lists, limit, direction. Addresses and sizes are texts like "0x1000"."""

from __future__ import annotations

from typing import Any

from kmmdoc.linux.debugger import section
from kmmdoc.linux.include.linux.memblock import memblock_type
from kmmdoc.linux.state import Kernel, __va


def _list(k: Kernel, type_: memblock_type) -> dict[str, Any]:
    static = k.build.symbol(f"memblock_{type_.name}_init_regions")
    return {
        "cnt": type_.cnt,
        "max": type_.max,
        "total_size": hex(type_.total_size),
        "regions_ptr": hex(static if type_.array is None else __va(type_.array)),
        "regions": [[hex(r.base), hex(r.size), r.nid, r.flags] for r in type_.regions],
    }


@section("memblock")
def read(k: Kernel) -> dict[str, Any]:
    """{current_limit, bottom_up, memory, reserved, ...}; a region is [base, size, nid, flags]."""
    state = k.memblock
    return {
        "bottom_up": int(state.bottom_up),
        "current_limit": hex(state.current_limit),
        "memory": _list(k, state.memory),
        "reserved": _list(k, state.reserved),
        "memblock_can_resize": int(k.memblock_can_resize),
        "memblock_memory_in_slab": int(k.memblock_in_slab["memory"]),
        "memblock_reserved_in_slab": int(k.memblock_in_slab["reserved"]),
        "memblock_debug": int(k.memblock_debug),
    }
