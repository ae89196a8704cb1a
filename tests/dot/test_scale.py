"""The axis of bands: order is kept, small things are seen, empty stretches are short."""

import xml.etree.ElementTree as ET
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from kmmdoc.dot.bands import draw_bands
from kmmdoc.dot.scale import GAP, NARROWEST, crowded, fit, pieces
from kmmdoc.model.graph import Bands, Segment, Track

WIDTH = 500.0


@st.composite
def spans(draw):
    """Disjoint ranges of very different sizes, ascending."""
    at, result = 0, []
    for _ in range(draw(st.integers(1, 12))):
        at += draw(st.sampled_from([0, 1, 4096, 1 << 20, 1 << 32, 1 << 45]))
        size = draw(st.sampled_from([1, 1024, 4096, 1 << 21, 1 << 31, 1 << 44]))
        result.append((at, at + size))
        at += size
    return result


@given(spans())
def test_pieces_cover_the_axis_and_say_what_is_used(ranges):
    low, high = ranges[0][0], ranges[-1][1]
    parts = pieces(ranges, low, high)
    assert parts[0].start == low
    assert parts[-1].end == high
    assert all(a.end == b.start for a, b in pairwise(parts))
    assert sum(p.end - p.start for p in parts if p.used) == sum(b - a for a, b in ranges)


@given(spans())
def test_scale_keeps_order_fills_the_width_and_shows_everything(ranges):
    parts = pieces(ranges, ranges[0][0], ranges[-1][1])
    scale = fit(parts, WIDTH)
    assert all(a < b for a, b in pairwise(scale.points))
    assert scale.points[0] == 0
    assert abs(scale.points[-1] - WIDTH) < 0.1
    for part in parts:
        width = scale(part.end) - scale(part.start)
        if part.used:
            assert width >= NARROWEST * 0.9


def test_a_huge_hole_is_shortened_and_the_rest_stays_in_proportion():
    # Two pieces of 3 and 1 units around a hole of a million.
    scale = fit(pieces([(0, 3), (1_000_003, 1_000_004)], 0, 1_000_004), WIDTH)
    assert abs(scale(1_000_003) - scale(3) - GAP) < 0.01
    assert abs((scale(3) - scale(0)) / (scale(1_000_004) - scale(1_000_003)) - 3) < 0.01


def test_crowded_names_the_stretch_that_cannot_be_read():
    ranges = [(0, 1), (2, 3), (4, 5), (10, 1_000_000)]
    parts = pieces(ranges, 0, 1_000_000)
    assert crowded(parts, fit(parts, WIDTH)) == [(0, 5)]


def test_a_lens_shows_the_narrow_segments_again():
    def labels(magnify):
        segments = (
            *(Segment(i * 10, i * 10 + 5, "reserved") for i in range(3)),
            Segment(100, 10**9, "memory"),
        )
        svg = draw_bands(Bands("b", (Track("t", segments),), magnify=magnify, alt="x"))
        return [t.text for t in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]

    assert "A" not in labels(False)
    assert labels(True).count("A") == 2  # at the bracket, and at the panel
    assert "5 B" in labels(True)  # there is room for the size in the lens
    assert "5 B" not in labels(False)


def test_bands_without_segments_can_be_drawn():
    ET.fromstring(draw_bands(Bands("b", (Track("t", ()),), alt="nothing")))
