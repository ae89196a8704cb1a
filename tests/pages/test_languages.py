"""Both languages say the same: the same chapters with the same figures and values, and no word missing."""

import re
from pathlib import Path

import pytest

from kmmdoc.excerpts.check.prose import check_keys, check_pair, code, names_in
from kmmdoc.ledger import purposes
from kmmdoc.machines.recorded import load_recorded
from kmmdoc.machines.resolve import resolve
from kmmdoc.model.errors import KmmdocError
from kmmdoc.model.run import Run
from kmmdoc.model.words import TEMPLATES
from kmmdoc.pages import machine
from kmmdoc.pages.chapters import chapters, read_chapter
from kmmdoc.pages.glossary import glossary
from kmmdoc.pages.site import Site
from kmmdoc.pages.written import written
from kmmdoc.render import Renderer
from kmmdoc.simulate import simulate

TRUTH = Path(__file__).parents[1] / "data" / "truth"
ENGLISH = sorted((TEMPLATES / "chapters/en").glob("*.md.j2"))

_CODE = re.compile(r"\{([{%])(.*?)[%}]\}", re.S)
_HAN = re.compile(r"[\u4e00-\u9fff]")


def prose(text):
    """A chapter or a page without code, roles, directives' files, and links' targets."""
    text = re.sub(r"(?ms)^(`{3,})\{(?:kmm-log|toctree)\}.*?^\1$", "", text)
    text = re.sub(r"\]\([^)]*\)", "]", _CODE.sub("", text))
    text = re.sub(r"(?m)^(%|:file:|:link:|:by:).*$", "", text)
    return re.sub(r"(\{\w+\})?`[^`]*`", "", text)


def test_the_same_chapters_in_both_languages():
    chinese = {path.name for path in (TEMPLATES / "chapters/zh_CN").iterdir()}
    assert chinese == {path.name for path in (TEMPLATES / "chapters/en").iterdir()}
    assert len(chinese) == 15


@pytest.mark.parametrize("path", ENGLISH, ids=lambda p: p.name.partition(".")[0])
def test_a_chapter_has_the_same_frame_figures_values_and_names(path):
    english = read_chapter(path)
    chinese = read_chapter(TEMPLATES / "chapters/zh_CN" / path.name)
    assert (chinese.start, chinese.end) == (english.start, english.end)
    assert _HAN.search(chinese.lead)
    for body in (english.body, chinese.body):
        assert "figure(" in body

    def ordered(chapter):
        return [c for kind, c in code(chapter.body) if kind == "%" or "figure(" in c]

    assert ordered(chinese) == ordered(english)
    found = check_pair(path, TEMPLATES / "chapters/zh_CN" / path.name, TEMPLATES)
    assert [str(f) for f in found] == []


def test_no_word_is_missing_in_chinese():
    words = TEMPLATES / "strings"
    assert [str(f) for f in check_keys(words / "en.toml", words / "zh_CN.toml", TEMPLATES)] == []


def test_every_purpose_of_memory_has_a_title_in_both_languages():
    for slug, purpose in purposes().items():
        assert purpose["en"], slug
        assert _HAN.search(purpose["zh_CN"]), slug


def test_the_glossary_has_every_term_in_both_languages():
    english, chinese = glossary("en"), glossary("zh_CN")
    known = {chapter.slug for chapter in chapters()}
    pairs = [
        (a, b) for e, c in zip(english, chinese, strict=True) for a, b in zip(e.terms, c.terms, strict=True)
    ]
    assert len(pairs) > 40
    for a, b in pairs:
        assert (a.slug, a.name, a.other, a.chapter) == (b.slug, b.other, b.name, b.chapter)
        assert names_in(a.text) == names_in(b.text), a.slug
        assert _HAN.search(b.text), a.slug
        assert not _HAN.search(a.text), a.slug
        assert a.chapter in known | {""}, a.slug


def test_a_term_without_a_translation_is_an_error_with_its_place(tmp_path):
    path = tmp_path / "glossary.toml"
    group = '[[group]]\nen = "g"\nzh_CN = "组"\n'
    entry = '[[group.term]]\nslug = "a"\nen = "a"\nzh_CN = "甲"\nen_text = "x"\n'
    path.write_text(group + entry)
    assert glossary("en", path)[0].terms[0].other == "甲"
    with pytest.raises(KmmdocError, match=r"glossary\.toml.*a: zh_CN_text is missing"):
        glossary("zh_CN", path)
    path.write_text(group + entry + entry)
    with pytest.raises(KmmdocError, match="used twice"):
        glossary("en", path)


