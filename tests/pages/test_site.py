"""A whole site from a simulated boot: complete, linked, deterministic."""

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from kmmdoc.excerpts.trees import MemoryTree
from kmmdoc.machines.recorded import load_recorded
from kmmdoc.model.errors import KmmdocError
from kmmdoc.pages.chapters import chapters, read_chapter
from kmmdoc.pages.site import Site
from kmmdoc.render import Renderer, make_site
from kmmdoc.simulate import simulate

TRUTH = Path(__file__).parents[1] / "data" / "truth"


@pytest.fixture(scope="session")
def run():
    return simulate(load_recorded(TRUTH / "m2g-c4"))


@pytest.fixture(scope="session")
def out(run, tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    make_site(run, folder / "source", cache=folder / "cache")
    return folder


def documents(out):
    source = out / "source"
    return {p.relative_to(source).with_suffix("").as_posix(): p.read_text() for p in source.rglob("*.md")}


def test_every_document_is_written_and_no_other(run, out):
    assert set(documents(out)) == set(Site(run).documents)


def test_every_chapter_that_the_run_came_to_has_its_tree_its_log_and_a_figure(run, out):
    assert [c.slug for c in Site(run).chapters] == [c.slug for c in chapters()]
    pages = documents(out)
    for chapter in chapters():
        page = pages[chapter.docname]
        assert page.count("```{kmm-graph}") >= 2, chapter.slug
        assert "-calls-0.svg" in page, chapter.slug
        assert "## What it printed" in page


def test_drawings_are_there_and_their_links_have_pages(run, out):
    site = Site(run)
    shown = re.findall(r"^:file: /(\S+)$", "\n".join(documents(out).values()), re.M)
    assert len(shown) == len(set(shown)) > 400
    assert sorted(p.name for p in (out / "source/figures").iterdir()) == sorted(Path(s).name for s in shown)
    for path in shown:
        for link in ET.parse(out / "source" / path).iter("{http://www.w3.org/2000/svg}a"):
            assert site.known(link.get("href")), (path, link.get("href"))


def test_numbers_in_the_texts_come_from_the_run(run, out):
    page = documents(out)["stages/hand-over"]
    total = run.snapshots["after_mem_init"]["globals"]["totalram_pages"]
    assert f"`managed_pages` is exact now: {total:,} pages in all" in page


def test_functions_say_how_often_and_where_they_were_called(run, out):
    site = Site(run)
    page = documents(out)["functions/memblock_x86_fill"]
    assert "called once" in page
    assert "](/stages/memblock.md)" in page
    assert site.trace.functions["memblock_x86_fill"].calls == 1
    assert "def memblock_x86_fill(" in page  # the simulator's own source


def test_a_function_that_only_has_notes_says_that_it_did_not_run(run, out):
    site = Site(run)
    silent = [n for n in site.functions if n not in site.trace.functions]
    for name in silent:
        assert "not called in this run" in documents(out)[f"functions/{name}"]
    pages = documents(out)
    assert "this run, but on the bundled machine `uefi" in pages["functions/efi_reserve_boot_services"]
    assert "bundled machine" not in pages["functions/memblock_free"].partition("## ")[0]


def test_the_log_page_has_every_line_with_its_function(run, out):
    page = documents(out)["log"]
    by = re.search(r"^:by: (.*)$", page, re.MULTILINE)[1].split()
    assert len(by) == len(run.dmesg)
    assert all(line in page for line in run.dmesg)
    printed = dict(zip(run.dmesg, by, strict=True))
    line = next(text for text in run.dmesg if text.startswith("PERCPU: Embedded"))
    assert printed[line] == "pcpu_embed_first_chunk"


def test_a_second_rendering_writes_nothing(run, out):
    before = {p: p.stat().st_mtime_ns for p in (out / "source").rglob("*") if p.is_file()}
    files = make_site(run, out / "source", cache=out / "cache")
    assert {p: p.stat().st_mtime_ns for p in (out / "source").rglob("*") if p.is_file()} == before
    assert set(files) == set(before)


def test_what_an_earlier_build_left_is_removed(run, tmp_path):
    (tmp_path / "functions").mkdir()
    (tmp_path / "functions/no_more.md").write_text("old")
    (tmp_path / "kept.txt").write_text("not ours")
    renderer = Renderer(Site(run), tmp_path)
    renderer.page("log", "log", lines=[])
    renderer._remove_leftovers()
    assert not (tmp_path / "functions/no_more.md").exists()
    assert (tmp_path / "kept.txt").exists()


def test_a_boot_that_panics_has_pages_too(tmp_path):
    scenario = load_recorded(TRUTH / "m2g-c4")
    run = simulate(scenario)
    cut = next(i for i, s in enumerate(run.snapshots) if s == "before_init_mem_mapping")
    names = list(run.snapshots)[: cut + 2]
    run.snapshots = {n: run.snapshots[n] for n in names if n != "after_init_mem_mapping"}
    run.events = run.events[: run.snapshots["before_init_mem_mapping"].at + 40]
    run.panic = "no memory for page tables"
    make_site(run, tmp_path, cache=None)
    page = (tmp_path / "stages/direct-map.md").read_text()
    assert "The boot ended in this chapter: no memory for page tables" in page
    assert not (tmp_path / "stages/numa.md").exists()


def test_a_mistake_in_a_chapter_is_named_with_file_and_line(run, tmp_path):
    path = tmp_path / "01-x.md.j2"
    path.write_text('+++\ntitle = "t"\nlead = "l"\nstart = ""\nend = ""\n+++\none\n{% if %}\n')
    renderer = Renderer(Site(run), tmp_path)
    with pytest.raises(KmmdocError, match=r"01-x\.md\.j2:8: "):
        renderer.chapter(read_chapter(path))
    path.write_text('+++\ntitle = "t"\nlead = "l"\nstart = ""\nend = ""\n+++\n{{ nonsense }}\n')
    with pytest.raises(KmmdocError, match="nonsense"):
        renderer.chapter(read_chapter(path))


def test_notes_that_no_longer_fit_stand_apart_and_say_so(run, tmp_path):
    """With a tree whose function of that name is another, all notes are about v3.18's lines only."""
    text = b"int memblock_add_range(void)\n{\n\treturn one_of_ours();\n}\n"
    site = Site(run, tree=MemoryTree({"mm/memblock.c": text}, "a tree of ours"))
    Renderer(site, tmp_path).function("memblock_add_range")
    page = (tmp_path / "functions" / "memblock_add_range.md").read_text()
    annotation = site.annotation("memblock_add_range", "function")
    shown, lost = page.split("### Notes on lines that differ")
    assert re.search(r"DRIFTED: .*a tree of ours.* has no lines", shown)
    assert "one_of_ours" in shown
    assert "{kmm-note}" not in shown
    lines = [str(annotation.absolute(s)) for s in annotation.sections if s.lines]
    assert re.findall(r"{kmm-note} (\S+)", lost) == lines
    assert lost.count(":outcome: DRIFTED") == len(lines)


def test_without_a_tree_a_page_has_every_note_and_says_how_to_add_the_text(run, tmp_path):
    site = Site(run)
    Renderer(site, tmp_path).function("memblock_add_range")
    page = (tmp_path / "functions" / "memblock_add_range.md").read_text()
    annotation = site.annotation("memblock_add_range", "function")
    assert page.count("{kmm-note}") == sum(bool(s.lines) for s in annotation.sections)
    assert "`kmmdoc source use TREE`" in page
    assert "DRIFTED" not in page
