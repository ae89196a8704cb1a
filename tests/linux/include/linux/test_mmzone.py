"""Both kinds of free list are lists with a head and a tail."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kmmdoc.linux.include.linux.mmzone import FreeList, FreeRuns

steps = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(("head", "tail", "remove")), st.integers(0, 11)),
        st.tuples(st.just("pop"), st.just(0)),
        st.tuples(st.just("run"), st.integers(0, 8)),
    ),
    max_size=30,
)


@pytest.mark.parametrize("kind", [FreeList, FreeRuns])
@given(todo=steps)
def test_like_a_python_list(kind: type[FreeList], todo: list[tuple[str, int]]) -> None:
    blocks, plain = kind(), []
    for what, n in todo:
        pfn = n * 1024
        if what == "head" and pfn not in plain:
            blocks.add_head(pfn)
            plain.insert(0, pfn)
        elif what == "tail" and pfn not in plain:
            blocks.add_tail(pfn)
            plain.append(pfn)
        elif what == "run" and not {pfn, pfn + 1024, pfn + 2048} & set(plain):
            blocks.add_head_run(pfn, 3, 1024)
            plain[:0] = [pfn + 2048, pfn + 1024, pfn]
        elif what == "remove" and pfn in plain:
            blocks.remove(pfn)
            plain.remove(pfn)
        elif what == "pop" and plain:
            assert blocks.pop_head() == plain.pop(0)
        assert list(blocks) == plain
        assert len(blocks) == len(plain)
        assert blocks.head() == (plain[0] if plain else None)
        assert all((p * 1024 in blocks) == (p * 1024 in plain) for p in range(12))
        assert [first + i * step for first, n, step in blocks.runs() for i in range(n)] == plain


def test_millions_of_blocks_are_one_run() -> None:
    blocks = FreeRuns()
    blocks.add_head_run(0, 16_000_000, 1024)
    assert blocks.head() == 15_999_999 * 1024
    blocks.remove(1024 * 5_000_000)
    assert len(blocks) == 15_999_999
    assert len(list(blocks.runs())) == 2
    with pytest.raises(KeyError):
        blocks.remove(1024 * 5_000_000)
