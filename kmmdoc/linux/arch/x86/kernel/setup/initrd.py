"""arch/x86/kernel/setup.c, the initial RAM disk: kept where it is, or moved to where it is mapped."""

from __future__ import annotations

from kmmdoc.linux.arch.x86.mm.init import pfn_range_is_mapped
from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.mm.memblock import (
    memblock_find_in_range,
    memblock_free,
    memblock_mem_size,
    memblock_reserve,
)
from kmmdoc.linux.state import KERN_INFO, PAGE_OFFSET, Kernel
from kmmdoc.model.quantities import PAGE_SHIFT, PAGE_SIZE

KFILE = "arch/x86/kernel/setup.c"


def _page_align(address: int) -> int:
    return -(-address // PAGE_SIZE) * PAGE_SIZE


@kfunc
def get_ramdisk_image(k: Kernel) -> int:
    """Physical address of the RAM disk, 0 without one."""
    return k.boot_params.ramdisk_image


@kfunc
def get_ramdisk_size(k: Kernel) -> int:
    """Bytes of the RAM disk."""
    return k.boot_params.ramdisk_size


@kfunc
def relocate_initrd(k: Kernel, ramdisk_image: int, ramdisk_size: int) -> None:
    """Move the RAM disk down into memory that is mapped."""
    area_size = _page_align(ramdisk_size)
    new = memblock_find_in_range(k, 0, k.max_pfn_mapped << PAGE_SHIFT, area_size, PAGE_SIZE)
    if not new:
        k.panic(f"Cannot find place for new RAMDISK of size {ramdisk_size}")
    k.relocated_ramdisk = new
    memblock_reserve(k, new, area_size)
    k.initrd_start = new + PAGE_OFFSET
    k.initrd_end = k.initrd_start + ramdisk_size
    to = f"[mem {new:#010x}-{new + ramdisk_size - 1:#010x}]"
    k.printk(KERN_INFO, f"Allocated new RAMDISK: {to}\n")
    old = f"[mem {ramdisk_image:#010x}-{ramdisk_image + ramdisk_size - 1:#010x}]"
    k.printk(KERN_INFO, f"Move RAMDISK from {old} to {to}\n")


@kfunc
def early_reserve_initrd(k: Kernel) -> None:
    """Reserve the RAM disk before anything else can take its memory."""
    image, size = get_ramdisk_image(k), get_ramdisk_size(k)
    if k.machine.type_of_loader and image and size:
        memblock_reserve(k, image, _page_align(image + size) - image)


@kfunc
def reserve_initrd(k: Kernel) -> None:
    """Now that memory is mapped: see whether the RAM disk is too, and move it if not."""
    image, size = get_ramdisk_image(k), get_ramdisk_size(k)
    if not (k.machine.type_of_loader and image and size):
        return
    end = _page_align(image + size)
    k.initrd_start = 0
    mapped_size = memblock_mem_size(k, k.max_pfn_mapped)
    if size >= mapped_size >> 1:
        k.panic(f"initrd too large to handle, disabling initrd ({size} needed, {mapped_size >> 1} available)")
    k.printk(KERN_INFO, f"RAMDISK: [mem {image:#010x}-{end - 1:#010x}]\n")
    if pfn_range_is_mapped(k, image >> PAGE_SHIFT, end >> PAGE_SHIFT):
        k.initrd_start = image + PAGE_OFFSET
        k.initrd_end = k.initrd_start + size
        return
    relocate_initrd(k, image, size)
    memblock_free(k, image, end - image)
