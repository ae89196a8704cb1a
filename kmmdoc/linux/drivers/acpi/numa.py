"""drivers/acpi/numa.c: ACPI's tables about nodes, and the numbers that proximity domains get."""

from __future__ import annotations

from kmmdoc.linux.include.linux.memblock import MAX_NUMNODES, NUMA_NO_NODE
from kmmdoc.linux.kfunc import extern, kfunc
from kmmdoc.linux.state import KERN_INFO, Kernel

acpi_numa_arch_fixup = extern("acpi_numa_arch_fixup")
acpi_numa_memory_affinity_init = extern("acpi_numa_memory_affinity_init")
acpi_numa_processor_affinity_init = extern("acpi_numa_processor_affinity_init")
acpi_numa_slit_init = extern("acpi_numa_slit_init")

EINVAL, ENOENT = 22, 2
LOCAL_DISTANCE = 10
NR_NODE_MEMBLKS = MAX_NUMNODES * 2


def pxm_to_node(k: Kernel, pxm: int) -> int:
    """Node of proximity domain `pxm`, or NUMA_NO_NODE."""
    return k.pxm_to_node_map.get(pxm, NUMA_NO_NODE)


def acpi_map_pxm_to_node(k: Kernel, pxm: int) -> int:
    """Node of proximity domain `pxm`.

    A domain that is new gets the lowest free number, NUMA_NO_NODE if none is left.
    """
    node = pxm_to_node(k, pxm)
    if node == NUMA_NO_NODE:
        taken = set(k.pxm_to_node_map.values())
        if len(taken) >= MAX_NUMNODES:
            return NUMA_NO_NODE
        node = next(i for i in range(MAX_NUMNODES) if i not in taken)
        k.pxm_to_node_map[pxm] = node
    return node


def slit_valid(slit: tuple[tuple[int, ...], ...]) -> bool:
    """Is each node nearer to itself than to any other?"""
    return all(
        value == LOCAL_DISTANCE if i == j else value > LOCAL_DISTANCE
        for i, row in enumerate(slit)
        for j, value in enumerate(row)
    )


@kfunc
def acpi_parse_slit(k: Kernel) -> int:
    """Take over the distances if they make sense."""
    slit = k.machine.slit
    if slit is None or not slit_valid(slit):
        k.printk(KERN_INFO, "ACPI: SLIT table looks invalid. Not used.\n")
        return -EINVAL
    acpi_numa_slit_init(k, slit)
    return 0


@kfunc
def acpi_numa_init(k: Kernel) -> int:
    """Read nodes of CPUs, nodes of memory and distances. -ENOENT when no node has memory."""
    disabled = k.acpi_disabled
    if not disabled and (k.machine.srat_cpus or k.machine.srat_memory):
        for cpu in k.machine.srat_cpus:
            acpi_numa_processor_affinity_init(k, cpu)
        for i, memory in enumerate(k.machine.srat_memory):
            if i < NR_NODE_MEMBLKS and not acpi_numa_memory_affinity_init(k, memory):
                k.parsed_numa_memblks += 1
    if not disabled and k.machine.slit is not None:
        acpi_parse_slit(k)
    acpi_numa_arch_fixup(k)
    return 0 if k.parsed_numa_memblks else -ENOENT
