"""The page map keeps what was put into it, in as few stretches as there are different neighbours."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from kmmdoc.linux.include.linux.mm_types import ZEROED, MemMap, Page

SIZE = 48
operations = st.lists(
    st.tuples(
        st.integers(0, SIZE - 1),
        st.integers(0, SIZE),
        st.sampled_from([None, ZEROED, Page(1, 0, 0), Page(1, 1, -1), "flag"]),
    ),
    max_size=12,
)


@given(operations)
def test_like_a_list_of_pages(todo: list[tuple[int, int, Page | str | None]]) -> None:
    memory, plain = MemMap(), [None] * SIZE
    for pfn, n, what in todo:
        n = min(n, SIZE - pfn)
        if what == "flag":
            memory.set_flags(pfn, n, 4)
            for i in range(pfn, pfn + n):
                plain[i] = plain[i] and plain[i]._replace(flags=plain[i].flags | 4)
        else:
            memory.set(pfn, n, what)
            plain[pfn : pfn + n] = [what] * n
    assert [memory.get(i) for i in range(SIZE)] == plain
    stretches = [(start, start + n, page) for start, n, page in memory.runs()]
    for (_, end, page), (start, _, following) in itertools.pairwise(stretches):
        assert end < start or page != following
    assert len(memory) == len(stretches)


def test_a_map_of_64_tib_is_a_few_stretches() -> None:
    memory = MemMap()
    memory.set(0, 1 << 34, ZEROED)
    memory.set(1, (1 << 34) - 1, Page(0x400, 1, -1))
    memory.set_count(1 << 20, 1 << 30, 0)
    assert len(memory) == 4
    assert memory[1 << 29] == Page(0x400, 0, -1)
