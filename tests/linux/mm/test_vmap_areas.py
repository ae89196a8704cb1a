"""The place of an area of the vmalloc space among the others."""

from __future__ import annotations

from kmmdoc.linux.include.linux.vmalloc import vmap_area
from kmmdoc.linux.mm.vmalloc.areas import __insert_vmap_area
from kmmdoc.linux.state import Kernel
from kmmdoc.machines.builds import load_build
from kmmdoc.model.scenario import Machine, Scenario


def test_an_overlap_is_no_bug_and_goes_before_what_ends_above_its_start() -> None:
    k = Kernel(Scenario(Machine("test", ()), load_build(), ""))
    for start, end in ((0x3000, 0x5000), (0x7000, 0x8000), (0x4000, 0x6000), (0x1000, 0x2000)):
        __insert_vmap_area(k, vmap_area(0, start, end))
    assert [area.va_start for area in k.vmap_area_list] == [0x1000, 0x4000, 0x3000, 0x7000]
