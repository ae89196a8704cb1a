"""arch/x86/kernel/setup.c, the memory kept for a crash kernel."""

from __future__ import annotations

from kmmdoc.linux.kernel.kexec import (
    parse_crashkernel,
    parse_crashkernel_high,
    parse_crashkernel_low,
)
from kmmdoc.linux.kernel.resource import insert_resource
from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.lib.swiotlb import swiotlb_size_or_default
from kmmdoc.linux.mm.memblock import (
    memblock_find_in_range,
    memblock_mem_size,
    memblock_phys_mem_size,
    memblock_reserve,
)
from kmmdoc.linux.state import KERN_INFO, Kernel
from kmmdoc.model.quantities import MAX_PHYSMEM_BITS, PAGE_SHIFT

KFILE = "arch/x86/kernel/setup.c"


ALIGNMENT = 16 << 20
CRASH_KERNEL_ADDR_LOW_MAX = 896 << 20
CRASH_KERNEL_ADDR_HIGH_MAX = 1 << MAX_PHYSMEM_BITS


@kfunc
def reserve_crashkernel_low(k: Kernel) -> None:
    """A crash kernel above 4 GiB needs some memory below it for devices.

    What is asked for, or room for swiotlb.
    """
    total_low_mem = memblock_mem_size(k, 1 << (32 - PAGE_SHIFT))
    asked = parse_crashkernel_low(k, k.boot_command_line, total_low_mem)
    if asked is None:
        low_size = swiotlb_size_or_default(k) + (8 << 20)
    else:
        low_size = asked[0]
        if not low_size:
            return
    low_base = memblock_find_in_range(k, low_size, 1 << 32, low_size, ALIGNMENT)
    if not low_base:
        if asked is not None:
            k.printk(KERN_INFO, "crashkernel low reservation failed - No suitable area found.\n")
        return
    memblock_reserve(k, low_base, low_size)
    k.printk(
        KERN_INFO,
        f"Reserving {low_size >> 20}MB of low memory at {low_base >> 20}MB for crashkernel "
        f"(System low RAM: {total_low_mem >> 20}MB)\n",
    )
    k.crashk_low_res.start, k.crashk_low_res.end = low_base, low_base + low_size - 1
    insert_resource(k, k.iomem_resource, k.crashk_low_res)


@kfunc
def reserve_crashkernel(k: Kernel) -> None:
    """Reserve what crashkernel= asks for: at its address, or as high as a kernel loader can reach."""
    total_mem = memblock_phys_mem_size(k)
    asked, limit = parse_crashkernel(k, k.boot_command_line, total_mem), CRASH_KERNEL_ADDR_LOW_MAX
    if asked is None or asked[0] <= 0:
        asked = parse_crashkernel_high(k, k.boot_command_line, total_mem)
        limit = CRASH_KERNEL_ADDR_HIGH_MAX
        if asked is None or asked[0] <= 0:
            return
    size, base = asked
    if not base:
        base = memblock_find_in_range(k, ALIGNMENT, limit, size, ALIGNMENT)
        if not base:
            k.printk(KERN_INFO, "crashkernel reservation failed - No suitable area found.\n")
            return
    elif memblock_find_in_range(k, base, base + size, size, 1 << 20) != base:
        k.printk(KERN_INFO, "crashkernel reservation failed - memory is in use.\n")
        return
    memblock_reserve(k, base, size)
    k.printk(
        KERN_INFO,
        f"Reserving {size >> 20}MB of memory at {base >> 20}MB for crashkernel "
        f"(System RAM: {total_mem >> 20}MB)\n",
    )
    k.crashk_res.start, k.crashk_res.end = base, base + size - 1
    insert_resource(k, k.iomem_resource, k.crashk_res)
    if base >= 1 << 32:
        reserve_crashkernel_low(k)
