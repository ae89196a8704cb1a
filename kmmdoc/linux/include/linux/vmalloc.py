"""The structures of the vmalloc space: areas of addresses, and what is mapped in them."""

from __future__ import annotations

from kmmdoc.linux.include.linux.mm_types import PageRow
from kmmdoc.linux.include.linux.rbtree import rb_node

KFILE = "include/linux/vmalloc.h"

VM_IOREMAP = 0x01
VM_ALLOC = 0x02
VM_MAP = 0x04
VM_USERMAP = 0x08
VM_VPAGES = 0x10
VM_UNINITIALIZED = 0x20

VM_LAZY_FREE = 0x01
VM_LAZY_FREEING = 0x02
VM_VM_AREA = 0x04
"""Flags of a vmap_area: to be purged; being purged; `vm` is set."""


class vm_struct:
    """A stretch of virtual memory with something mapped in it; `size` counts the guard page at its end.

    `address` is where the structure itself lies. `pages` are the page frames of a vmalloc() area, whose
    array lies at `pages_ptr`; `caller` names the function that asked, where that is known.
    """

    __slots__ = ("addr", "address", "caller", "flags", "nr_pages", "pages", "pages_ptr", "phys_addr", "size")

    def __init__(self, address: int, size: int = 0, flags: int = 0) -> None:
        self.address = address
        self.addr = 0
        self.size = size
        self.flags = flags
        self.pages = PageRow()
        self.pages_ptr = 0
        self.nr_pages = 0
        self.phys_addr = 0
        self.caller: str | None = None


class vmap_area:
    """Addresses `[va_start, va_end)` of the vmalloc space that are taken."""

    __slots__ = ("address", "flags", "rb_node", "va_end", "va_start", "vm")

    def __init__(self, address: int, va_start: int = 0, va_end: int = 0) -> None:
        self.rb_node = rb_node()
        self.address = address
        self.va_start = va_start
        self.va_end = va_end
        self.flags = 0
        self.vm: vm_struct | None = None

    def __repr__(self) -> str:
        return f"<vmap_area {self.va_start:#x}-{self.va_end:#x}>"


class vmap_block:
    """4 MiB of addresses that vm_map_ram() hands out in parts; `dirty_map` has a bit a page unmapped."""

    __slots__ = ("address", "dirty", "dirty_map", "free", "va")

    def __init__(self, address: int, va: vmap_area, pages: int) -> None:
        self.address = address
        self.va = va
        self.free = pages
        self.dirty = 0
        self.dirty_map = 0
