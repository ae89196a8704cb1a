"""kernel/irq/irqdesc.c: what is kept for every interrupt line."""

from __future__ import annotations

from kmmdoc.linux.include.linux.gfp import GFP_KERNEL
from kmmdoc.linux.include.linux.slab import kzalloc_node
from kmmdoc.linux.kfunc import extern, kfunc
from kmmdoc.linux.lib.radix_tree import radix_tree_insert
from kmmdoc.linux.mm.percpu.alloc import __alloc_percpu
from kmmdoc.linux.state import KERN_INFO, Kernel

KFILE = "kernel/irq/irqdesc.c"

arch_probe_nr_irqs = extern("arch_probe_nr_irqs")
arch_early_irq_init = extern("arch_early_irq_init")

IRQ_DESC_SIZE = 320
"""Bytes of a struct irq_desc in a 64-bit build with sleep states and pending masks: 264, to cache lines."""

ENOMEM = 12

NR_IRQS_OF_CPUS = 4096
"""Lines that 64 CPUs or 128 controllers can have, without the 256 vectors."""


@kfunc
def alloc_desc(k: Kernel, irq: int, node: int) -> int:
    """The descriptor of a line and its counters on every CPU: its address, 0 on failure."""
    desc = kzalloc_node(k, IRQ_DESC_SIZE, GFP_KERNEL, node)
    return desc if desc and __alloc_percpu(k, 4, 4) else 0


@kfunc
def __irq_alloc_descs(k: Kernel, irq: int, first: int, count: int, node: int) -> int:
    """Take `count` lines from `irq` on: the first one's number, or -ENOMEM.

    Simplified: only lines that the caller names and that are free; the bitmap of lines is not kept.
    """
    for line in range(irq, irq + count):
        if not alloc_desc(k, line, node):
            return -ENOMEM
        radix_tree_insert(k, k.irq_desc_tree, line)
    return irq


def irq_alloc_desc_at(k: Kernel, at: int, node: int) -> int:
    """Take line `at`: its number, or -ENOMEM."""
    return __irq_alloc_descs(k, at, at, 1, node)


@kfunc
def early_irq_init(k: Kernel) -> None:
    """Find out how many lines there may be; the architecture then takes those it has from the start."""
    k.nr_irqs = NR_IRQS_OF_CPUS + 256
    limit = k.nr_irqs
    given = arch_probe_nr_irqs(k)
    k.printk(KERN_INFO, f"NR_IRQS:{limit} nr_irqs:{k.nr_irqs} {given}\n")
    arch_early_irq_init(k)
