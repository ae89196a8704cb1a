"""arch/x86/mm/srat.c: what ACPI says about nodes, taken over entry by entry."""

from __future__ import annotations

from kmmdoc.linux.arch.x86.mm.numa import numa_add_memblk, numa_set_distance
from kmmdoc.linux.drivers.acpi.numa import acpi_map_pxm_to_node, acpi_numa_init, pxm_to_node
from kmmdoc.linux.include.linux.memblock import NUMA_NO_NODE
from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.mm.memblock import memblock_mark_hotplug
from kmmdoc.linux.state import KERN_ERR, KERN_INFO, KERN_WARNING, Kernel
from kmmdoc.model.scenario import SratCpu, SratMemory

EINVAL = 22
MAX_LOCAL_APIC = 32768


def setup_node(k: Kernel, pxm: int) -> int:
    """Node number of a proximity domain."""
    return acpi_map_pxm_to_node(k, pxm)


@kfunc
def bad_srat(k: Kernel) -> None:
    """Use nothing of the SRAT."""
    k.printk(KERN_ERR, "SRAT: SRAT not used.\n")
    k.acpi_numa = -1


@kfunc
def acpi_numa_slit_init(k: Kernel, slit: tuple[tuple[int, ...], ...]) -> None:
    """Take over the distances between the domains that have become nodes."""
    nodes = [pxm_to_node(k, pxm) for pxm in range(len(slit))]
    for i, from_node in enumerate(nodes):
        for j, to_node in enumerate(nodes):
            if NUMA_NO_NODE not in (from_node, to_node):
                numa_set_distance(k, from_node, to_node, slit[i][j])


@kfunc
def acpi_numa_processor_affinity_init(k: Kernel, cpu: SratCpu) -> None:
    """One CPU of the SRAT: its local APIC belongs to a domain."""
    if k.acpi_numa < 0:
        return
    node = setup_node(k, cpu.pxm)
    if node < 0:
        k.printk(KERN_ERR, f"SRAT: Too many proximity domains {cpu.pxm:x}\n")
        bad_srat(k)
        return
    text = f"SRAT: PXM {cpu.pxm} -> APIC 0x{cpu.apic_id:02x} -> Node {node}"
    if cpu.apic_id >= MAX_LOCAL_APIC:
        k.printk(KERN_INFO, f"{text} skipped apicid that is too big\n")
        return
    k.apicid_to_node[cpu.apic_id] = node
    k.numa_nodes_parsed.add(node)
    k.acpi_numa = 1
    k.printk(KERN_INFO, f"{text}\n")


@kfunc
def acpi_numa_memory_affinity_init(k: Kernel, memory: SratMemory) -> int:
    """One range of memory of the SRAT. -1 when it is not taken over.

    Hotpluggable ranges are passed over unless the kernel is built with memory hotplug.
    """
    save_add_info = k.build.enabled("MEMORY_HOTPLUG")
    if k.acpi_numa < 0 or (memory.hotplug and not save_add_info):
        return -1
    node = setup_node(k, memory.pxm)
    if node < 0:
        k.printk(KERN_ERR, "SRAT: Too many proximity domains.\n")
        bad_srat(k)
        return -1
    if numa_add_memblk(k, node, memory.base, memory.end) < 0:
        bad_srat(k)
        return -1
    k.numa_nodes_parsed.add(node)
    span = f"[mem {memory.base:#010x}-{memory.end - 1:#010x}]"
    hotplug = " hotplug" if memory.hotplug else ""
    k.printk(KERN_INFO, f"SRAT: Node {node} PXM {memory.pxm} {span}{hotplug}\n")
    if memory.hotplug and memblock_mark_hotplug(k, memory.base, memory.end - memory.base):
        k.printk(KERN_WARNING, f"SRAT: Failed to mark hotplug range {span} in memblock\n")
    return 0


@kfunc
def acpi_numa_arch_fixup(k: Kernel) -> None:
    """Nothing to put right on this architecture."""


@kfunc
def x86_acpi_numa_init(k: Kernel) -> int:
    """Nodes by ACPI; negative when it does not say, or nonsense."""
    result = acpi_numa_init(k)
    if result < 0:
        return result
    return -EINVAL if k.acpi_numa < 0 else 0