@pytest.fixture(scope="module")
def chinese(tmp_path_factory):
    """The Chinese pages of a boot by name, without functions and structures; drawings are left out."""
    folder = tmp_path_factory.mktemp("zh")
    site = Site(simulate(load_recorded(TRUTH / "m2g-c4")), "zh_CN")
    site.__dict__.update(functions=[], structs=[])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Renderer, "_drawn", lambda self, figure: "<svg/>")
        Renderer(site, folder).everything()
    return {p.relative_to(folder).as_posix(): p.read_text() for p in folder.rglob("*.md")}


def test_hand_written_pages_are_in_both_languages():
    english, chinese = written("en"), written("zh_CN")
    for a, b in zip(english, chinese, strict=True):
        assert a.slug == b.slug
        assert _HAN.search(b.title), a.slug
        assert _HAN.search(b.lead), a.slug
        assert not _HAN.search(a.title), a.slug


def test_no_english_sentence_is_left_on_a_chinese_page(chinese):
    assert len(chinese) >= 21
    for name, text in chinese.items():
        if name in {"simplified.md", "glossary.md"} | {f"{page.slug}.md" for page in written("zh_CN")}:
            continue  # they quote the simulator, name terms in English, quote titles and commits
        left = re.search(r"(?<![\w./-])[A-Za-z]+ [a-z]+ [a-z]+ [a-z]+", prose(text))
        assert left is None, (name, left and left[0])


def test_the_glossary_leads_to_chapters_and_structures(chinese):
    page = chinese["glossary.md"]
    assert "[内存管理区 · zone]{#term-zone}" in page
    assert "[内存管理区](/stages/zones.md)" in page
    assert "\nglossary\n" in chinese["index.md"]


def test_a_machine_is_called_by_its_title_or_by_what_it_has():
    def called(name, language):
        return machine.name(Site(Run(resolve(name), [], {}), language=language))

    assert called("numa2-m4g-c4", "en") == "4 GiB, 4 CPUs, 2 nodes"
    assert called("numa2-m4g-c4", "zh_CN") == "4 GiB 内存，4 个 CPU，2 个节点"
    assert called("m64-c1", "zh_CN") == "64 MiB 内存，一个 CPU"


RIVALS = {
    "每 CPU": "每CPU",
    "页帧": "页框",
    "结点": "节点",
    "哈希": "散列",
    "水印": "水位",
    "拷贝": "复制，副本",
    "内核镜像": "内核映像",
    "伙伴分配器": "伙伴系统",
    "页面分配器": "页分配器",
    "链接程序": "链接器",
    "高速缓存行": "缓存行",
    "引导处理器": "引导 CPU",
    "引导期间": "启动期间",
    "初始化调用": "initcall",
    "APIC ID": "APIC 标识",
    "结构体": "结构",
}
"""Words that would be understood as well -> the one that these texts use (templates/glossary.toml)."""


def chinese_lines():
    """(path, line) of every Chinese text, without examples and front matter's slugs."""
    root = TEMPLATES.parent
    files = [
        *root.glob("linux-3.18-excerpts/**/*.zh.md"),
        *root.glob("linux-3.18-excerpts/**/*.members.toml"),
        *root.glob("docs/chapters/*.zh.md"),
        *TEMPLATES.glob("chapters/zh_CN/*"),
        *TEMPLATES.glob("*.toml"),
        TEMPLATES / "strings/zh_CN.toml",
    ]
    for path in files:
        text = re.sub(r"(?ms)^```.*?^```$", "", path.read_text(encoding="utf-8"))
        for line in _CODE.sub("…", text).split("\n"):
            if _HAN.search(line):
                yield path.relative_to(root).as_posix(), line


def test_one_thing_has_one_name_in_chinese():
    found = [(path, word, RIVALS[word]) for path, line in chinese_lines() for word in RIVALS if word in line]
    assert found == []


def test_a_blank_stands_between_chinese_and_code():
    code_font = r"(?:\{\w+\})?`[^`]*`"
    found = []
    for path, line in chinese_lines():
        parts = re.split(f"({code_font})", line)
        for at in range(1, len(parts), 2):
            if _HAN.match(parts[at - 1][-1:]) or _HAN.match(parts[at + 1][:1]):
                found.append((path, parts[at]))
    assert found == []
