"""The structures of the SLUB allocator: caches, their per-node and per-CPU parts, and slabs.

Pointers to objects are virtual addresses (int, 0 for NULL); pointers to these structures are the Python
objects themselves, which know the address that the kernel gave them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

DOWN, PARTIAL, PARTIAL_NODE, UP, FULL = range(5)
"""enum slab_state: nothing works yet; kmem_cache_node does; (SLAB only); kmalloc does; sysfs does."""


class OrderObjects(NamedTuple):
    """struct kmem_cache_order_objects: the page order of a slab and how many objects fit in it."""

    order: int
    objects: int


class SlabPage:
    """The head page of a slab: the fields of its struct page that SLUB uses, and the slab's free list.

    `base` is the virtual address of the first object, `size` the distance of two objects in bytes.
    `freelist` is the first object on the page's own list. The links between free objects lie in the
    objects; `links` keeps only those that were written since the slab was made, every other object
    links to its neighbour, as new_slab() leaves it. `next`, `pages` and `pobjects` belong to the
    per-CPU list of partial slabs.
    """

    __slots__ = (
        "base",
        "freelist",
        "frozen",
        "inuse",
        "links",
        "next",
        "objects",
        "order",
        "pages",
        "pfn",
        "pobjects",
        "size",
        "slab_cache",
    )

    def __init__(self, pfn: int, base: int, order: int, objects: int, cache: KmemCache) -> None:
        self.pfn = pfn
        self.base = base
        self.order = order
        self.objects = objects
        self.inuse = 0
        self.frozen = False
        self.freelist = 0
        self.slab_cache = cache
        self.size = cache.size
        self.links: dict[int, int] = {}
        self.next: SlabPage | None = None
        self.pages = 0
        self.pobjects = 0

    def get_freepointer(self, obj: int) -> int:
        """The free object that `obj` links to, 0 at the end."""
        link = self.links.get(obj)
        if link is not None:
            return link
        following = obj + self.size
        return following if following < self.base + self.objects * self.size else 0

    def set_freepointer(self, obj: int, following: int) -> None:
        """Write `following` into the free object `obj`."""
        self.links[obj] = following

    def chain(self, first: int) -> Iterator[int]:
        """The free objects from `first` on, in list order."""
        while first:
            yield first
            first = self.get_freepointer(first)

    def index(self, obj: int) -> int:
        """Position of `obj` in the slab."""
        return (obj - self.base) // self.size

    def __repr__(self) -> str:
        return f"<slab of {self.slab_cache.name} at pfn {self.pfn}: {self.inuse}/{self.objects}>"


class KmemCacheCpu:
    """struct kmem_cache_cpu: the slab that a CPU allocates from and its lockless list of free objects."""

    __slots__ = ("freelist", "page", "partial", "tid")

    def __init__(self, tid: int) -> None:
        self.freelist = 0
        self.tid = tid
        self.page: SlabPage | None = None
        self.partial: SlabPage | None = None

    def partials(self) -> Iterator[SlabPage]:
        """The CPU's partial slabs, in list order."""
        page = self.partial
        while page is not None:
            yield page
            page = page.next


class KmemCacheNode:
    """struct kmem_cache_node (mm/slab.h): a cache on one memory node; two lists of slabs, head first."""

    __slots__ = ("address", "full", "nr_partial", "nr_slabs", "partial", "total_objects")

    def __init__(self, address: int) -> None:
        self.address = address
        self.nr_partial = 0
        self.partial: list[SlabPage] = []
        self.nr_slabs = 0
        self.total_objects = 0
        self.full: list[SlabPage] = []


class KmemCache:
    """struct kmem_cache. `address` is where the kernel keeps it, 0 for the two static ones of the boot.

    `cpu_slab` is the per-cpu pointer (an offset from a CPU's area), `cpus` what it points to, by CPU.
    `node` maps a node to its KmemCacheNode.
    """

    __slots__ = (
        "address",
        "align",
        "allocflags",
        "cpu_partial",
        "cpu_slab",
        "cpus",
        "ctor",
        "flags",
        "inuse",
        "max",
        "min",
        "min_partial",
        "name",
        "node",
        "object_size",
        "offset",
        "oo",
        "refcount",
        "remote_node_defrag_ratio",
        "reserved",
        "size",
    )

    def __init__(self, address: int = 0) -> None:
        self.address = address
        self.cpu_slab = 0
        self.cpus: dict[int, KmemCacheCpu] = {}
        self.flags = 0
        self.min_partial = 0
        self.size = 0
        self.object_size = 0
        self.offset = 0
        self.cpu_partial = 0
        self.oo = self.max = self.min = OrderObjects(0, 0)
        self.allocflags = 0
        self.refcount = 0
        self.ctor: str | None = None
        self.inuse = 0
        self.align = 0
        self.reserved = 0
        self.name: str | None = None
        self.remote_node_defrag_ratio = 0
        self.node: dict[int, KmemCacheNode] = {}

    def copied_to(self, address: int) -> KmemCache:
        """The same bytes at another address: per-CPU and per-node parts are shared, being pointers."""
        copy = KmemCache()
        for field in self.__slots__:
            setattr(copy, field, getattr(self, field))
        copy.address = address
        copy.node = dict(self.node)
        return copy

    def __repr__(self) -> str:
        return f"<kmem_cache {self.name}>"


class SavedAlias(NamedTuple):
    """struct saved_alias: a name that sysfs must learn later for a merged cache."""

    s: KmemCache
    name: str
