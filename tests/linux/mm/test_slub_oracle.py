"""The geometry of caches against the results of the real functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from kmmdoc.linux.include.linux.slab import ZERO_SIZE_PTR, kmalloc_index, kmalloc_size
from kmmdoc.linux.include.linux.slub_def import KmemCache
from kmmdoc.linux.mm.slab_common import calculate_alignment, kmalloc_slab
from kmmdoc.linux.mm.slub import boot
from kmmdoc.linux.mm.slub.layout import calculate_order, slab_order
from kmmdoc.linux.state import Kernel, KernelPanic
from kmmdoc.machines.builds import load_build
from kmmdoc.model.scenario import Machine, Scenario

Oracle = Callable[[str], Any]


@pytest.fixture
def k(monkeypatch: pytest.MonkeyPatch) -> Kernel:
    """A kernel without memory, so that a cache has no node; its per-cpu part is where a stand-in says."""
    monkeypatch.setattr(boot, "__alloc_percpu", lambda k, size, align: 0x1000)
    machine = Machine("oracle", (), cpu_flags=frozenset({"cx16"}))
    kernel = Kernel(Scenario(machine, load_build(), ""))
    kernel.cpu_possible_mask = {0}
    return kernel


def test_calculate_alignment_oracle(oracle: Oracle, k: Kernel) -> None:
    for flags, align, size, result in oracle("pure.json")["calculate_alignment"]:
        assert calculate_alignment(k, flags, align, size) == result, (flags, align, size)


def test_kmalloc_index_oracle(oracle: Oracle) -> None:
    for size, index in oracle("pure.json")["kmalloc_index"]:
        assert kmalloc_index(size) == index, size


def test_kmalloc_size_oracle(oracle: Oracle) -> None:
    for index, size in oracle("pure.json")["kmalloc_size"]:
        assert kmalloc_size(index) == size, index


def test_kmalloc_slab_oracle(oracle: Oracle, k: Kernel) -> None:
    for array, caches in (("kmalloc", k.kmalloc_caches), ("dma-kmalloc", k.kmalloc_dma_caches)):
        for i in range(1, len(caches)):
            caches[i] = KmemCache()
            caches[i].name = f"{array} {i}"
    for size, dma, result in oracle("pure.json")["kmalloc_slab"]:
        got = kmalloc_slab(k, size, dma)
        if result == "ZERO_SIZE_PTR":
            assert got == ZERO_SIZE_PTR
        elif result is None or result == "NULL":
            assert got == 0
        else:
            assert isinstance(got, KmemCache)
            array = "kmalloc" if result[0] == "kmalloc" else "dma-kmalloc"
            assert got.name == f"{array} {result[1]}", (size, dma)


def test_slab_order_oracle(oracle: Oracle, k: Kernel) -> None:
    for size, min_objects, max_order, fract_leftover, result in oracle("pure.json")["slab_order"]["rows"]:
        assert slab_order(k, size, min_objects, max_order, fract_leftover, 0) == result, (size, min_objects)


def test_calculate_order_oracle(oracle: Oracle, k: Kernel) -> None:
    table = oracle("pure.json")["calculate_order"]
    for cpus, orders in table["rows"]:
        k.nr_cpu_ids = cpus
        assert [calculate_order(k, size, 0) for size in table["sizes"]] == orders, cpus
        k.events.clear()


def test_calculate_order_variants_oracle(oracle: Oracle, k: Kernel) -> None:
    table = oracle("pure.json")["calculate_order_variants"]
    for cpus, low, high, objects, reserved, orders in table["rows"]:
        k.nr_cpu_ids, k.slub_min_order, k.slub_max_order, k.slub_min_objects = cpus, low, high, objects
        got = [calculate_order(k, size, reserved) for size in table["sizes"]]
        assert got == orders, (cpus, low, high, objects, reserved)
        k.events.clear()


def test_kmem_cache_open_oracle(oracle: Oracle, k: Kernel) -> None:
    for row in oracle("pure.json")["kmem_cache_open"]["rows"]:
        cpus, object_size, align, flags, ctor, no_higher, ret, *expected = row
        k.nr_cpu_ids, k.disable_higher_order_debug = cpus, no_higher
        s = KmemCache()
        s.name, s.ctor = "oracle", "ctor" if ctor else None
        s.size = s.object_size = object_size
        s.align = calculate_alignment(k, flags, align, object_size)
        k.events.clear()
        try:
            assert boot.kmem_cache_open(k, s, flags) == ret, row
        except KernelPanic:
            assert ret == -1, row
        if ret:
            continue
        order, objects, least, least_objects = *s.oo, *s.min
        got = [s.size, s.object_size, s.inuse, s.offset, s.align, order, objects, least, least_objects]
        assert [*got, s.cpu_partial, s.min_partial, s.flags, s.allocflags] == expected, row
