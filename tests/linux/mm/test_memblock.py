"""memblock against the plainest model of it: a set of bytes that are memory and a set that are reserved."""

from __future__ import annotations

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from kmmdoc.linux.include.linux.memblock import NUMA_NO_NODE, memblock_type
from kmmdoc.linux.mm import memblock as mb
from kmmdoc.linux.state import Kernel
from kmmdoc.machines.builds import load_build
from kmmdoc.model.scenario import Machine, Scenario
from kmmdoc.model.trace import Release, Reserve, dmesg

BASE, SPAN = 0x10000, 64
"""Everything happens in SPAN bytes above BASE, well above the first page, which is never allocated."""

ranges = st.tuples(st.integers(0, SPAN), st.integers(0, SPAN))
steps = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(("add", "remove", "reserve", "free")), ranges),
        st.tuples(st.just("alloc"), st.tuples(st.integers(1, 16), st.sampled_from((1, 2, 8)))),
    ),
    max_size=25,
)


def fresh() -> Kernel:
    return Kernel(Scenario(Machine("test", ()), load_build(), ""))


def members(part: memblock_type) -> set[int]:
    return {byte for r in part.regions for byte in range(r.base, r.base + r.size)}


def well_formed(part: memblock_type) -> bool:
    """Sorted, apart from each other, merged, of the right total; or empty with one region of size 0."""
    regions = part.regions
    if part.total_size == 0:
        return len(regions) == 1 and regions[0].size == 0
    apart = all(a.base + a.size < b.base for a, b in itertools.pairwise(regions))
    return apart and all(r.size for r in regions) and part.total_size == sum(r.size for r in regions)


def highest_fit(free: set[int], size: int, align: int) -> int:
    """Highest aligned address whose `size` bytes are free; 0 when there is none."""
    return max(
        (a for a in free if a % align == 0 and all(byte in free for byte in range(a, a + size))), default=0
    )


@settings(max_examples=150, deadline=None)
@given(steps)
def test_like_sets_of_bytes(todo: list[tuple[str, tuple[int, int]]]) -> None:
    k = fresh()
    memory: set[int] = set()
    reserved: set[int] = set()
    calls = {
        "add": (mb.memblock_add, memory, set.update),
        "remove": (mb.memblock_remove, memory, set.difference_update),
        "reserve": (mb.memblock_reserve, reserved, set.update),
        "free": (mb.memblock_free, reserved, set.difference_update),
    }
    for name, (a, b) in todo:
        if name == "alloc":
            expected = highest_fit(memory - reserved, a, b)
            assert mb.memblock_alloc_range(k, a, b, 0, 0) == expected
            if expected:
                reserved.update(range(expected, expected + a))
        else:
            call, model, change = calls[name]
            assert call(k, BASE + a, b) == 0
            change(model, range(BASE + a, BASE + a + b))
        assert members(k.memblock.memory) == memory
        assert members(k.memblock.reserved) == reserved
        assert well_formed(k.memblock.memory)
        assert well_formed(k.memblock.reserved)
    free = [
        byte for start, end, _ in mb.for_each_free_mem_range(k, NUMA_NO_NODE) for byte in range(start, end)
    ]
    assert free == sorted(memory - reserved)
    back = list(mb.for_each_free_mem_range_reverse(k, NUMA_NO_NODE))
    assert back[::-1] == list(mb.for_each_free_mem_range(k, NUMA_NO_NODE))


def test_what_the_ledger_hears() -> None:
    k = fresh()
    mb.memblock_add(k, 0x100000, 0x100000)
    mb.memblock_reserve(k, 0x100000, 0x1000)
    mb.memblock_free(k, 0x100000, 0x1000)
    told = [event for event in k.events if isinstance(event, Reserve | Release)]
    assert told == [Reserve(0x100000, 0x1000), Release(0x100000, 0x1000)]


def test_debug_lines_name_the_caller_that_has_a_symbol() -> None:
    k = fresh()
    mb.early_memblock(k, "debug")
    mb.memblock_add(k, 0x1000, 0x100000)
    mb.memblock_alloc_nid(k, 0x4000, 0x1000, NUMA_NO_NODE)
    # memblock_alloc_base_nid and memblock_reserve_region were inlined: the call comes from ..._range_nid.
    assert dmesg(k.events) == [
        "memblock_reserve: [0x000000000fd000-0x00000000100fff] flags 0x0 memblock_alloc_range_nid"
    ]
