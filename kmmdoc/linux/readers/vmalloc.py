"""Section `vmalloc`: the areas taken, those from before vmalloc, and where the next search begins."""

from __future__ import annotations

from typing import Any

from kmmdoc.linux.debugger import section
from kmmdoc.linux.include.linux.vmalloc import vm_struct, vmap_area
from kmmdoc.linux.state import Kernel


def _vm(vm: vm_struct, following: int) -> dict[str, Any]:
    return {
        "ptr": hex(vm.address),
        "addr": hex(vm.addr),
        "size": hex(vm.size),
        "flags": hex(vm.flags),
        "nr_pages": vm.nr_pages,
        "phys_addr": hex(vm.phys_addr),
        "caller": vm.caller,
        "next": hex(following),
    }


def _area(va: vmap_area, following: dict[int, int]) -> dict[str, Any]:
    data: dict[str, Any] = {
        "ptr": hex(va.address),
        "va_start": hex(va.va_start),
        "va_end": hex(va.va_end),
        "flags": va.flags,
    }
    if va.vm is not None:
        data["vm"] = _vm(va.vm, following.get(va.vm.address, 0))
    return data


@section("vmalloc")
def read(k: Kernel) -> dict[str, Any]:
    """{vmap_area_list and vmlist in order of address, the allocator's cached search position}."""
    following = {vm.address: after.address for vm, after in zip(k.vmlist, k.vmlist[1:], strict=False)}
    cache = k.free_vmap_cache
    node = k.build.structs["vmap_area"].offset("rb_node")
    return {
        "vmap_area_list": [_area(va, following) for va in k.vmap_area_list],
        "vmlist": [_vm(vm, following.get(vm.address, 0)) for vm in k.vmlist],
        "cached_hole_size": hex(k.cached_hole_size),
        "cached_vstart": hex(k.cached_vstart),
        "cached_align": hex(k.cached_align),
        "vmap_area_pcpu_hole": hex(k.vmap_area_pcpu_hole),
        "free_vmap_cache": hex(0 if cache is None else cache.address + node),
        "vm_init_off": hex(k.vm_init_off),
    }
