"""arch/x86/kernel/check.c: low memory that a broken BIOS may write to, kept empty and watched."""

from __future__ import annotations

from kmmdoc.linux.include.linux.memblock import NUMA_NO_NODE
from kmmdoc.linux.kfunc import early_param, kfunc
from kmmdoc.linux.lib.cmdline import memparse
from kmmdoc.linux.lib.vsprintf import simple_strtol
from kmmdoc.linux.mm.memblock import for_each_free_mem_range, memblock_reserve
from kmmdoc.linux.state import KERN_INFO, Kernel
from kmmdoc.model.quantities import PAGE_SIZE

EINVAL = 22
MAX_SCAN_AREAS = 8


@early_param("memory_corruption_check")
@kfunc
def set_corruption_check(k: Kernel, value: str | None) -> int:
    """memory_corruption_check=0|1: watch low memory or not."""
    text = value or ""
    number, used = simple_strtol(text)
    if used == len(text):
        k.memory_corruption_check = number
    return 0 if number == k.memory_corruption_check else -EINVAL


@early_param("memory_corruption_check_size")
@kfunc
def set_corruption_check_size(k: Kernel, value: str | None) -> int:
    """memory_corruption_check_size=SIZE: watch memory below SIZE."""
    text = value or ""
    size, used = memparse(text)
    if used == len(text):
        k.corruption_check_size = size
    return 0 if size == k.corruption_check_size else -EINVAL


@kfunc
def setup_bios_corruption_check(k: Kernel) -> None:
    """Reserve the free pages of the first 64 KiB, to see later whether somebody wrote to them."""
    if k.memory_corruption_check == -1:
        k.memory_corruption_check = int(k.build.enabled("X86_BOOTPARAM_MEMORY_CORRUPTION_CHECK"))
    if not k.corruption_check_size:
        k.memory_corruption_check = 0
    if not k.memory_corruption_check:
        return
    limit = k.corruption_check_size = -(-k.corruption_check_size // PAGE_SIZE) * PAGE_SIZE
    for start, end, _ in for_each_free_mem_range(k, NUMA_NO_NODE):
        start = min(max(-(-start // PAGE_SIZE) * PAGE_SIZE, PAGE_SIZE), limit)
        end = min(max(end // PAGE_SIZE * PAGE_SIZE, PAGE_SIZE), limit)
        if start >= end:
            continue
        memblock_reserve(k, start, end - start)
        k.scan_areas.append((start, end - start))
        if len(k.scan_areas) >= MAX_SCAN_AREAS:
            break
    if k.scan_areas:
        k.printk(KERN_INFO, f"Scanning {len(k.scan_areas)} areas for low memory corruption\n")
