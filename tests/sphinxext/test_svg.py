"""Drawings: their links, and what becomes of them on a page and on paper."""

from __future__ import annotations

import re

import pytest

from kmmdoc.sphinxext.svg import Drawing

HEAD = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
LINKED = f"""{HEAD} viewBox="10 20 200 100" font-family="X">
<defs><linearGradient id="fade"><stop stop-color="#abcdef"/></linearGradient></defs>
<g id="graph0" transform="translate(4 50)">
<a xlink:href="function:f" xlink:title="the function f">
<rect x="10" y="-10" width="40" height="20" fill="#abcdef"/></a>
</g>
<a href="doc:page#x" title="a row">
<rect x="60" y="30" width="30" height="10" fill="none" pointer-events="all"/>
<rect x="0" y="0" width="500" height="500"/><text x="1" y="2">row</text></a>
<a href="struct:s"><text x="110" y="70" font-size="10" text-anchor="middle">four</text></a>
<rect fill="url(#fade)" width="1" height="1"/>
</svg>"""


def test_boxes_of_links_are_measured_from_the_corner_of_the_drawing():
    first, second, third = Drawing(LINKED).links()
    # x: 10 + 4 (translation) - 10 (left edge); y: -10 + 50 - 20
    assert first[:4] == (4, 20, 40, 20)
    assert (first.target, first.label) == ("function:f", "the function f")
    # the area counts, not the shapes drawn after it
    assert second[:4] == (50, 10, 30, 10)
    # four letters of half an em each around x = 110
    assert (third.x, third.width) == (90, 20)
    assert third.label == "four"


def inline(**known):
    return Drawing(LINKED).inline("g3", "What it shows", {"#abcdef": "var(--c)"}, known.get)


def test_on_a_page_links_are_resolved_and_named():
    page = inline(**{"function:f": "f.html", "doc:page#x": "#x"})
    assert 'href="f.html" aria-label="the function f"' in page
    assert "<title>the function f</title>" in page
    assert page.count("<a ") == 2
    assert "struct:s" not in page
    assert 'role="group"' in page
    assert 'aria-label="What it shows"' in page


def test_without_links_it_is_a_picture():
    assert 'role="img"' in inline()


def test_colours_become_variables_and_ids_are_of_this_drawing():
    page = inline()
    assert 'fill="var(--c)"' in page
    assert 'stop-color="var(--c)"' in page
    assert 'id="g3-fade"' in page
    assert "url(#g3-fade)" in page
    assert "graph0" not in page


def test_a_point_is_a_pixel_and_a_quarter():
    page = inline()
    assert re.search(r'width="250" height="125"', page)


def test_in_print_chinese_names_its_font_and_has_weight():
    text = '<text fill="#123456" font-weight="600">pool 池 end</text><text>plain</text>'
    out = Drawing(f'{HEAD} viewBox="0 0 9 9">{text}</svg>').for_print("Han")
    span = re.search(r"<tspan ([^>]*)>池</tspan>", out)
    assert span is not None
    assert 'font-family="Han"' in span[1]
    assert 'stroke="#123456"' in span[1]
    assert "<tspan>pool </tspan>" in out
    assert "<text>plain</text>" in out


@pytest.mark.parametrize("text", ["", "<svg/>", "<html/>", f"{HEAD}/>", f'{HEAD} viewBox="0 0 0 5"/>'])
def test_what_is_no_drawing_is_refused(text):
    with pytest.raises(ValueError, match="not an SVG"):
        Drawing(text)
