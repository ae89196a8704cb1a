"""Which CPU runs this, and on which memory node it is.

Simplified: the simulated boot runs on the boot CPU only.
"""

from __future__ import annotations

from kmmdoc.linux.state import Kernel

KFILE = "include/linux/topology.h"


def smp_processor_id(k: Kernel) -> int:
    """The CPU that runs this."""
    return 0


def numa_node_id(k: Kernel) -> int:
    """The node of the CPU that runs this."""
    return max(k.x86_cpu_to_node_map[smp_processor_id(k)], 0)


numa_mem_id = numa_node_id
"""The nearest node with memory: no different where the architecture knows no memoryless nodes (x86)."""
