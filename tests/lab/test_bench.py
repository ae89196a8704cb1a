"""The lab's calls do what the kernel's functions of the same names do."""

from __future__ import annotations

import pytest

from kmmdoc.lab import Lab
from kmmdoc.lab.bench import gfp_mask
from kmmdoc.linux.state import KernelBug

PAGE = 4096


@pytest.fixture
def lab() -> Lab:
    return Lab.boot("qemu-2g")


def test_labs_do_not_share_anything(lab: Lab) -> None:
    before = lab.snapshot()
    other, third = lab.copy(), Lab.boot("qemu-2g")
    for each in (other, third):
        each.alloc_pages(4)
        each.kmalloc(5000)
        each.vmalloc(PAGE)
        each.alloc_percpu(64)
    assert lab.diff(before, lab.snapshot()) == []
    assert Lab.diff(before, Lab.boot("qemu-2g").snapshot()) == []


def test_a_snapshot_stays_as_it_was(lab: Lab) -> None:
    first = lab.snapshot()
    again = lab.snapshot()
    lab.alloc_pages(2)
    lab.vmalloc(3 * PAGE)
    lab.alloc_percpu(8)
    assert lab.diff(first, again) == []
    assert {change.path.split(".")[0] for change in lab.diff(first, lab.snapshot())} >= {
        "zones",
        "vmalloc",
        "pcpu",
        "slub",
    }


def test_a_node_can_be_asked_for() -> None:
    lab = Lab.boot("numa2-m4g-c4")
    z = lab.kernel.node_data[1].node_zones
    spans = [range(zone.zone_start_pfn, zone.end_pfn) for zone in z if zone.present_pages]
    pfn = lab.alloc_pages(0, node=1)
    address = lab.kmalloc(64, node=1)
    assert pfn is not None
    assert address is not None
    assert any(pfn in span for span in spans)
    assert any((address - 0xFFFF880000000000) // PAGE in span for span in spans)


def test_caches(lab: Lab) -> None:
    cache = lab.cache_create("mine", 200)
    assert cache is not None
    assert lab.cache("mine") is cache
    objects = [lab.cache_alloc(cache) for _ in range(30)]
    assert len(set(objects)) == 30
    assert cache.node[0].nr_slabs == 2  # 20 objects of 200 bytes fit a page
    for obj in objects:
        assert obj is not None
        lab.cache_free(cache, obj)
    lab.cache_shrink(cache)
    assert cache.node[0].nr_slabs == 0
    lab.cache_destroy(cache)
    with pytest.raises(KeyError):
        lab.cache("mine")


def test_mappings_come_and_go(lab: Lab) -> None:
    pages = [lab.alloc_pages() for _ in range(5)]
    pfns = [pfn for pfn in pages if pfn is not None]
    mapped = lab.vmap(pfns)
    assert mapped is not None
    for i, pfn in enumerate(pfns):
        leaf = lab.kernel.init_pgt.lookup(mapped + i * PAGE)
        assert leaf is not None
        assert leaf.pa + (mapped + i * PAGE - leaf.va) == pfn * PAGE
    lab.vunmap(mapped)
    assert lab.kernel.init_pgt.lookup(mapped) is None
    ram = lab.vm_map_ram(pfns)
    assert ram is not None
    lab.vm_unmap_ram(ram, len(pfns))
    with pytest.raises(KernelBug):
        lab.vm_unmap_ram(ram, len(pfns))


def test_io_memory_gets_an_area_and_a_reservation(lab: Lab) -> None:
    before = len(lab.kernel.memtypes)
    address = lab.ioremap(0xFED00080, 0x20)
    assert address is not None
    assert address % PAGE == 0x80
    assert lab.kernel.memtypes[-1][:2] == (0xFED00000, 0xFED01000)
    lab.iounmap(address)
    assert len(lab.kernel.memtypes) == before
    assert lab.ioremap(0x100000, PAGE) is None  # RAM
    assert lab.ioremap(0xA0000, PAGE) == 0xFFFF8800000A0000  # part of the direct map


def test_flags_have_names() -> None:
    assert gfp_mask("GFP_KERNEL|__GFP_ZERO") == 0x80D0
    assert gfp_mask(7) == 7
    for wrong in ("GFP_NONSENSE", "gfp_zone", "", "GFP_KERNEL|"):
        with pytest.raises(ValueError, match="no GFP flag"):
            gfp_mask(wrong)


def test_a_place_that_is_never_reached() -> None:
    with pytest.raises(LookupError):
        Lab.boot("qemu-2g", after="no_such_function")
    with pytest.raises(LookupError):
        Lab.boot("qemu-2g", after="vfree")
