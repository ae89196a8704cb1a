"""A small project in which nothing is found, and each kind of finding in one broken in that way."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from kmmdoc.cli import main
from kmmdoc.excerpts import source
from kmmdoc.excerpts.check import Checked, Project, check, coverage
from kmmdoc.excerpts.check.copied import normal
from kmmdoc.excerpts.check.coverage import passed_of
from kmmdoc.excerpts.check.finding import KINDS, Finding
from kmmdoc.excerpts.check.passed import Passed, WrittenStep, boot_all, written_steps
from kmmdoc.excerpts.facts import Facts
from kmmdoc.excerpts.stamp import confirm_translation
from kmmdoc.excerpts.trees import MemoryTree
from kmmdoc.machines.resolve import resolve
from kmmdoc.model.errors import KmmdocError
from kmmdoc.model.trace import Call, KernelRef, Return, Step

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
POUR = KernelRef("lib/jug.c", "pour")
FILL = KernelRef("lib/jug.c", "fill")
FILES = {
    "docs/chapters/10-jugs.md": "# Jugs\n\n"
    "See {ksrc}`lib/jug.c:4-14` and `struct jug`.\n\n## (More)\n\n[up](#more)\n",
    "docs/chapters/10-jugs.zh.md": "# 壶\n\n见 {ksrc}`lib/jug.c:4-14`。\n\n## 更多\n",
    "templates/chapters/en/01-tap.md.j2": "# Tap\n\n"
    '{{ litres if open else "no water" }} by {kfunc}`fill() <fill>`\n',
    "templates/chapters/zh_CN/01-tap.md.j2": "# 龙头\n\n"
    '{{ litres if open else "没水" }}，{kfunc}`fill() <fill>`\n',
    "templates/strings/en.toml": 'more = "{n} more"\n',
    "templates/strings/zh_CN.toml": 'more = "还有 {n}"\n',
    "templates/glossary.toml": '[[term]]\nslug = "jug"\nen = "jug"\nzh_CN = "壶"\n',
}


def ran() -> Passed:
    passed = Passed()
    passed.add("jar", [Call(POUR, ()), Step("amount", ()), Return(None)])
    return passed


@pytest.fixture
def project(notes: Path, facts: Facts, files: dict[str, str]) -> Project:
    """A project in order, with its tree."""
    root = notes.parent
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    chinese = notes / "lib/jug.c/pour.zh.md"
    chinese.write_text(CHINESE, encoding="utf-8")
    confirm_translation(chinese)
    tree = MemoryTree({path: text.encode() for path, text in files.items()}, "a test's")
    steps = (WrittenStep("sim/jug.py", 3, "pour", "move"),)
    return Project(root, notes, facts, tree, steps)


def found(project: Project, passed: Passed | None = None) -> list[Finding]:
    return list(check(project, passed or ran()).findings)


def test_nothing_is_found_in_a_project_in_order(project: Project) -> None:
    assert found(project) == []
    assert found(replace(project, tree=None)) == []


NOTE, ZH = "notes/lib/jug.c/pour.md", "notes/lib/jug.c/pour.zh.md"
EN_CHAPTER, ZH_CHAPTER = "docs/chapters/10-jugs.md", "docs/chapters/10-jugs.zh.md"
EN_TAP, ZH_TAP = "templates/chapters/en/01-tap.md.j2", "templates/chapters/zh_CN/01-tap.md.j2"
WORDS, GLOSSARY = "templates/strings/zh_CN.toml", "templates/glossary.toml"


@pytest.mark.parametrize(
    ("file", "old", "new", "findings"),
    [
        (NOTE, "## Move it {", "## Move it", [(NOTE, 16, "form", "has the form")]),
        (NOTE, "span = [4, 14]", "span = [4, 15]", [(NOTE, 4, "anchor", "not v3.18's")]),
        (NOTE, 'symbol = "pour"', 'symbol = "spill"', [(NOTE, 2, "anchor", "file of that name")]),
        (ZH, "{#move}", "{#moved}", [(ZH, 12, "differs", "no section moved")]),
        (ZH, "## 谁调用它 {#callers}\n\n`fill()`。\n", "", [(ZH, 1, "stale", "lacks the sections callers")]),
        (ZH, 'translates = "', 'translates = "0', [(ZH, 3, "stale", "made from 0")]),
        (
            ZH,
            "一滴不漏。",
            "Nothing is lost on the way from one jug.",
            [(ZH, 12, "untranslated", "English in")],
        ),
        (ZH, "`fill()`", "`pour()`", [(ZH, 16, "differs", "`fill()` is named in English only"),
                                      (ZH, 16, "differs", "`pour()` is named in Chinese only")]),
        (EN_CHAPTER, "`struct jug`", "`struct mug`", [(EN_CHAPTER, 3, "symbol", "structure is called mug")]),
        (EN_TAP, "{kfunc}`fill() <fill>`", "`flood()`",
         [(EN_TAP, 1, "differs", "name {kfunc}`fill"), (EN_TAP, 3, "symbol", "called flood()"),
          (ZH_TAP, 1, "differs", "name `flood()`")]),
        (EN_CHAPTER, "(#more)", "(#less)", [(EN_CHAPTER, 7, "link", "no anchor less")]),
        (EN_CHAPTER, "(#more)", "(99-mugs.md)", [(EN_CHAPTER, 7, "link", "there is no 99-mugs.md")]),
        (ZH_CHAPTER, "## 更多", "", [(ZH_CHAPTER, 1, "differs", "1 headings, 2 in English")]),
        (ZH_TAP, "litres", "pints",
         [(EN_TAP, 1, "differs", "pints if"), (ZH_TAP, 1, "differs", "litres if")]),
        (WORDS, "{n}", "{m}", [(WORDS, 1, "differs", "{m}, {n} in one language only")]),
        (WORDS, "more", "less", [("templates/strings/en.toml", 1, "untranslated", "has no less"),
                                 (WORDS, 1, "untranslated", "has no more")]),
        (GLOSSARY, 'zh_CN = "壶"', "", [(GLOSSARY, 1, "untranslated", "jug: en")]),
    ],
)  # fmt: skip
def test_each_kind_of_finding(
    project: Project, file: str, old: str, new: str, findings: list[tuple[str, int, str, str]]
) -> None:
    path = project.root / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    passed = Passed()
    assert_found(found(project, passed), findings)


def assert_found(got: list[Finding], wanted: list[tuple[str, int, str, str]]) -> None:
    assert [f[:3] for f in got] == [w[:3] for w in wanted]
    for finding, (*_, part) in zip(got, wanted, strict=True):
        assert part in finding.text
        assert finding.kind in KINDS


@pytest.mark.parametrize("places", ["lib/jug.c:4-99", "lib/mug.c:1", "lib/jug.c:9-4", "the jug"])
def test_a_place_that_the_source_does_not_have(
    project: Project, files: dict[str, str], tmp_path: Path, places: str
) -> None:
    tree = tmp_path / "tree"
    for name, text in {**files, "mm/memblock.c": ""}.items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text(text)
    for name in (EN_CHAPTER, ZH_CHAPTER):
        path = project.root / name
        path.write_text(path.read_text(encoding="utf-8").replace("lib/jug.c:4-14", places), encoding="utf-8")
    got = found(replace(project, tree=source.FolderTree(tree)))
    assert [f[:3] for f in got] == [(EN_CHAPTER, 3, "link"), (ZH_CHAPTER, 3, "link")]


@pytest.mark.parametrize(
    ("name", "finding"),
    [
        (ZH, (NOTE, 1, "untranslated", "in English only")),
        (ZH_CHAPTER, (EN_CHAPTER, 1, "untranslated", "there is no " + ZH_CHAPTER)),
        (EN_TAP, (ZH_TAP, 1, "untranslated", "Chinese only")),
        (NOTE, (ZH, 1, "untranslated", "there is no pour.md")),
    ],
)
def test_a_language_that_lacks(project: Project, name: str, finding: tuple[str, int, str, str]) -> None:
    (project.root / name).unlink()
    assert_found(found(project, Passed()), [finding])


def test_a_text_that_changed_after_its_translation(project: Project) -> None:
    path = project.root / NOTE
    path.write_text(path.read_text().replace("Nothing is lost", "Not a drop is lost"))
    assert_found(found(project), [(ZH, 3, "stale", "the English text is")])


def test_steps_without_a_section(project: Project) -> None:
    steps = (WrittenStep("sim/jug.py", 3, "pour", "spill"), WrittenStep("sim/jug.py", 9, "fill", "full"))
    wanted = [("sim/jug.py", 3, "step", "annotation of pour has no section spill")]
    assert_found(found(replace(project, steps=steps)), wanted)
    passed = ran()
    passed.add("jar", [Call(POUR, ()), Call(FILL, ()), Return(None), Step("drip", ()), Return(None)])
    passed.functions.pop(FILL)
    assert_found(found(project, passed), [(NOTE, 1, "step", "a boot passes drip")])


def test_a_function_that_ran_and_has_no_annotation(project: Project) -> None:
    passed = ran()
    passed.add("jar", [Call(FILL, ()), Return(None), Call(KernelRef("lib/mug.c", "sip"), ()), Return(None)])
    checked = check(project, passed)
    assert_found(
        list(checked.findings), [("kmmdoc/linux", 1, "unannotated", "fill runs on jar; lib/jug.c:17-21")]
    )
    assert checked.coverage.beyond == {"lib/mug.c": ["sip"]}
    assert checked.coverage.rows[0] == coverage.Row("functions that ran", 2, 1, 1, 1)


def test_hashes_against_the_tree(project: Project, files: dict[str, str]) -> None:
    path = project.root / NOTE
    lines = path.read_text().split("\n")
    at = next(i for i, line in enumerate(lines) if line.startswith("## Move it"))
    lines[at] = "## Move it {#move 8-9 000000000000}"
    path.write_text("\n".join(lines))
    assert found(replace(project, tree=None)) == []
    assert_found(found(project), [(NOTE, at + 1, "hash", "lines 8-9 of pour are not those of move")])


def test_another_tree_is_no_finding_but_counted(project: Project, files: dict[str, str]) -> None:
    def outcomes(change: Callable[[str], str]) -> dict[str, int]:
        tree = MemoryTree({**project_files, "lib/jug.c": change(files["lib/jug.c"]).encode()}, "another")
        checked: Checked = check(replace(project, tree=tree), ran())
        assert checked.findings == ()
        return dict(checked.coverage.outcomes)

    project_files = {path: text.encode() for path, text in files.items()}
    assert outcomes(lambda text: text) == {"exact": 1}
    assert outcomes(lambda text: "\n\n" + text) == {"moved": 1}
    assert outcomes(lambda text: text.replace("return room", "return 1")) == {"partial": 1}


def test_text_of_the_kernel(project: Project, files: dict[str, str]) -> None:
    comment = "/*\n * Water goes where it can, and what does not find\n * a place is left where it was. */\n"
    files["lib/tap.c"] += comment + "int tap_with_a_very_long_name_and_many_arguments(int here, int there);\n"
    tree = MemoryTree({path: text.encode() for path, text in files.items()}, "a test's")
    assert found(replace(project, tree=tree)) == []
    path, before = project.root / NOTE, (project.root / NOTE).read_text()

    def copied(text: str) -> list[Finding]:
        path.write_text(before.replace("It never spills.", text))
        confirm_translation(project.root / ZH)
        return found(replace(project, tree=tree))

    words = "As is said: water goes where it can, and what does not find a place."
    assert_found(copied(words), [(NOTE, 10, "copied", "10 words of a comment: water goes where")])
    long = "    int tap_with_a_very_long_name_and_many_arguments(int here,  int there);"
    assert_found(copied(long), [(NOTE, 10, "copied", "a line of the kernel: int tap_with")])
    rows = "\tif (room > from->filled)\n\t\troom = from->filled;\n\n\tfrom->filled -= room;"
    assert_found(copied(rows), [(NOTE, 10, "copied", "3 lines of the kernel in a row")])
    assert copied("\troom = from->filled;\n\tfrom->filled -= room;") == []


def test_comment_marks_do_not_hide_a_line() -> None:
    assert normal(" * some   words */") == normal("# some words") == "some words"


def test_without_annotations_there_is_nothing_to_check(tmp_path: Path) -> None:
    with pytest.raises(KmmdocError, match="not there"):
        check(Project(tmp_path), Passed())


def test_a_boot_passes_steps_that_the_source_has() -> None:
    said: list[str] = []
    passed = boot_all([("qemu-2g", resolve("qemu-2g"))], said.append)
    assert said == ["booting qemu-2g"]
    assert KernelRef("mm/memblock.c", "memblock_add_range") in passed.functions
    assert passed.steps
    written = list(written_steps())
    assert {slug for _, slug in passed.steps} <= {step.slug for step in written}
    assert 0 < len(passed_of(written, passed)) < len(written)


def test_the_command(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KMMDOC_CACHE", str(tmp_path / "cache"))
    assert main(["check", "--project", str(tmp_path / "nowhere")]) == 2
    assert "the folder of annotations is not there" in capfd.readouterr().err
    (project.root / "linux-3.18-excerpts").mkdir()
    tree = tmp_path / "tree"
    (tree / "mm").mkdir(parents=True)
    (tree / "mm" / "memblock.c").write_text("")
    source.use(tree)
    assert main(["check", "--project", str(project.root), "--json"]) == 1
    out, err = capfd.readouterr()
    assert err == ""
    result = json.loads(out)
    assert {"path", "line", "kind", "text"} == result["findings"][0].keys()
    assert result["coverage"]["tree"] == "Linux, version unknown (folder tree)"
    assert main(["check", "--project", str(project.root), "--coverage"]) == 1
    out, err = capfd.readouterr()
    assert err == ""
    lines = out.splitlines()
    head = next(i for i, line in enumerate(lines) if line.startswith("WHAT"))
    assert lines[:head] == [f"{f['path']}:{f['line']}: {f['kind']}: {f['text']}" for f in result["findings"]]
    assert lines[head + 1].split()[:4] == ["functions", "that", "ran", str(head - sum_of_others(result))]


def sum_of_others(result: dict[str, list[dict[str, str]]]) -> int:
    return sum(f["kind"] != "unannotated" for f in result["findings"])


def test_the_project_s_own_texts() -> None:
    """All but what is not annotated yet, which `kmmdoc check` lists."""
    own = [f for f in check(Project()).findings if f.kind != "unannotated"]
    assert [str(f) for f in own] == []
