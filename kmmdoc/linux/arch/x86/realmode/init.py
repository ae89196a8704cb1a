"""arch/x86/realmode/init.c: the piece of low memory in which the other CPUs begin to run."""

from __future__ import annotations

from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.mm.memblock import memblock_find_in_range, memblock_reserve
from kmmdoc.linux.state import KERN_DEBUG, Kernel, __va
from kmmdoc.model.quantities import PAGE_SIZE


@kfunc
def reserve_real_mode(k: Kernel) -> None:
    """Reserve room below 1 MiB for the trampoline: code that a CPU can run in real mode."""
    blob = k.build.symbol("real_mode_blob_end") - k.build.symbol("real_mode_blob")
    size = -(-blob // PAGE_SIZE) * PAGE_SIZE
    mem = memblock_find_in_range(k, 0, 1 << 20, size, PAGE_SIZE)
    if not mem:
        k.panic("Cannot allocate trampoline")
    memblock_reserve(k, mem, size)
    k.real_mode_header = __va(mem)
    k.printk(KERN_DEBUG, f"Base memory trampoline at [{__va(mem):016x}] {mem:x} size {size}\n")


@kfunc
def setup_real_mode(k: Kernel) -> None:
    """Copy the trampoline to its place and give it the kernel's page tables.

    Simplified: its contents are not modelled, and neither is its own small page table.
    """
