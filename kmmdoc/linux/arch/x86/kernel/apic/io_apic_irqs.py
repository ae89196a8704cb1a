"""Interrupt lines of the board's controllers, as far as they take memory.

Simplified: every controller has 24 pins, and the old pair of 8259s is there.
"""

from __future__ import annotations

from kmmdoc.linux.include.linux.gfp import __GFP_ZERO, GFP_KERNEL
from kmmdoc.linux.include.linux.slab import kzalloc_node
from kmmdoc.linux.kernel.irq.irqdesc import irq_alloc_desc_at
from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.mm.slub.alloc import __kmalloc
from kmmdoc.linux.state import Kernel

KFILE = "arch/x86/kernel/apic/io_apic.c"

PINS = 24
NR_LEGACY_IRQS = 16
NR_VECTORS = 256


@kfunc
def alloc_irq_and_cfg_at(k: Kernel, at: int, node: int) -> int:
    """Take line `at` and note which vectors serve it (32 bytes): the address of the note, 0 on failure."""
    if irq_alloc_desc_at(k, at, node) < 0:
        return 0
    return int(kzalloc_node(k, 32, GFP_KERNEL, node))


@kfunc
def arch_early_irq_init(k: Kernel) -> None:
    """Room to save the registers of each controller while the machine sleeps, then the 16 old lines."""
    for _ in k.ioapics:
        __kmalloc(k, 8 * PINS, GFP_KERNEL | __GFP_ZERO)
    node = max(k.x86_cpu_to_node_map[0], 0)
    for irq in range(NR_LEGACY_IRQS):
        alloc_irq_and_cfg_at(k, irq, node)


@kfunc
def arch_probe_nr_irqs(k: Kernel) -> int:
    """Limit the number of lines to what controllers and CPUs can use; none is taken yet."""
    gsi_top = PINS * len(k.ioapics)
    k.nr_irqs = min(k.nr_irqs, NR_VECTORS * k.nr_cpu_ids, gsi_top * 17 + NR_LEGACY_IRQS + 8 * k.nr_cpu_ids)
    return 0
