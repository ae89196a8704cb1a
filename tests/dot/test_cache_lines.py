"""Structures drawn by cache line: which bytes stand where, what shares them, what is folded."""

import re
import xml.etree.ElementTree as ET

import pytest

from kmmdoc.dot.cache_lines import GAP, GUTTER, LANE, ROW, draw_cache_lines, fitted, hatch, lanes, rows
from kmmdoc.dot.fonts import text_width
from kmmdoc.dot.style import SMALL, WIDTH
from kmmdoc.model.graph import CacheLines, Span

SVG = "{http://www.w3.org/2000/svg}"
SPANS = (
    Span(0, 8, "flags", "plain", "struct:s#m-flags"),
    Span(8, 12, "", "hole"),
    Span(12, 140, "array", "struct"),
    Span(140, 160, "", "hole"),
)
FIGURE = CacheLines("s", 160, SPANS, alt="A structure.")


def test_rows_are_cut_at_cache_lines():
    # 160 bytes: two whole lines and half of a third.
    found = [(line.start, line.end, [(b.start, b.end) for b in line.boxes]) for line in rows(FIGURE)]
    assert found == [
        (0, 64, [(0, 8), (8, 12), (12, 64)]),
        (64, 128, [(64, 128)]),
        (128, 160, [(128, 140), (140, 160)]),
    ]


def test_three_or_more_lines_of_one_member_are_one_row():
    def big(size):
        spans = (Span(0, 8, "a", "plain"), Span(8, size, "b", "plain"))
        return [(line.start, line.end, line.folded) for line in rows(CacheLines("s", size, spans))]

    assert big(3 * 64) == [(0, 64, 0), (64, 128, 0), (128, 192, 0)]
    assert big(4 * 64) == [(0, 64, 0), (64, 256, 3)]
    assert big(4 * 64 + 8) == [(0, 64, 0), (64, 256, 3), (256, 264, 0)]


def test_members_of_a_union_share_the_height():
    # As struct page has it: a word, or two halves of it, or a flag in it; then a word of its own.
    union = [Span(0, 8, "whole", "plain"), Span(0, 4, "low", "plain"), Span(4, 8, "high", "plain"),
             Span(0, 1, "flag", "plain"), Span(8, 16, "next", "plain")]  # fmt: skip
    places = {box.span.label: (box.lane, box.lanes) for box in lanes(union, 0, 64)}
    assert places == {"whole": (0, 3), "low": (1, 3), "flag": (2, 3), "high": (1, 3), "next": (0, 1)}


def test_a_row_with_lanes_is_high_enough():
    spans = tuple(Span(0, 8, f"m{i}", "plain") for i in range(5))
    assert rows(CacheLines("s", 8, spans))[0].height == 5 * LANE
    assert rows(FIGURE)[0].height == ROW


def boxes(svg):
    """x, y, width, height of the boxes with a colour."""
    found = []
    for r in ET.fromstring(svg).iter(f"{SVG}rect"):
        if r.get("pointer-events") != "all" and r.get("rx") == "1.5":
            found.append(tuple(float(r.get(k)) for k in ("x", "y", "width", "height")))
    return found


def test_boxes_are_to_scale():
    per_byte = (WIDTH - GUTTER - 4) / 64
    found = boxes(draw_cache_lines(FIGURE))
    assert len(found) == 6
    flags, hole, array, middle, rest, tail = found
    assert flags[0] == pytest.approx(GUTTER, abs=0.1)
    assert flags[2] == pytest.approx(8 * per_byte, abs=0.1)
    assert hole[0] == pytest.approx(GUTTER + 8 * per_byte, abs=0.1)
    assert array[0] + array[2] == pytest.approx(GUTTER + 64 * per_byte, abs=0.1)
    assert middle[1] - flags[1] == rest[1] - middle[1] == ROW + GAP
    assert tail[2] == pytest.approx(20 * per_byte, abs=0.1)


def test_what_is_smaller_than_a_line_is_drawn_larger():
    found = boxes(
        draw_cache_lines(CacheLines("s", 20, (Span(0, 16, "a", "plain"), Span(16, 20, "b", "plain"))))
    )
    assert found[0][2] == pytest.approx((WIDTH - GUTTER - 4) / 2, abs=0.1)


def test_nothing_is_drawn_outside():
    svg = draw_cache_lines(FIGURE)
    root = ET.fromstring(svg)
    _, _, width, height = (float(n) for n in root.get("viewBox").split())
    for x, y, w, h in boxes(svg):
        assert 0 <= x < x + w <= width
        assert 0 <= y < y + h <= height
    for path in root.iter(f"{SVG}path"):
        numbers = [float(n) for n in re.findall(r"-?[\d.]+", path.get("d"))]
        assert all(0 <= x <= width for x in numbers[::2])
        assert all(0 <= y <= height for y in numbers[1::2])


def test_offsets_padding_and_links_are_there():
    root = ET.fromstring(draw_cache_lines(FIGURE))
    texts = [t.text for t in root.iter(f"{SVG}text")]
    assert [t for t in texts if t.startswith("0x")] == ["0x0", "0x40", "0x80"]
    assert "20 bytes of padding" in texts
    assert "4" in texts  # the smaller hole says its bytes only
    assert [a.get("href") for a in root.iter(f"{SVG}a")] == ["struct:s#m-flags"]


def test_hatching_stays_inside_and_rises():
    area = (10.0, 20.0, 33.0, 12.0)
    lines = list(hatch(area))
    assert len(lines) == 8  # every five points of 33 + 12, the corners left out
    for (x1, y1), (x2, y2) in lines:
        assert 10 <= x1 < x2 <= 43
        assert 20 <= y2 < y1 <= 32
        assert x2 - x1 == pytest.approx(y1 - y2)


@pytest.mark.parametrize("name", ["wait_table_hash_nr_entries", "_zonerefs", "x", "compact_blockskip_flush"])
@pytest.mark.parametrize("width", [8.0, 30.0, 62.0])
def test_labels_fit(name, width):
    texts = fitted(name, width, 2)
    assert len(texts) <= 2
    assert all(text_width(text, SMALL) <= width for text in texts)
    assert not texts or "".join(texts) == name


def test_names_that_do_not_fit_have_letters_that_are_explained():
    spans = (Span(0, 1, "considered", "plain", "struct:s#m-considered"), Span(1, 2, "deferred", "plain"))
    root = ET.fromstring(draw_cache_lines(CacheLines("s", 2, spans)))
    texts = [t.text for t in root.iter(f"{SVG}text")]
    assert texts[-4:] == ["a", "considered", "b", "deferred"]
    assert texts.count("a") == texts.count("b") == 2
    assert len(list(root.iter(f"{SVG}a"))) == 2
