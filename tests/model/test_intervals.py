from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from kmmdoc.model.intervals import IntervalMap

ranges = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60), st.sampled_from("abc.")), max_size=20)


@given(ranges)
def test_a_map_holds_what_a_plain_array_holds(changes):
    m, plain = IntervalMap("."), ["."] * 64
    for start, end, value in changes:
        m.set(start, end, value)
        plain[start:end] = [value] * max(0, end - start)
    assert [m[i] for i in range(64)] == plain
    runs = list(m.runs(0, 64))
    assert [v for a, b, v in runs for _ in range(a, b)] == plain
    assert all(left[2] != right[2] for left, right in pairwise(runs))


@given(ranges, st.integers(0, 63), st.integers(0, 64))
def test_runs_are_clipped_to_the_window(changes, start, end):
    m = IntervalMap(".")
    for change in changes:
        m.set(*change)
    runs = list(m.runs(start, end))
    assert sum(b - a for a, b, _ in runs) == max(0, end - start)
    assert all(start <= a < b <= end for a, b, _ in runs)


def test_a_copy_is_independent():
    m = IntervalMap(0)
    m.set(1, 5, 1)
    other = m.copy()
    other.set(1, 5, 2)
    assert (m[2], other[2]) == (1, 2)
