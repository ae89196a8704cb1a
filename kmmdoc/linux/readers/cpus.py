"""Section `cpus`: CPU masks, node states, and the node of each local APIC."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kmmdoc.linux.debugger import section
from kmmdoc.linux.state import Kernel

SHOWN_APICS = 64


def ranges(numbers: Iterable[int]) -> list[list[int]]:
    """Sorted [first, last] of each stretch of neighbours.

    >>> ranges({0, 1, 2, 5})
    [[0, 2], [5, 5]]
    """
    found: list[list[int]] = []
    for number in sorted(numbers):
        if found and found[-1][1] == number - 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return found


@section("cpus")
def read(k: Kernel) -> dict[str, Any]:
    """Masks as [first, last] ranges, node states as lists.

    N_HIGH_MEMORY and N_MEMORY are N_NORMAL_MEMORY here.
    """
    states = {name: sorted(nodes) for name, nodes in k.node_states.items()}
    memory = states["N_NORMAL_MEMORY"]
    return {
        "cpu_possible_bits": ranges(k.cpu_possible_mask),
        "cpu_present_bits": ranges(k.cpu_present_mask),
        "cpu_online_bits": ranges(k.cpu_online_mask),
        "cpu_active_bits": ranges(k.cpu_active_mask),
        "N_POSSIBLE": states["N_POSSIBLE"],
        "N_ONLINE": states["N_ONLINE"],
        "N_NORMAL_MEMORY": memory,
        "N_HIGH_MEMORY": list(memory),
        "N_MEMORY": list(memory),
        "N_CPU": states["N_CPU"],
        "numa_nodes_parsed": sorted(k.numa_nodes_parsed),
        "apicid_to_node_0_63": [k.apicid_to_node.get(apicid, -1) for apicid in range(SHOWN_APICS)],
    }
