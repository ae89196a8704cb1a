"""Section `pcpu`: the layout of the per-cpu areas and their chunks."""

from __future__ import annotations

from typing import Any

from kmmdoc.linux.debugger import section
from kmmdoc.linux.include.linux.percpu import PcpuChunk
from kmmdoc.linux.state import Kernel

NUMBERS = (
    "pcpu_unit_pages",
    "pcpu_unit_size",
    "pcpu_nr_units",
    "pcpu_atom_size",
    "pcpu_nr_slots",
    "pcpu_nr_groups",
    "pcpu_low_unit_cpu",
    "pcpu_high_unit_cpu",
    "pcpu_reserved_chunk_limit",
    "pcpu_nr_empty_pop_pages",
    "pcpu_chosen_fc",
)


def _bit_ranges(bits: int) -> list[list[int]]:
    """First and last index of each stretch of set bits."""
    ranges = []
    at = 0
    while bits:
        zeros = (bits & -bits).bit_length() - 1
        bits >>= zeros
        ones = ((bits + 1) & ~bits).bit_length() - 1
        ranges.append([at + zeros, at + zeros + ones - 1])
        bits >>= ones
        at += zeros + ones
    return ranges


def _chunk(k: Kernel, chunk: PcpuChunk) -> dict[str, Any]:
    return {
        "ptr": hex(chunk.address),
        "free_size": chunk.free_size,
        "contig_hint": chunk.contig_hint,
        "map_used": chunk.map_used,
        "map_alloc": chunk.map_alloc,
        "first_free": chunk.first_free,
        "immutable": int(chunk.immutable),
        "nr_populated": chunk.nr_populated,
        "base_addr": hex(chunk.base_addr),
        "map_ptr": hex(chunk.map_ptr),
        "map": list(chunk.map),
        "data": hex(k.pcpu_vms_ptr[chunk.data[0].address] if chunk.data else 0),
        "populated": _bit_ranges(chunk.populated),
    }


@section("pcpu")
def read(k: Kernel) -> dict[str, Any]:
    """Unit, group and chunk state; a chunk's map is in the kernel's format (offset | in-use bit)."""
    first, reserved = k.pcpu_first_chunk, k.pcpu_reserved_chunk
    cpus = sorted(k.pcpu_unit_map)
    value: dict[str, Any] = {name: getattr(k, name) for name in NUMBERS}
    value |= {
        "pcpu_chunk_struct_size": hex(k.pcpu_chunk_struct_size),
        "pcpu_base_addr": hex(k.pcpu_base_addr),
        "pcpu_unit_offsets": hex(k.pcpu_unit_offsets_ptr),
        "pcpu_unit_map": hex(k.pcpu_unit_map_ptr),
        "pcpu_group_offsets": hex(k.pcpu_group_offsets_ptr),
        "pcpu_group_sizes": hex(k.pcpu_group_sizes_ptr),
        "pcpu_first_chunk": hex(first.address if first else 0),
        "pcpu_reserved_chunk": hex(reserved.address if reserved else 0),
        "pcpu_slot": hex(k.pcpu_slot_ptr),
        "__per_cpu_offset": {str(cpu): hex(k.per_cpu_offset[cpu]) for cpu in cpus},
        "__per_cpu_start": hex(k.build.symbol("__per_cpu_start")),
        "__per_cpu_end": hex(k.build.symbol("__per_cpu_end")),
        "__per_cpu_load": hex(k.build.symbol("__per_cpu_load")),
        "unit_map": [k.pcpu_unit_map[cpu] for cpu in cpus],
        "unit_offsets": [hex(k.pcpu_unit_offsets[cpu]) for cpu in cpus],
        "group_offsets": [hex(offset) for offset in k.pcpu_group_offsets],
        "group_sizes": [hex(size) for size in k.pcpu_group_sizes],
        "slots": {str(i): [_chunk(k, c) for c in chunks] for i, chunks in enumerate(k.pcpu_slot) if chunks},
    }
    for name, chunk in (("first_chunk", first), ("reserved_chunk", reserved)):
        if chunk is not None:
            value[name] = _chunk(k, chunk)
    return value
