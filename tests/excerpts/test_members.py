"""Files about the members of structures: how they are read, and what is found wrong with them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from kmmdoc.excerpts.check.coverage import Coverage, Row
from kmmdoc.excerpts.check.finding import KINDS
from kmmdoc.excerpts.check.members import check_members, explained
from kmmdoc.excerpts.check.notes import read_notes
from kmmdoc.excerpts.facts import Facts
from kmmdoc.excerpts.members import members_path, read_members, units
from kmmdoc.excerpts.stamp import stamp
from kmmdoc.excerpts.store import ROOT
from kmmdoc.machines.builds import load_build
from kmmdoc.model.errors import KmmdocError
from kmmdoc.model.scenario import Field, KernelBuild, Struct
from kmmdoc.model.words import words

from .conftest import tree_of

MODEL = ROOT / "include/linux/memblock.h/memblock_type.md"
JUG = """\
+++
symbol = "jug"
kind = "struct"
+++

Holds water.
"""
MEMBERS = """\
[size]
unit = "bytes"
en = "How much fits; see `pour()`."
zh_CN = "能装多少，见`pour()`。"

[filled]
en = "How much is in it."
zh_CN = "装了多少。"
"""


@pytest.fixture
def jug(notes: Path, files: dict[str, str], facts: Facts) -> Path:
    """An annotated structure with a file about its members."""
    path = notes / "lib/jug.h/jug.md"
    path.parent.mkdir()
    path.write_text(JUG)
    stamp(path, tree_of(files), root=notes, facts=facts)
    members_path(path).write_text(MEMBERS, encoding="utf-8")
    return members_path(path)


@pytest.fixture
def build() -> KernelBuild:
    layout = Struct("jug", 8, (Field("size", "int", 0, 4), Field("filled", "int", 4, 4)))
    return replace(load_build(), structs={"jug": layout})


def test_the_model_explains_each_member_in_the_layout_s_order() -> None:
    notes = read_members(members_path(MODEL))
    assert list(notes) == [f.name for f in load_build().structs["memblock_type"].fields]
    assert [n.unit for n in notes.values()] == ["count", "count", "bytes", "pointer"]
    assert notes["cnt"].texts["en"].startswith("Regions in use.")
    assert "区域" in notes["cnt"].texts["zh_CN"]


def test_every_unit_has_its_word_in_both_languages() -> None:
    for language in ("en", "zh_CN"):
        assert all(words(language)(f"unit.{unit}") for unit in units())


@pytest.mark.parametrize(
    ("old", "new", "where", "reason"),
    [
        ("[size]", "[size", None, "cannot be read"),
        ('unit = "bytes"', 'unit = "pints"', "size", "unknown unit pints"),
        ('unit = "bytes"', 'units = "bytes"', "size", "unknown key units"),
        ('en = "How much is in it."\n', "", "filled", "no text in en"),
        ('zh_CN = "装了多少。"', 'zh_CN = " "', "filled", "no text in zh_CN"),
        ("[size]", "size = 4\n[other]", "size", "must be a table"),
    ],
)
def test_errors_name_file_member_and_reason(
    tmp_path: Path, old: str, new: str, where: str | None, reason: str
) -> None:
    path = tmp_path / "jug.members.toml"
    assert old in MEMBERS
    path.write_text(MEMBERS.replace(old, new), encoding="utf-8")
    with pytest.raises(KmmdocError, match=reason) as caught:
        read_members(path)
    assert (caught.value.file, caught.value.where) == (str(path), where)


def test_nothing_is_found_and_all_is_counted(
    jug: Path, notes: Path, facts: Facts, build: KernelBuild
) -> None:
    read = read_notes(notes, notes.parent, facts)
    assert list(check_members(read, build)) == []
    assert explained(read, build) == (2, 2, ())
    coverage = Coverage()
    coverage.add_members(explained(read, build))
    assert coverage.rows == [Row("members explained", 2, 2, None, 2)]


def test_a_structure_without_a_file_is_only_counted(
    jug: Path, notes: Path, facts: Facts, build: KernelBuild
) -> None:
    jug.unlink()
    read = read_notes(notes, notes.parent, facts)
    assert list(check_members(read, build)) == []
    assert explained(read, build) == (2, 0, ("jug",))


@pytest.mark.parametrize(
    ("old", "new", "line", "kind", "text"),
    [
        ("[filled]", "[full]", 1, "anchor", "the member filled has no table"),
        ("[filled]", "[full]", 6, "anchor", "full: the structure has no member full"),
        ('unit = "bytes"', 'unit = "pints"', 1, "form", "size: unknown unit pints"),
        ('zh_CN = "装了多少。"', "", 6, "untranslated", "filled: has no text in zh_CN"),
        ("装了多少。", "How much of it is there.", 6, "untranslated", "English in the Chinese"),
        ("见`pour()`", "见`fill()`", 1, "differs", "size: `fill()` is named in Chinese only"),
        ("见`pour()`", "见`fill()`", 1, "differs", "size: `pour()` is named in English only"),
    ],
)
def test_what_is_found(
    jug: Path,
    notes: Path,
    facts: Facts,
    build: KernelBuild,
    old: str,
    new: str,
    line: int,
    kind: str,
    text: str,
) -> None:
    assert old in MEMBERS
    jug.write_text(MEMBERS.replace(old, new), encoding="utf-8")
    found = list(check_members(read_notes(notes, notes.parent, facts), build))
    assert any((f.line, f.kind) == (line, kind) and text in f.text for f in found), found
    assert all(f.kind in KINDS and f.path == "notes/lib/jug.h/jug.members.toml" for f in found)


def test_the_order_is_the_layout_s_and_the_annotation_must_be_there(
    jug: Path, notes: Path, facts: Facts, build: KernelBuild
) -> None:
    first, second = MEMBERS.split("\n\n")
    jug.write_text(f"{second}\n{first}\n", encoding="utf-8")
    found = list(check_members(read_notes(notes, notes.parent, facts), build))
    assert [f.text for f in found] == ["filled: not in the layout's order: size comes here"]
    (notes / "lib/jug.h/jug.md").unlink()
    found = list(check_members(read_notes(notes, notes.parent, facts), build))
    assert [f.text for f in found] == ["there is no jug.md whose members these are"]
