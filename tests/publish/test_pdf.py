"""The sample's report: its pages, its links, its text."""

from __future__ import annotations

import re
import shutil
import subprocess
import zlib

import pytest

from kmmdoc.publish import build_pdf


def objects(data: bytes) -> bytes:
    """The PDF with its compressed streams unpacked, enough to look for things in it."""
    out = [data]
    for match in re.finditer(rb"stream\r?\n(.*?)endstream", data, re.DOTALL):
        try:
            out.append(zlib.decompressobj().decompress(match[1]))
        except zlib.error:
            continue
    return b"\n".join(out)


@pytest.fixture(scope="module")
def inside(pdf) -> bytes:
    return objects(pdf.path.read_bytes())


def test_it_has_as_many_pages_as_it_says(pdf, inside):
    assert pdf.path.read_bytes().startswith(b"%PDF-")
    assert len(re.findall(rb"/Type\s*/Page\b(?!s)", inside)) == pdf.pages
    # title, contents, the root, two stages of which the first takes two pages at least, two appendices
    assert pdf.pages >= 8
    assert pdf.warnings == ()


def test_it_names_title_author_and_day(inside):
    assert b"Ann Author" in inside
    assert b"How memory comes up" in inside
    assert b"20260102" in inside


def test_nodes_of_figures_are_links(inside):
    boxes = [
        [float(n) for n in match[1].split()]
        for match in re.finditer(rb"/Subtype\s*/Link.{0,200}?/Rect\s*\[([^\]]*)\]", inside, re.DOTALL)
    ]
    # Boxes of the height of a figure's node: 17 to 19 points drawn at 0.92, a row or a title each.
    # In each of the two copies of the call graph three nodes have a page.
    nodes = [b for b in boxes if 15 < b[3] - b[1] < 18 and b[2] - b[0] > 40]
    assert len(nodes) >= 6


def test_links_lead_to_places_in_the_report(inside):
    assert len(re.findall(rb"/Subtype\s*/Link", inside)) > 20
    assert b"https://src.example/mm/memblock.c#L580" in inside
    assert b"https://src.example/lib/pool.c#L43" in inside


def test_only_shipped_fonts_are_in_it(inside):
    names = set(re.findall(rb"/FontName\s*/[A-Z]{6}\+([A-Za-z-]+)", inside))
    assert names
    assert {n.split(b"-")[0] for n in names} <= {
        b"SourceSerifPro",
        b"SourceSansPro",
        b"NotoSerifSC",
        b"NotoSansSC",
        b"DejaVuSansMono",
    }
    assert b"NotoSerifSC" in {n.split(b"-")[0] for n in names}


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="pdftotext is not installed")
def test_its_text_can_be_read(pdf):
    done = subprocess.run(["pdftotext", "-layout", pdf.path, "-"], capture_output=True, check=True)
    text = done.stdout.decode()
    pages = text.split("\f")
    assert "How memory comes up" in pages[0]
    assert "2026-01-02" in pages[0]
    assert re.search("1 The first stage[ .\u2060]+4\n", pages[1])
    assert "从固件内存图到伙伴系统" in text
    assert "static int grow_pool(struct pool *p)" in text
    # the running head of a page that does not begin a chapter
    assert any(p.startswith("The first stage") for p in pages[2:])
    # the footnote stands on the page that refers to it
    assert "Because the old one was full" in next(p for p in pages if "larger" in p)


def test_symbols_that_the_text_does_not_name_are_left_out_unless_it_is_to_be_complete(
    sample, pages, tmp_path
):
    """The sample with one more function, which only the pages of other functions lead to."""
    more = tmp_path / "pages"
    shutil.copytree(pages, more)
    page = more / "functions" / "grow_pool.md"
    page.write_text(page.read_text() + "\nSee {kfunc}`shrink_pool`.\n")
    (more / "functions" / "shrink_pool.md").write_text(
        "---\norphan: true\n---\n# shrink_pool\n\nGives back.\n"
    )
    texts = {}
    for complete in (False, True):
        out, work = tmp_path / f"{complete}.pdf", tmp_path / "work"
        made = build_pdf(more, out, report=sample.report(), work=work, complete=complete)
        assert made.warnings == ()
        texts[complete] = (work / "pdf" / "report.typ").read_text()
    assert "See" in texts[False]
    assert "Gives back." not in texts[False]
    assert "Gives back." in texts[True]
