"""Debug options, merging, and what must hold whatever is allocated and freed."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kmmdoc.lab.place import boot_to
from kmmdoc.linux.include.linux.gfp import GFP_KERNEL
from kmmdoc.linux.include.linux.slab import (
    SLAB_DEBUG_FREE,
    SLAB_HWCACHE_ALIGN,
    SLAB_POISON,
    SLAB_RECLAIM_ACCOUNT,
    SLAB_RED_ZONE,
    SLAB_STORE_USER,
    SLAB_TRACE,
)
from kmmdoc.linux.mm.slab_common import find_mergeable, kmem_cache_create
from kmmdoc.linux.mm.slub.alloc import __kmalloc
from kmmdoc.linux.mm.slub.free import kfree
from kmmdoc.linux.mm.slub.layout import kmem_cache_flags, setup_slub_debug
from kmmdoc.linux.state import Kernel
from kmmdoc.machines.builds import load_build
from kmmdoc.machines.recorded import load_recorded
from kmmdoc.model.scenario import Machine, Scenario

TRUTH = Path(__file__).parents[1] / "data" / "truth"
ALL = SLAB_DEBUG_FREE | SLAB_RED_ZONE | SLAB_POISON | SLAB_STORE_USER


@cache
def _booted() -> Kernel:
    return boot_to(load_recorded(TRUTH / "m2g-c4"), "setup_per_cpu_pageset")


@pytest.fixture
def booted() -> Callable[[], Kernel]:
    """A kernel of its own that has reached setup_per_cpu_pageset()."""
    return lambda: copy.deepcopy(_booted())


# rest of the option -> what is checked, names it is for, whether larger slabs are avoided
OPTIONS = {
    "": (ALL, None, 0),
    "=": (ALL, None, 0),
    "=,kmalloc": (ALL, "kmalloc", 0),
    "=-": (0, None, 0),
    "=FZ": (SLAB_DEBUG_FREE | SLAB_RED_ZONE, None, 0),
    "=pu,dentry": (SLAB_POISON | SLAB_STORE_USER, "dentry", 0),
    "=T": (SLAB_TRACE, None, 0),
    "=O": (ALL, None, 1),
}


@pytest.mark.parametrize("rest", OPTIONS)
def test_slub_debug(rest: str) -> None:
    k = Kernel(Scenario(Machine("test", ()), load_build(), ""))
    assert setup_slub_debug(k, rest) == 1
    assert (k.slub_debug, k.slub_debug_slabs, k.disable_higher_order_debug) == OPTIONS[rest]


def test_slub_debug_says_what_it_does_not_know() -> None:
    k = Kernel(Scenario(Machine("test", ()), load_build(), ""))
    setup_slub_debug(k, "=fq")
    assert k.slub_debug == SLAB_DEBUG_FREE
    assert any("'q' unknown" in getattr(event, "text", "") for event in k.events)


def test_slub_debug_goes_by_the_beginning_of_the_name() -> None:
    k = Kernel(Scenario(Machine("test", ()), load_build(), ""))
    setup_slub_debug(k, "=Z,kmalloc-1")
    assert kmem_cache_flags(k, 128, 0, "kmalloc-128", None) == SLAB_RED_ZONE
    assert kmem_cache_flags(k, 16, 0, "kmalloc-16", None) == SLAB_RED_ZONE
    assert kmem_cache_flags(k, 8, 0, "kmalloc-8", None) == 0
    assert kmem_cache_flags(k, 8, 0, None, None) == 0  # the boot's caches have no name yet


def test_merging(booted: Callable[[], Kernel]) -> None:
    """200 bytes aligned to cache lines take 256; unaligned they would waste 56 bytes of kmalloc-256."""
    k = booted()
    names = {
        (200, 0, SLAB_HWCACHE_ALIGN): "kmalloc-256",
        (200, 0, 0): None,
        (185, 0, 0): "kmalloc-192",  # 192 after rounding up to words
        (40, 256, 0): "kmalloc-256",
        (4, 0, 0): "kmalloc-8",
        (64, 0, SLAB_RECLAIM_ACCOUNT): None,  # reclaimable memory stays apart
        (64, 0, SLAB_POISON): None,
    }
    for (size, align, flags), name in names.items():
        found = find_mergeable(k, size, align, flags, "test", None)
        assert (found.name if found else None) == name, (size, align, flags)
    assert find_mergeable(k, 64, 0, 0, "test", "constructor") is None


def test_a_merged_cache_is_counted_and_its_name_kept(booted: Callable[[], Kernel]) -> None:
    k = booted()
    before = k.kmalloc_caches[6]
    assert before is not None
    assert kmem_cache_create(k, "like_kmalloc_64", 60, 0, 0) is before
    assert before.refcount == 2
    assert k.alias_list[0].name == "like_kmalloc_64"


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([8, 96, 192, 1024, 4096, 8192]), st.integers(0, 5)), max_size=120))
def test_every_object_is_somewhere(operations: list[tuple[int, int]]) -> None:
    """No object is handed out twice or lost: used + free = objects of a slab, slabs are where they say."""
    k = copy.deepcopy(_booted())
    held: list[tuple[int, int]] = []
    for size, action in operations:
        if action < 2 and held:
            kfree(k, held.pop(action * (len(held) - 1))[0])
            continue
        obj = __kmalloc(k, size, GFP_KERNEL)
        assert all(obj + size <= start or start + length <= obj for start, length in held)
        held.append((obj, size))
    for s in k.slab_caches:
        slabs = {page.pfn: page for page in k.slab_pages.values() if page.slab_cache is s}
        c = s.cpus[0]
        own = {page.pfn for page in c.partials()} | ({c.page.pfn} if c.page is not None else set())
        for page in slabs.values():
            free = set(page.chain(page.freelist))
            assert len(free) == page.objects - page.inuse
            if c.page is page:
                lockless = set(page.chain(c.freelist))
                assert not lockless & free
                free |= lockless
            used = {obj for obj, _ in held if page.base <= obj < page.base + page.objects * page.size}
            assert not used & free
            assert page.frozen == (page.pfn in own)
        for n in s.node.values():
            assert n.nr_partial == len(n.partial)
            assert n.nr_slabs == len(slabs)
            assert n.total_objects == sum(page.objects for page in slabs.values())
