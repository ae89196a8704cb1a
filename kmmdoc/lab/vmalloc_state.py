"""The vmalloc space as a JSON value, in the schema of the recorded sequences."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kmmdoc.linux.arch.x86.mm.pgtable_ext import Leaf
from kmmdoc.linux.include.linux.mm_types import PageRow
from kmmdoc.linux.include.linux.topology import smp_processor_id
from kmmdoc.linux.include.linux.vmalloc import vm_struct, vmap_area, vmap_block
from kmmdoc.linux.mm.vmalloc.areas import VMALLOC_END, VMALLOC_START
from kmmdoc.linux.state import Kernel

Json = dict[str, Any]

ACCESSED_DIRTY = 0x60
"""Bits of a page table entry that the records show and the simulator leaves out."""
LISTED_PAGES = 64
"""Pages of an area that are listed one by one; of more there are runs."""
INDIRECT = 1
"""The bit that marks a pointer to a node of a radix tree."""


def runs(numbers: Iterable[int]) -> list[list[int]]:
    """Numbers in list order as [first, last] of stretches that go up by one.

    >>> runs([3, 4, 5, 1, 9, 8])
    [[3, 5], [1, 1], [9, 9], [8, 8]]
    """
    result: list[list[int]] = []
    for n in numbers:
        if result and result[-1][1] == n - 1:
            result[-1][1] = n
        else:
            result.append([n, n])
    return result


def _pages(row: PageRow) -> Any:
    if len(row) <= LISTED_PAGES:
        return list(row)
    return {"n": len(row), "runs": runs(row)}


def _vm(vm: vm_struct) -> Json:
    data: Json = {
        "ptr": hex(vm.address),
        "addr": hex(vm.addr),
        "size": hex(vm.size),
        "flags": hex(vm.flags),
        "nr_pages": vm.nr_pages,
        "phys_addr": hex(vm.phys_addr),
        "caller": vm.caller,
        "pages_ptr": hex(vm.pages_ptr),
    }
    if vm.pages_ptr:
        data["pages"] = _pages(vm.pages)
    return data


def _area(leaves: list[Leaf], va: vmap_area) -> Json:
    data: Json = {"ptr": hex(va.address), "va_end": hex(va.va_end), "flags": va.flags}
    if va.vm is not None:
        data["vm"] = _vm(va.vm)
    data["mapped"] = [
        [hex(leaf.va), hex(leaf.pa), leaf.nr, leaf.level, hex(leaf.flags | ACCESSED_DIRTY)]
        for leaf in leaves
        if va.va_start <= leaf.va < va.va_end
    ]
    return data


def _block(vb: vmap_block) -> Json:
    return {
        "ptr": hex(vb.address),
        "va_start": hex(vb.va.va_start),
        "free": vb.free,
        "dirty": vb.dirty,
        "dirty_map": runs(bit for bit in range(vb.dirty_map.bit_length()) if vb.dirty_map >> bit & 1),
    }


def _block_tree(k: Kernel) -> Json:
    """Height and root pointer: the only block itself, or a node, whose pointer is marked."""
    root = k.vmap_block_tree_root
    if root.height:
        pointer = root.nodes[root.height, 0] | INDIRECT
    else:
        pointer = k.vmap_block_tree[0].address if 0 in k.vmap_block_tree else 0
    return {"height": root.height, "rnode": hex(pointer)}


def read_vmalloc(k: Kernel) -> Json:
    """Areas in order of address, where the next search starts, blocks of this CPU, page-table pages."""
    cache = k.free_vmap_cache
    leaves = [leaf for leaf in k.init_pgt.leaves() if VMALLOC_START <= leaf.va < VMALLOC_END]
    return {
        "areas": {hex(va.va_start): _area(leaves, va) for va in k.vmap_area_list},
        "order": [hex(va.va_start) for va in k.vmap_area_list],
        "rbtree": [[hex(node.key), int(not node.red), depth] for node, depth in k.vmap_area_root.preorder()],
        "cached_hole_size": hex(k.cached_hole_size),
        "cached_vstart": hex(k.cached_vstart),
        "cached_align": hex(k.cached_align),
        "free_vmap_cache": hex(cache.va_start) if cache is not None else 0,
        "vmap_lazy_nr": k.vmap_lazy_nr,
        "vmap_block_queue_cpu0_free": [_block(vb) for vb in k.vmap_block_queue[smp_processor_id(k)]],
        "vmap_block_tree": _block_tree(k),
        "pt_pages": [
            [phys >> 12, level, hex(va)]
            for phys, level, va, _ in k.init_pgt.tables()
            if VMALLOC_START <= va < VMALLOC_END
        ],
    }
