"""Page models on values written by hand."""

import re
import tomllib

import pytest

from kmmdoc.model.errors import KmmdocError
from kmmdoc.model.excerpt import BoundRange, Excerpt, Outcome, Section, Span, SymbolFact
from kmmdoc.model.graph import Cell, Table
from kmmdoc.model.run import Run
from kmmdoc.model.scenario import Field, Struct
from kmmdoc.model.trace import Call, KernelRef, Printk, Repeat, RepeatEnd, Return, Step
from kmmdoc.model.words import TEMPLATES, words
from kmmdoc.pages import texts
from kmmdoc.pages.activity import line_counts, read_trace
from kmmdoc.pages.chapters import read_chapter
from kmmdoc.pages.simulator import simulated
from kmmdoc.pages.structs import members


def ref(name):
    return KernelRef("mm/x.c", name)


def run_of(*events):
    return Run(None, list(events), {})


def test_repeats_multiply_calls_and_callers():
    trace = read_trace(
        run_of(
            Call(ref("a"), ()),
            Repeat(3),
            Call(ref("b"), (1,)),
            Return(7),
            RepeatEnd(),
            Call(ref("b"), (2,)),
            Return(8),
            Return(None),
        )
    )
    b = trace.functions["b"]
    assert b.calls == 4
    assert b.callers == {ref("a"): 4}
    assert trace.functions["a"].callees == {ref("b"): 4}
    assert [(s.args, s.value) for s in b.samples] == [((1,), 7), ((2,), 8)]


def test_lines_count_by_calls_made_once_in_the_text_and_by_steps():
    run = run_of(
        Call(ref("a"), ()),
        Step("retry", ()),
        Repeat(3),
        Call(ref("b"), ()),
        Return(None),
        Call(ref("c"), ()),
        Return(None),
        RepeatEnd(),
        Return(None),
    )
    fact = SymbolFact("a", "function", "mm/x.c", Span(10, 30))
    retry = BoundRange(Section("retry", "Again", "…", Span(3, 5)), Outcome.EXACT, Span(12, 14))
    idle = BoundRange(Section("idle", "Not here", "…", Span(7, 8)), Outcome.EXACT, Span(16, 17))
    calls = ((15, "b"), (20, "c"), (22, "c"), (25, "d"))
    excerpt = Excerpt(fact, Outcome.EXACT, "mm/x.c", fact.span, None, (retry, idle), calls=calls)
    assert line_counts(excerpt, read_trace(run).functions["a"]) == {12: 1, 15: 3}


def test_lines_are_those_of_dmesg_and_belong_to_who_began_them():
    run = run_of(
        Call(ref("a"), ()),
        Printk("6", "first "),
        Call(ref("b"), ()),
        Printk("c", "continued\nsecond\n"),
        Return(None),
        Printk("6", "open"),
        Printk("6", "new\n"),
        Return(None),
    )
    lines = read_trace(run).lines
    assert [line.text for line in lines] == run.dmesg == ["first continued", "second", "open", "new"]
    assert [line.function.name for line in lines] == ["a", "b", "a", "a"]


def test_padding_is_found_between_members_and_at_the_end():
    # A byte, three bytes of padding, four bytes, eight at 8; the structure is 24 bytes long.
    struct = Struct("s", 24, (Field("a", "char", 0, 1), Field("b", "int", 4, 4), Field("c", "long", 8, 8)))
    rows = [(m.name, m.offset, m.size) for m in members(struct)]
    assert rows == [("a", 0, 1), ("", 1, 3), ("b", 4, 4), ("c", 8, 8), ("", 16, 8)]


def test_members_of_a_union_lie_on_each_other_without_padding():
    struct = Struct("s", 8, (Field("u", "union", 0, 8), Field("u.x", "int", 0, 4)))
    assert not any(m.padding for m in members(struct))


@pytest.mark.parametrize(
    ("value", "shown"),
    [(True, "1"), (-12, "-12"), (4096, "0x1000"), ("<zone DMA>", "zone DMA"), ("x", '"x"')],
)
def test_arguments_for_readers(value, shown):
    assert texts.argument(value) == shown


def test_table_cells_are_escaped_and_changes_marked():
    rows = ((Cell("a|b_c", changed=False), Cell("2", changed=True, before="1"), Cell("f", "function:f")),)
    text = texts.table(Table("t", ("x", "y", "z"), rows, "T", frozenset({1})))
    assert "| a\\|b\\_c | {kgone}`1` {knew}`2` | {kfunc}`f` |" in text
    assert "| :-- | --: | :-- |" in text


def test_code_with_fences_in_it_gets_a_longer_fence():
    assert texts.code("```x```", "c").startswith("````c\n")


def test_a_chapter_without_front_matter_is_an_error_with_its_place(tmp_path):
    path = tmp_path / "01-x.md.j2"
    path.write_text("# no front matter")
    with pytest.raises(KmmdocError, match=r"01-x\.md\.j2:1: a chapter begins with TOML"):
        read_chapter(path)
    path.write_text('+++\ntitle = "t"\n+++\n')
    with pytest.raises(KmmdocError, match="not a chapter: end, lead, start"):
        read_chapter(path)


def test_the_simulator_is_read_as_text():
    found = simulated()["memblock_add"]
    assert found.path == "kmmdoc/linux/mm/memblock/" + found.path.rpartition("/")[2]
    assert found.parameters[:2] == ("base", "size")
    assert found.text.startswith("@kfunc\ndef memblock_add(")


def test_another_language_is_completed_from_english(tmp_path):
    (tmp_path / "en.toml").write_text('[a]\nx = "one {n}"\ny = "two"\n')
    (tmp_path / "zh_CN.toml").write_text('[a]\ny = "二"\n')
    w = words("zh_CN", tmp_path)
    assert (w("a.x", n=1), w("a.y")) == ("one 1", "二")
    with pytest.raises(KeyError):
        w("a.z")
    with pytest.raises(KmmdocError, match=r"fr\.toml"):
        words("fr", tmp_path)


def test_translated_words_have_the_same_places_to_fill_in():
    fields = lambda text: sorted(set(re.findall(r"\{(\w+)\}", text)))  # noqa: E731
    english = words("en").entries
    raw = tomllib.loads((TEMPLATES / "strings" / "zh_CN.toml").read_text())
    chinese = {f"{t}.{k}": v for t, e in raw.items() if isinstance(e, dict) for k, v in e.items()}
    chinese |= {k: v for k, v in raw.items() if isinstance(v, str)}
    assert set(chinese) <= set(english)
    for key, text in chinese.items():
        assert fields(text) == fields(english[key]), key
