"""What a build does to its outputs, and how it fails."""

from __future__ import annotations

import datetime

import pytest

from kmmdoc.model.errors import KmmdocError
from kmmdoc.publish import build_html, build_pdf, load_report
from kmmdoc.publish.place import place_file, place_folder


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_a_warning_is_an_error_when_strict_and_the_output_stays(sample, tmp_path):
    write(tmp_path / "source" / "index.md", "# Title\n\n{doc}`nowhere`\n")
    kept = write(tmp_path / "site" / "index.html", "old")
    with pytest.raises(KmmdocError, match="nowhere"):
        build_html(
            tmp_path / "source",
            tmp_path / "site",
            report=sample.report(),
            work=tmp_path / "work",
            strict=True,
        )
    assert kept.read_text() == "old"
    assert [p.name for p in tmp_path.glob(".*")] == []
    built = build_html(
        tmp_path / "source", tmp_path / "site", report=sample.report(), work=tmp_path / "work2", strict=False
    )
    assert len(built.warnings) == 1


def test_what_the_report_has_no_form_for_is_an_error(sample, tmp_path):
    write(tmp_path / "source" / "index.md", "# Title\n\n```{math}\na^2\n```\n")
    with pytest.raises(KmmdocError, match="math_block"):
        build_pdf(tmp_path / "source", tmp_path / "r.pdf", report=sample.report(), work=tmp_path / "work")
    assert not (tmp_path / "r.pdf").exists()


def test_a_figure_needs_a_text_and_links_of_a_known_form(sample, tmp_path):
    link = '<a href="web:x"><rect width="5" height="5"/></a>'
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9">{link}</svg>'
    write(tmp_path / "source" / "x.svg", svg)
    index = tmp_path / "source" / "index.md"
    for text, reason in [
        ("```{kmm-graph}\n:file: x.svg\n```", "name what it shows in :alt:"),
        ("```{kmm-graph}\n:file: x.svg\n:alt: x\n```", "a link must be"),
        ("```{kmm-graph}\n:file: y.svg\n:alt: x\n```", "y.svg"),
    ]:
        write(index, f"# Title\n\n{text}\n")
        with pytest.raises(KmmdocError, match=reason):
            build_html(
                tmp_path / "source",
                tmp_path / "site",
                report=sample.report(),
                work=tmp_path / "w",
                strict=True,
            )


def test_pages_missing_is_an_error(sample, tmp_path):
    with pytest.raises(KmmdocError, match=r"index\.md"):
        build_html(tmp_path, tmp_path / "site", report=sample.report(), work=tmp_path / "work")


def test_a_folder_takes_the_place_of_the_old_one_and_keeps_the_other_language(tmp_path):
    write(tmp_path / "made" / "new.html", "new")
    write(tmp_path / "made" / ".buildinfo", "x")
    write(tmp_path / "site" / "old.html", "old")
    write(tmp_path / "site" / "zh_CN" / "index.html", "zh")
    place_folder(tmp_path / "made", tmp_path / "site", without=(".buildinfo",), keep=("zh_CN",))
    found = sorted(
        str(p.relative_to(tmp_path / "site")) for p in (tmp_path / "site").rglob("*") if p.is_file()
    )
    assert found == ["new.html", "zh_CN/index.html"]
    assert [p.name for p in tmp_path.glob(".*")] == []


def test_a_file_that_cannot_be_made_leaves_the_old_one(tmp_path):
    kept = write(tmp_path / "report.pdf", "old")
    with pytest.raises(OSError, match="missing"):
        place_file(tmp_path / "missing", kept)
    assert kept.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["report.pdf"]


REPORT = """
author = "A"
date = 2026-01-02
source_browser = "https://src.example"
[title]
en = "T"
zh_CN = "题"
"""


def test_the_title_matter_is_read(tmp_path):
    report = load_report(write(tmp_path / "report.toml", REPORT), "zh_CN")
    assert (report.title, report.author, report.subtitle) == ("题", "A", "")
    assert report.date == datetime.date(2026, 1, 2)
    assert report.source_browser == "https://src.example/"
    several = REPORT.replace('author = "A"', 'author = { en = "A", zh_CN = "甲" }')
    assert load_report(write(tmp_path / "several.toml", several), "zh_CN").author == "甲"


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (("author =", "autor ="), "autor"),
        (("2026-01-02", '"today"'), "date"),
        (('en = "T"', ""), "title.en"),
        (('"A"', "3"), "author"),
        (("[title]", "[title"), "line"),
    ],
)
def test_what_is_wrong_with_the_title_matter_is_named(tmp_path, change, where):
    path = write(tmp_path / "report.toml", REPORT.replace(*change))
    with pytest.raises(KmmdocError, match=where) as caught:
        load_report(path, "en")
    assert str(path) in str(caught.value)


def test_the_day_can_be_fixed_from_outside(tmp_path, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    path = write(tmp_path / "report.toml", REPORT.replace("date = 2026-01-02", ""))
    assert load_report(path, "en").date == datetime.date(1970, 1, 2)


def test_an_unknown_language_is_named():
    with pytest.raises(KmmdocError, match="'fr'"):
        load_report(None, "fr")  # type: ignore[arg-type]
