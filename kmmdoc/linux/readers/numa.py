"""Section `numa`: the node of each range of memory, distances, where each node's structure is."""

from __future__ import annotations

from typing import Any

from kmmdoc.linux.debugger import section
from kmmdoc.linux.state import Kernel


@section("numa")
def read(k: Kernel) -> dict[str, Any]:
    """{numa_meminfo: [start, end, node] ..., numa_distance_cnt, numa_distance, nid_of_ptrs.

    {node: address}}.
    """
    data: dict[str, Any] = {
        "numa_meminfo": [[hex(b.start), hex(b.end), b.nid] for b in k.numa_meminfo],
        "numa_distance_cnt": k.numa_distance_cnt,
    }
    if k.numa_distance_cnt:
        data["numa_distance"] = [list(row) for row in k.numa_distance_table]
    data["nid_of_ptrs"] = {str(nid): hex(node.address) for nid, node in sorted(k.node_data.items())}
    return data
