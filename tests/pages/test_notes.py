"""The notes' claims are all answered, in every language, and their call tree is compared as it should be."""

import re

import pytest

from kmmdoc.excerpts.facts import v3_18
from kmmdoc.model.errors import KmmdocError
from kmmdoc.model.run import Run
from kmmdoc.model.trace import Call, KernelRef, Return
from kmmdoc.pages.notes import ELSEWHERE, NOT_RUN, SAME, THROUGH, Noted, claims, compare, noted_calls
from kmmdoc.pages.written import SUFFIXES, read_written, written

VERDICTS = {
    "en": ("holds", "holds with a limit", "wrong", "answered"),
    "zh_CN": ("成立", "有条件成立", "有误", "已解答"),
}
VERDICT = {"en": r"\*\*Verdict: ([^.*]+)[.*]", "zh_CN": r"\*\*结论：([^。*]+)[。*]"}


def page(language):
    return next(p for p in written(language) if p.slug == "notes").text


def sections(language):
    """Claim's id -> the text that answers it, in the order of the page."""
    parts = re.split(r"(?m)^\(note-([\w-]+)\)=\n## ", page(language))
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def fences(text):
    return re.findall(r"(?ms)^```.*?^```$", text)


def bare(fence):
    """An example without what is translated in it: comments, keys of a table, and what it prints."""
    lines = re.findall(r"(?m)^(?:>>>|\.\.\.) .*$", fence)
    return [re.sub(r'  #.*|(?<=^\.\.\.     )"[^"]*"(?=: )', "", line) for line in lines] or fence


@pytest.mark.parametrize("language", SUFFIXES)
def test_every_claim_is_answered_in_the_notes_order(language):
    assert list(sections(language)) == [claim.id for claim in claims()]


@pytest.mark.parametrize("language", SUFFIXES)
def test_every_answer_begins_with_a_verdict(language):
    for name, text in sections(language).items():
        found = re.findall(VERDICT[language], text)
        assert len(found) == 1, name
        assert found[0] in VERDICTS[language], (name, found)


@pytest.mark.parametrize("language", SUFFIXES)
def test_every_answer_follows_the_notes_words(language):
    for name, text in sections(language).items():
        assert re.match(r"[^\n]+\n\n> [^\n]+\n\n\*\*", text), name


def test_the_verdicts_are_the_same_in_both_languages():
    def numbers(language):
        verdicts = (re.findall(VERDICT[language], text)[0] for text in sections(language).values())
        return [VERDICTS[language].index(verdict) for verdict in verdicts]

    assert numbers("en") == numbers("zh_CN")
    assert {2, 3} <= set(numbers("en"))


def test_every_question_and_todo_is_answered_and_nothing_else_is_left_open():
    for claim in claims():
        verdict = re.findall(VERDICT["en"], sections("en")[claim.id])[0]
        if claim.kind in ("question", "todo"):
            assert verdict == "answered", claim.id
        if claim.kind in ("path", "claim"):
            assert verdict != "answered", claim.id


def test_examples_and_sources_are_the_same_in_both_languages():
    english, chinese = sections("en"), sections("zh_CN")
    assert list(map(bare, fences(page("en")))) == list(map(bare, fences(page("zh_CN"))))
    for name, text in english.items():
        roles = re.compile(r"\{k(?:src|func|struct)\}`[^`]+`")
        assert sorted(roles.findall(text)) == sorted(roles.findall(chinese[name])), name


@pytest.mark.parametrize("name", [claim.id for claim in claims()])
def test_an_answer_has_evidence(name):
    text = sections("en")[name]
    assert "{ksrc}`" in text or name == "ulk-chapters", "no place in the source"
    assert ">>> " in text or name == "qemu-kernel", "no example"


def test_places_in_the_source_exist():
    facts = v3_18()
    for language in SUFFIXES:
        for path, last in re.findall(r"\{ksrc\}`([^`:]+)(?::(?:\d+-)?(\d+))?`", page(language)):
            if path in facts.files and last:
                assert int(last) <= facts.file(path).lines, (path, last)
        for name in re.findall(r"\{k(?:func|struct)\}`(\w+)`", page(language)):
            assert facts.find(name), name


