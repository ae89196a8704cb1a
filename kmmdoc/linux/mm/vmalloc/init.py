"""Areas from before vmalloc works, and the start of vmalloc."""

from __future__ import annotations

from kmmdoc.linux.include.linux.gfp import GFP_NOWAIT
from kmmdoc.linux.include.linux.slab import kzalloc
from kmmdoc.linux.include.linux.vmalloc import VM_ALLOC, VM_VM_AREA, vm_struct, vmap_area
from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.mm.vmalloc.areas import VMALLOC_END, VMALLOC_START, __insert_vmap_area
from kmmdoc.linux.mm.vmalloc.mapping import PAGE_SIZE
from kmmdoc.linux.state import Kernel

KFILE = "mm/vmalloc.c"


@kfunc
def vm_area_add_early(k: Kernel, vm: vm_struct) -> None:
    """Note a fixed area in order of address; only before vmalloc_init(), and it may overlap no other."""
    if k.vmap_initialized:
        k.bug("vm_area_add_early")
    at = sum(other.addr < vm.addr for other in k.vmlist)
    if (at and k.vmlist[at - 1].addr + k.vmlist[at - 1].size > vm.addr) or (
        at < len(k.vmlist) and k.vmlist[at].addr < vm.addr + vm.size
    ):
        k.bug("vm_area_add_early")
    k.vmlist.insert(at, vm)


@kfunc
def vm_area_register_early(k: Kernel, address: int, size: int, align: int, flags: int = VM_ALLOC) -> int:
    """Take the next `size` bytes of the vmalloc space for the vm_struct at `address`: where they begin."""
    vm = vm_struct(address, size, flags)
    vm.addr = VMALLOC_START + k.vm_init_off + align - 1 & -align
    k.vm_init_off = (vm.addr + size + PAGE_SIZE - 1 & -PAGE_SIZE) - VMALLOC_START
    vm_area_add_early(k, vm)
    return vm.addr


@kfunc
def vmalloc_init(k: Kernel) -> None:
    """Start vmalloc: empty block queues for all CPUs, and the early areas become real ones."""
    for cpu in sorted(k.cpu_possible_mask):
        k.vmap_block_queue[cpu] = []
    for vm in k.vmlist:
        va = vmap_area(kzalloc(k, k.build.sizeof("vmap_area"), GFP_NOWAIT), vm.addr, vm.addr + vm.size)
        va.flags = VM_VM_AREA
        va.vm = vm
        __insert_vmap_area(k, va)
    k.vmap_area_pcpu_hole = VMALLOC_END
    k.vmap_initialized = True
