"""A kernel on the bench: its allocators called one by one, its state looked at in between."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, TypeVar

from kmmdoc.lab.place import boot_to, copy_kernel
from kmmdoc.lab.record import differences
from kmmdoc.lab.state import SECTIONS
from kmmdoc.linux.arch.x86.mm.ioremap_area import ioremap_nocache, iounmap
from kmmdoc.linux.include.linux import gfp as masks
from kmmdoc.linux.include.linux.slub_def import KmemCache
from kmmdoc.linux.mm.mempolicy import alloc_pages_current
from kmmdoc.linux.mm.page_alloc.alloc import alloc_pages_node
from kmmdoc.linux.mm.page_alloc.free import __free_pages as free_block
from kmmdoc.linux.mm.page_alloc.free import drain_local_pages
from kmmdoc.linux.mm.percpu.alloc import __alloc_percpu as percpu_alloc
from kmmdoc.linux.mm.percpu.alloc import free_percpu
from kmmdoc.linux.mm.slab_common import (
    kmem_cache_create,
    kmem_cache_destroy,
    kmem_cache_shrink,
    krealloc,
)
from kmmdoc.linux.mm.slub.alloc import __kmalloc as kmalloc
from kmmdoc.linux.mm.slub.alloc import __kmalloc_node as kmalloc_node
from kmmdoc.linux.mm.slub.alloc import kmem_cache_alloc
from kmmdoc.linux.mm.slub.free import kfree, kmem_cache_free, ksize
from kmmdoc.linux.mm.vmalloc.alloc import vfree, vmalloc, vmap, vunmap
from kmmdoc.linux.mm.vmalloc.blocks import vm_map_ram, vm_unmap_aliases, vm_unmap_ram
from kmmdoc.linux.state import Kernel
from kmmdoc.machines.resolve import resolve
from kmmdoc.model.trace import CallNode, call_tree, dmesg, fold

T = TypeVar("T")

State = dict[str, Any]
"""Sections of the state, in the schema of the recorded sequences (see `kmmdoc.lab.state`)."""

VM_MAP = 4


class Change(NamedTuple):
    """A value that differs between two states; None where there is nothing.

    `path` leads to it from the section on, such as "zones.0/DMA32.vm_stat.NR_FREE_PAGES".
    """

    path: str
    before: Any
    after: Any


def gfp_mask(gfp: int | str) -> int:
    """The mask that names such as "GFP_KERNEL|__GFP_ZERO" stand for; a number stays as it is.

    >>> hex(gfp_mask("GFP_KERNEL")), hex(gfp_mask("GFP_ATOMIC | __GFP_COLD"))
    ('0xd0', '0x120')
    """
    if isinstance(gfp, int):
        return gfp
    mask = 0
    for name in map(str.strip, gfp.split("|")):
        value = getattr(masks, name, None) if re.fullmatch(r"(__)?GFP_[A-Z0-9_]+", name) else None
        if not isinstance(value, int):
            raise ValueError(f"no GFP flag is called {name!r}")
        mask |= value
    return mask


class Lab:
    """One kernel and its allocators. Page frames and addresses are numbers; None is what failed.

    Every call goes the way that the kernel's code goes: `last_call` is its call tree, `log` what was
    printed. What a kernel would end with a BUG for raises KernelBug.
    """

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self.log: list[str] = []
        self.last_call: list[CallNode] = []

    @classmethod
    def boot(cls, machine: str, *, command_line: str | None = None, after: str | None = None) -> Lab:
        """Boot a machine (a bundled name, a file, a boot log, a recorded folder) and take its kernel.

        The kernel is that of the finished boot, or with `after` that of the moment when the function of
        that name first returned. KmmdocError where there is no such machine, LookupError where the boot
        never comes to that place, KernelPanic where it ends before.
        """
        return cls(boot_to(resolve(machine, command_line), after))

    def copy(self) -> Lab:
        """Another lab with the same state, on which calls change nothing here."""
        other = Lab(copy_kernel(self.kernel))
        other.log = list(self.log)
        return other

    def _call(self, function: Callable[..., T], *args: Any) -> T:
        """Call a kernel function, and take what it recorded out of the kernel's trace."""
        events = self.kernel.events
        mark = len(events)
        try:
            return function(self.kernel, *args)
        finally:
            recorded = events[mark:]
            del events[mark:]
            self.log += dmesg(recorded)
            self.last_call = [fold(node) for node in call_tree(recorded)]

    # Pages.

    def alloc_pages(
        self, order: int = 0, gfp: int | str = "GFP_KERNEL", node: int | None = None
    ) -> int | None:
        """Allocate 2**order page frames in a row: the first, preferably on `node` (None: by policy)."""
        if node is None:
            return self._call(alloc_pages_current, gfp_mask(gfp), order)
        return self._call(alloc_pages_node, node, gfp_mask(gfp), order)

    def free_pages(self, pfn: int, order: int = 0) -> None:
        """Free what alloc_pages() of the same order returned."""
        self._call(free_block, pfn, order)

    def drain(self) -> None:
        """Give the page frames that the CPU keeps on lists of its own back to their zones."""
        self._call(drain_local_pages)

    # Objects.

    def kmalloc(self, size: int, gfp: int | str = "GFP_KERNEL", node: int | None = None) -> int | None:
        """Allocate `size` bytes: their address."""
        if node is None:
            return self._call(kmalloc, size, gfp_mask(gfp)) or None
        return self._call(kmalloc_node, size, gfp_mask(gfp), node) or None

    def kfree(self, address: int) -> None:
        """Free what kmalloc() or krealloc() returned."""
        self._call(kfree, address)

    def krealloc(self, address: int, size: int, gfp: int | str = "GFP_KERNEL") -> int | None:
        """At least `size` bytes in place of those at `address`: where."""
        return self._call(krealloc, address, size, gfp_mask(gfp)) or None

    def ksize(self, address: int) -> int:
        """Bytes that were really allocated at `address`."""
        return self._call(ksize, address)

    def cache_create(self, name: str, size: int, align: int = 0, flags: int = 0) -> KmemCache | None:
        """A cache for objects of `size` bytes; one that exists and suits is shared."""
        return self._call(kmem_cache_create, name, size, align, flags)

    def cache(self, name: str) -> KmemCache:
        """The cache called `name`; KeyError where there is none."""
        for s in self.kernel.slab_caches:
            if s.name == name:
                return s
        raise KeyError(name)

    def cache_alloc(self, cache: KmemCache, gfp: int | str = "GFP_KERNEL") -> int | None:
        """Allocate an object of a cache: its address."""
        return self._call(kmem_cache_alloc, cache, gfp_mask(gfp)) or None

    def cache_free(self, cache: KmemCache, address: int) -> None:
        """Free an object of a cache."""
        self._call(kmem_cache_free, cache, address)

    def cache_shrink(self, cache: KmemCache) -> None:
        """Give the empty slabs of a cache back."""
        self._call(kmem_cache_shrink, cache)

    def cache_destroy(self, cache: KmemCache) -> None:
        """Give up a cache, when nobody else shares it."""
        self._call(kmem_cache_destroy, cache)

    # Virtually contiguous memory.

    def vmalloc(self, size: int) -> int | None:
        """Allocate `size` bytes in whole pages, from anywhere, in a row of addresses: where."""
        return self._call(vmalloc, size) or None

    def vfree(self, address: int) -> None:
        """Free what vmalloc() returned."""
        self._call(vfree, address)

    def vmap(self, pfns: Sequence[int]) -> int | None:
        """Map page frames in a row of addresses: where."""
        return self._call(vmap, list(pfns), VM_MAP) or None

    def vunmap(self, address: int) -> None:
        """Undo vmap()."""
        self._call(vunmap, address)

    def vm_map_ram(self, pfns: Sequence[int], node: int = -1) -> int | None:
        """Map page frames for a short time, up to 64 of them in a block that many share: where."""
        return self._call(vm_map_ram, list(pfns), node) or None

    def vm_unmap_ram(self, address: int, count: int) -> None:
        """Undo vm_map_ram() of `count` page frames."""
        self._call(vm_unmap_ram, address, count)

    def vm_unmap_aliases(self) -> None:
        """Purge the addresses that are unmapped and wait."""
        self._call(vm_unmap_aliases)

    def ioremap(self, phys: int, size: int) -> int | None:
        """Map I/O memory at the physical address `phys`, uncached: where."""
        return self._call(ioremap_nocache, phys, size) or None

    def iounmap(self, address: int) -> None:
        """Undo ioremap()."""
        self._call(iounmap, address)

    # Per-CPU memory.

    def alloc_percpu(self, size: int, align: int = 8) -> int | None:
        """Allocate `size` bytes for every possible CPU: the per-cpu address."""
        return self._call(percpu_alloc, size, align) or None

    def free_percpu(self, address: int) -> None:
        """Free what alloc_percpu() returned."""
        self._call(free_percpu, address)

    # Looking.

    def snapshot(self, sections: Iterable[str] = tuple(SECTIONS)) -> State:
        """The state now, as a value that later calls do not change; KeyError for an unknown section."""
        return {name: SECTIONS[name](self.kernel) for name in sections}

    @staticmethod
    def diff(before: State, after: State) -> list[Change]:
        """What differs between two snapshots, in the order of the sections."""
        return [Change(*difference) for difference in differences(before, after)]
