"""Areas for the chunks of the per-cpu allocator: several at fixed distances, from the top down."""

from __future__ import annotations

from bisect import bisect_right

from kmmdoc.linux.include.linux.gfp import GFP_KERNEL
from kmmdoc.linux.include.linux.slab import kcalloc, kzalloc
from kmmdoc.linux.include.linux.vmalloc import VM_ALLOC, vm_struct, vmap_area
from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.mm.slub.free import kfree
from kmmdoc.linux.mm.vmalloc.alloc import free_vm_area, setup_vmalloc_vm
from kmmdoc.linux.mm.vmalloc.areas import (
    VMALLOC_END,
    VMALLOC_START,
    __insert_vmap_area,
    _end,
    purge_vmap_area_lazy,
)
from kmmdoc.linux.state import Kernel

KFILE = "mm/vmalloc.c"


def _find_base(k: Kernel, offsets: list[int], sizes: list[int], align: int) -> int | None:
    """The highest address from which every area, at its offset, is free; None where there is none.

    Goes round the areas from the highest one down. Whatever is in the way of one moves the base below it;
    the search ends when all areas in a row fit.
    """
    areas = k.vmap_area_list
    top = VMALLOC_END & -align
    bottom = VMALLOC_START + align - 1 & -align
    n = len(offsets)
    last = max(range(n), key=lambda area: (offsets[area], -area))
    last_end = offsets[last] + sizes[last]
    if not areas:
        return top - last_end

    def below(at: int) -> tuple[int, int]:
        """Where to end below area `at` (behind the last: the top), passing over what reaches higher."""
        addr = min(areas[at].va_start & -align, top) if at < len(areas) else top
        while at > 0 and areas[at - 1].va_end > addr:
            at -= 1
        return addr, at

    area = terminal = last
    at = bisect_right(areas, k.vmap_area_pcpu_hole, key=_end)
    addr, at = below(at)
    base = addr - (offsets[area] + sizes[area])
    while base >= bottom:
        start, end = base + offsets[area], base + offsets[area] + sizes[area]
        blocked = at < len(areas) and areas[at].va_start < end
        if not blocked and at > 0 and areas[at - 1].va_end > start:
            at -= 1
            blocked = True
        if blocked:
            addr, at = below(at)
            base = addr - (offsets[area] + sizes[area])
            terminal = area
            continue
        area = (area + n - 1) % n
        if area == terminal:
            return base
        at = bisect_right(areas, base + offsets[area] + sizes[area], key=_end)
    return None


@kfunc
def pcpu_get_vm_areas(
    k: Kernel, offsets: list[int], sizes: list[int], nr_vms: int, align: int
) -> list[vm_struct] | None:
    """`nr_vms` areas at `offsets` from a common base, of `sizes` bytes each, None where there are none."""
    vms_ptr = kcalloc(k, nr_vms, 8, GFP_KERNEL)
    vas_ptr = kcalloc(k, nr_vms, 8, GFP_KERNEL)
    vas: list[vmap_area] = []
    vms: list[vm_struct] = []
    for _ in range(nr_vms):
        vas.append(vmap_area(kzalloc(k, k.build.sizeof("vmap_area"), GFP_KERNEL)))
        vms.append(vm_struct(kzalloc(k, k.build.sizeof("vm_struct"), GFP_KERNEL)))
    base = _find_base(k, offsets, sizes, align)
    if base is None:
        purge_vmap_area_lazy(k)
        base = _find_base(k, offsets, sizes, align)
    if base is None:
        for va, vm in zip(vas, vms, strict=True):
            kfree(k, va.address)
            kfree(k, vm.address)
        kfree(k, vas_ptr)
        kfree(k, vms_ptr)
        return None
    for va, offset, size in zip(vas, offsets, sizes, strict=True):
        va.va_start = base + offset
        va.va_end = va.va_start + size
        __insert_vmap_area(k, va)
    k.vmap_area_pcpu_hole = base + max(offsets)
    for va, vm in zip(vas, vms, strict=True):
        setup_vmalloc_vm(k, vm, va, VM_ALLOC, "pcpu_get_vm_areas")
    kfree(k, vas_ptr)
    k.pcpu_vms_ptr[vms[0].address] = vms_ptr
    return vms


@kfunc
def pcpu_free_vm_areas(k: Kernel, vms: list[vm_struct]) -> None:
    """Undo pcpu_get_vm_areas()."""
    vms_ptr = k.pcpu_vms_ptr.pop(vms[0].address)
    for vm in vms:
        free_vm_area(k, vm)
    kfree(k, vms_ptr)
