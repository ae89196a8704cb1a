"""Cutting text into words of the search, and the targets of links."""

from __future__ import annotations

import pytest

from kmmdoc.sphinxext.chinese import join_lines
from kmmdoc.sphinxext.components import Segment, _numbers, size_text, split_stamp
from kmmdoc.sphinxext.search import cut
from kmmdoc.sphinxext.source import Lines, coloured
from kmmdoc.sphinxext.targets import known_page, page_of


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("内存", ["内存"]),
        ("页", ["页"]),
        ("伙伴系统", ["伙伴", "伴系", "系统"]),
        ("zone的水位", ["zone", "的水", "水位"]),
        ("每CPU页", ["每", "CPU", "页"]),
        ("a-b, __x_1", ["a", "b", "__x_1"]),
        ("“引号”。", ["引号"]),
        ("", []),
    ],
)
def test_cut(text, words):
    assert cut(text) == words


def test_lines_of_chinese_are_joined_and_others_are_not():
    assert join_lines("一\n二") == "一二"
    assert join_lines("一，\n  二") == "一，二"
    assert join_lines("one\n二") == "one\n二"


def test_targets():
    assert page_of("function:f") == ("functions/f", "")
    assert page_of("struct:zone") == ("structs/zone", "")
    assert page_of("doc:a/b#c") == ("a/b", "c")
    assert known_page("doc:a#c", {"a"}) == ("a", "c")
    assert known_page("doc:b", {"a"}) is None
    for wrong in ("zone", "http://x", "function:", ""):
        with pytest.raises(ValueError, match="a link must be"):
            page_of(wrong)


def test_code_keeps_every_character():
    text = '/* two\n * lines */\nint f(void)\n{\n\treturn "\\n";\n}'
    assert ["".join(piece for _, piece in line) for line in coloured(text)] == text.split("\n")
    # an unfinished comment is what it is, and no error
    assert "".join(piece for _, piece in coloured("/* cut")[0]) == "/* cut"


def test_ranges_of_lines():
    assert str(Lines(3, 3)) == "3"
    assert str(Lines(3, 5)) == "3–5"
    assert _numbers("1, 3-4") == {1, 3, 4}
    with pytest.raises(ValueError, match="x"):
        _numbers("x")


def test_stamps_of_log_lines():
    assert split_stamp("[    0.000000] e820: x") == ("[    0.000000] ", "e820: x")
    assert split_stamp("e820: x") == ("", "e820: x")


def test_widths_of_a_bar():
    # to scale: bytes; else the fourth root, so that 16 times the size is twice as wide
    assert Segment(0, 4096, "memory", "").width(scale=True) == 4096
    small, large = (Segment(0, size, "memory", "").width(scale=False) for size in (4096, 16 * 4096))
    assert large == pytest.approx(2 * small)
    assert size_text(3 << 20) == "3 MiB"
