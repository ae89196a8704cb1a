"""Annotation files: how they are read, and what is said about wrong ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from kmmdoc.excerpts.facts import Facts
from kmmdoc.excerpts.stamp import confirm_translation, stamp
from kmmdoc.excerpts.store import Annotations, parse
from kmmdoc.excerpts.trees import MemoryTree
from kmmdoc.model.errors import KmmdocError
from kmmdoc.model.excerpt import Annotation, Span

CHINESE = """\
+++
symbol = "pour"
translates = "000000000000"
+++

把一个壶里的水倒进另一个壶。

## 倒多少 {#amount}

两者中较小的一个。

## 倒 {#move}

一滴不漏。

## 谁调用它 {#callers}

`fill()`。
"""


def test_what_is_read(pour: Annotation) -> None:
    assert (pour.kind, pour.file, pour.span, pour.language) == ("function", "lib/jug.c", Span(4, 14), "en")
    assert pour.lead == "Moves what fits from one jug into the other."
    assert [(s.slug, s.lines) for s in pour.sections] == [
        ("amount", Span(3, 6)),
        ("move", Span(8, 9)),
        ("callers", None),
    ]
    assert pour.sections[1].body.startswith("Nothing is lost")
    assert pour.absolute(pour.sections[0]) == Span(6, 9)
    assert pour.url(pour.sections[0]).endswith("lib/jug.c#L6")


def test_headings_inside_fences_are_text(tmp_path: Path) -> None:
    path = tmp_path / "x.md"
    path.write_text(
        '+++\nsymbol = "x"\n+++\n\nSays:\n\n````\n## Not a heading\n```\n````\n\n## One {#one}\n\nText.\n'
    )
    document = parse(path)
    assert [s.slug for s in document.sections] == ["one"]
    assert "## Not a heading" in document.summary


def broken(notes: Path, old: str, new: str) -> Path:
    path = notes / "lib" / "jug.c" / "pour.md"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    return path


@pytest.mark.parametrize(
    ("old", "new", "where", "reason"),
    [
        ("+++\n", "---\n", 1, "TOML between two lines"),
        ('symbol = "pour"', "symbol = pour", 1, "TOML"),
        ('symbol = "pour"', "symbol = 3", "symbol", "must be the symbol's name"),
        ('symbol = "pour"', 'symbol = "pour"\nauthor = "me"', "author", "unknown key"),
        ('symbol = "pour"', 'symbol = "spill"', "symbol", "file of that name"),
        ('kind = "function"', 'kind = "struct"', "symbol", "no struct pour in lib/jug.c"),
        ("span = [4, 14]", "span = [4, 15]", "span", "not v3.18's"),
        ("{#move 8-9", "{#amount 8-9", 16, "a second section"),
        ("{#move 8-9", "{#move 5-9", 16, "do not follow"),
        ("{#move 8-9", "{#move 9-8", 16, "backwards"),
        ("{#move 8-9", "{#move 8-12", 16, "end after the symbol's 11"),
        ("## Move it", "## Move it again\n\n## Move it", 16, "form"),
        ("`fill()`.", "", 20, "empty"),
        ("`fill()`.", "```\nopen", 22, "not closed"),
    ],
)
def test_wrong_files_are_named_with_the_place(
    notes: Path, facts: Facts, old: str, new: str, where: int | str, reason: str
) -> None:
    path = broken(notes, old, new)
    with pytest.raises(KmmdocError) as error:
        Annotations(notes, facts).all()
    assert error.value.file == str(path)
    assert error.value.where == where
    assert reason in error.value.reason


def test_a_range_without_its_hash(notes: Path, facts: Facts, pour: Annotation) -> None:
    broken(notes, f" {pour.sections[1].digest}", "")
    with pytest.raises(KmmdocError, match="no hash"):
        Annotations(notes, facts).all()


def test_stamping_again_changes_nothing_and_mends_what_was_moved(
    notes: Path, facts: Facts, files: dict[str, str], pour: Annotation
) -> None:
    path, tree = notes / "lib/jug.c/pour.md", MemoryTree({p: t.encode() for p, t in files.items()}, "")
    before = path.read_text()
    assert not stamp(path, tree, root=notes, facts=facts)
    broken(notes, "8-9", "8-10")
    assert stamp(path, tree, root=notes, facts=facts)
    digest = Annotations(notes, facts).get("pour").sections[1].digest  # type: ignore[union-attr]
    assert digest != pour.sections[1].digest
    broken(notes, "8-10", "8-9")
    stamp(path, tree, root=notes, facts=facts)
    assert path.read_text() == before


def test_stamping_wants_the_very_text(notes: Path, facts: Facts, files: dict[str, str]) -> None:
    files["lib/jug.c"] = files["lib/jug.c"].replace("room", "space")
    tree = MemoryTree({p: t.encode() for p, t in files.items()}, "")
    with pytest.raises(KmmdocError, match="another text of pour"):
        stamp(notes / "lib/jug.c/pour.md", tree, root=notes, facts=facts)


def test_no_line_of_the_source_gets_into_the_file(notes: Path, files: dict[str, str]) -> None:
    text = (notes / "lib/jug.c/pour.md").read_text()
    assert not any(line.strip() in text for line in files["lib/jug.c"].split("\n") if len(line.strip()) > 8)


def test_translation(notes: Path, facts: Facts, pour: Annotation) -> None:
    path = notes / "lib/jug.c/pour.zh.md"
    path.write_text(CHINESE)
    assert Annotations(notes, facts).get("pour", language="zh_CN").stale  # type: ignore[union-attr]
    assert confirm_translation(path)
    found = Annotations(notes, facts).get("pour", language="zh_CN")
    assert found is not None
    assert (found.language, found.stale, found.lead) == ("zh_CN", False, "把一个壶里的水倒进另一个壶。")
    assert [(s.title, s.lines, s.digest) for s in found.sections[:2]] == [
        ("倒多少", Span(3, 6), pour.sections[0].digest),
        ("倒", Span(8, 9), pour.sections[1].digest),
    ]
    broken(notes, "Nothing is lost", "Not a drop is lost")
    assert Annotations(notes, facts).get("pour", language="zh_CN").stale  # type: ignore[union-attr]


def test_a_translation_that_lacks_a_section_shows_the_english_one(notes: Path, facts: Facts) -> None:
    path = notes / "lib/jug.c/pour.zh.md"
    path.write_text(CHINESE.split("## 谁")[0])
    confirm_translation(path)
    found = Annotations(notes, facts).get("pour", language="zh_CN")
    assert found is not None
    assert found.stale
    assert found.sections[2].title == "Who calls it"


@pytest.mark.parametrize(
    ("old", "new", "where", "reason"),
    [
        ("{#move}", "{#moved}", 12, "no section moved"),
        ("{#move}", "{#move 8-9}", 12, "slug only"),
        ("translates", "span", "span", "unknown key"),
        ('"pour"', '"fill"', "symbol", "must be pour"),
    ],
)
def test_wrong_translations(
    notes: Path, facts: Facts, old: str, new: str, where: int | str, reason: str
) -> None:
    path = notes / "lib/jug.c/pour.zh.md"
    path.write_text(CHINESE.replace(old, new))
    with pytest.raises(KmmdocError) as error:
        Annotations(notes, facts).all("zh_CN")
    assert (error.value.file, error.value.where) == (str(path), where)
    assert reason in error.value.reason


def test_a_translation_of_nothing(notes: Path, facts: Facts) -> None:
    (notes / "lib/jug.c/drink.zh.md").write_text(CHINESE)
    with pytest.raises(KmmdocError, match=r"translates drink\.md, which is not there"):
        Annotations(notes, facts).all("zh_CN")


def test_without_a_translation_the_english_text(pour: Annotation, notes: Path, facts: Facts) -> None:
    assert Annotations(notes, facts).all("zh_CN") == [pour]


def test_the_project_s_own_annotations_fit_the_facts() -> None:
    own = Annotations()
    assert len(own.all()) >= 700
    translated = [a for a in own.all("zh_CN") if a.language == "zh_CN"]
    assert len(translated) == len(own.all())
    for annotation in own.all():
        assert len(annotation.lead) > 40, annotation.source
        small = annotation.kind in ("variable", "macro", "enum") or annotation.span.length <= 4
        assert small or any(s.lines for s in annotation.sections), annotation.source