def test_the_notes_tree_is_read_as_they_nest_it():
    tree = noted_calls()
    assert tree.name == "x86_64_start_kernel"
    above = {node.name: [n.name for n in path] for path, node in tree.walk()}
    assert above["memblock_free"][-3:] == ["pcpu_embed_first_chunk", "pcpu_fc_free", "free_bootmem"]
    assert above["vmalloc_init"][-1] == "mm_init"


def test_marks_of_a_comparison():
    def ref(name):
        return KernelRef("mm/x.c", name)

    # a calls b, b calls c twice, a calls d.
    events = [Call(ref("a"), ()), Call(ref("b"), ())]
    events += [Call(ref("c"), ()), Return(None)] * 2
    events += [Return(None), Call(ref("d"), ()), Return(None), Return(None)]
    noted = Noted("a", children=[Noted("c"), Noted("b", children=[Noted("d")]), Noted("never_there")])
    rows = {row.name: row for row in compare(Run(None, events, {}), noted)}
    assert rows["c"].mark == THROUGH
    assert (rows["c"].path, rows["c"].calls) == (("a", "b", "c"), 2)
    assert rows["b"].mark == SAME
    assert (rows["d"].mark, rows["d"].path) == (ELSEWHERE, ("a", "d"))
    assert rows["never_there"].mark == NOT_RUN


def test_a_function_noted_under_a_macro_is_held_against_the_nearest_that_ran():
    call = KernelRef("mm/nobootmem.c", "free_low_memory_core_early")
    inner = KernelRef("mm/nobootmem.c", "__free_memory_core")
    run = Run(None, [Call(call, ()), Call(inner, ()), Return(None), Return(None)], {})
    noted = Noted(call.name, children=[Noted("for_each_free_mem_range", children=[Noted(inner.name)])])
    rows = compare(run, noted)
    assert [row.mark for row in rows] == [SAME, NOT_RUN, SAME]
    assert (rows[1].kind, rows[1].file) == ("macro", "include/linux/memblock.h")


def test_broken_files_are_errors_with_their_place(tmp_path):
    (tmp_path / "calls.txt").write_text("a\n    c\n")
    with pytest.raises(KmmdocError, match=r"calls\.txt:2: indented"):
        noted_calls(tmp_path)
    (tmp_path / "claims.toml").write_text('[[claim]]\nid = "x"\nkind = "guess"\nsays = ""\n')
    with pytest.raises(KmmdocError, match="no such kind: guess"):
        claims(tmp_path)


def test_a_page_is_shown_in_its_language_or_else_in_english(tmp_path):
    (tmp_path / "10-one.md").write_text("# One\n\nAbout one.\n\nMore.\n")
    (tmp_path / "10-one.zh.md").write_text("# 一\n\n关于一。\n\n更多。\n")
    (tmp_path / "20-two.md").write_text("# Two\n\nAbout\ntwo.\n")
    assert [(p.slug, p.title) for p in written("en", tmp_path)] == [("one", "One"), ("two", "Two")]
    chinese = written("zh_CN", tmp_path)
    assert [(p.slug, p.title, p.lead) for p in chinese] == [
        ("one", "一", "关于一。"),
        ("two", "Two", "About two."),
    ]
    (tmp_path / "30-three.md").write_text("No title.\n")
    with pytest.raises(KmmdocError, match=r"30-three\.md:1: a page begins"):
        read_written(tmp_path / "30-three.md")


def test_links_between_pages_are_files_in_the_folder_and_slugs_on_the_site(tmp_path):
    for page in (p for language in SUFFIXES for p in written(language)):
        for target in re.findall(r"\]\((\d+-[^)#]+)", page.path.read_text()):
            assert (page.path.parent / target).exists(), (page.path, target)
            assert (".zh." in target) == (".zh." in page.path.name)
    (tmp_path / "10-one.md").write_text("# One\n\nSee [two](20-two.md) and [there](20-two.zh.md#x).\n")
    assert "[two](two.md) and [there](two.md#x)" in read_written(tmp_path / "10-one.md").text


def test_every_page_is_translated():
    assert [p.slug for p in written("zh_CN")] == [p.slug for p in written("en")]
    assert all(p.path.name.endswith(".zh.md") for p in written("zh_CN"))
