"""The sample's site, built with warnings as errors, looked at as a browser would get it."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from kmmdoc.publish import build_html

VOID = {"meta", "link", "input", "br", "hr", "img", "use", "rect", "path", "polygon"}


class Page(HTMLParser):
    """All start tags of a page with their attributes, and its text."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, {key: value or "" for key, value in attrs}))

    def handle_data(self, data):
        self.text += data

    def all(self, tag, css=""):
        return [a for t, a in self.tags if t == tag and (not css or css in a.get("class", "").split())]


def all_pages(site):
    return sorted(p for p in site.path.rglob("*.html") if p.name != "404.html")


def test_every_page_is_there(site, pages):
    names = {str(p.relative_to(site.path)) for p in all_pages(site)}
    assert {str(p.relative_to(pages).with_suffix(".html")) for p in pages.rglob("*.md")} <= names
    assert {"index.html", "stages/first.html", "functions/grow_pool.html", "structs/pool.html"} <= names
    assert site.warnings == ()


def test_nothing_is_asked_of_another_host(site):
    for path in [*all_pages(site), site.path / "404.html"]:
        for tag, attributes in Page(path).tags:
            for key in ("src", "srcset", "data", "poster"):
                assert not urlsplit(attributes.get(key, "")).netloc, (path, tag, attributes)
            if tag == "link":
                assert not urlsplit(attributes["href"]).netloc, (path, attributes)
    for sheet in site.path.rglob("*.css"):
        for url in re.findall(r"url\(([^)]*)\)", sheet.read_text(encoding="utf-8")):
            assert not urlsplit(url.strip("'\"")).netloc or url.startswith("data:"), (sheet, url)


def test_every_link_inside_the_site_leads_somewhere(site):
    ids = {path: {a["id"] for _, a in Page(path).tags if "id" in a} for path in all_pages(site)}
    for path in ids:
        for attributes in Page(path).all("a"):
            url = urlsplit(attributes.get("href", ""))
            if url.scheme or url.netloc or not (url.path or url.fragment):
                continue
            target = (path.parent / url.path).resolve() if url.path else path
            assert target.exists(), (path, attributes)
            if url.fragment and target in ids:
                assert url.fragment in ids[target], (path, attributes)


def test_ids_are_unique_on_every_page(site):
    for path in all_pages(site):
        seen = [a["id"] for _, a in Page(path).tags if "id" in a]
        assert len(seen) == len(set(seen)), path


def test_nodes_of_a_figure_are_links_with_names(site):
    page = Page(site.path / "stages" / "first.html")
    names = {a.get("aria-label"): a["href"] for a in page.all("a") if "aria-label" in a}
    assert names["grow_pool"] == "../functions/grow_pool.html"
    assert names["struct pool 池"] == "../structs/pool.html"
    assert names["the second stage"] == "second.html"
    # resize has no page: its box is there, but is no link
    assert "resize" in page.text
    assert "resize" not in names
    groups = [a for a in page.all("svg") if a.get("role") == "group"]
    assert groups[0]["aria-label"] == "grow_pool calls two functions and touches a pool"


def test_colours_of_a_figure_follow_the_theme(site):
    html = (site.path / "stages" / "second.html").read_text(encoding="utf-8")
    svg = html[html.index('<svg xmlns="http://www.w3.org/2000/svg"', html.index("kmm-graph")) :]
    svg = svg[: svg.index("</svg>")]
    assert "var(--k-function-fill)" in svg
    assert not re.search(r'(?:fill|stroke)="#', svg)


def test_a_function_without_a_page_is_plain_text(site):
    page = Page(site.path / "stages" / "first.html")
    assert "no_such_page" in page.text
    assert not [a for a in page.all("a") if "no_such_page" in a.get("href", "")]


def test_source_links_go_to_the_line(site):
    page = Page(site.path / "stages" / "first.html")
    assert [a["href"] for a in page.all("a", "kmm-src")] == ["https://src.example/mm/memblock.c#L580"]
    page = Page(site.path / "functions" / "grow_pool.html")
    # line 41 of the tree is line 43 of v3.18: the sample shifts by two
    assert page.all("a", "kmm-lines")[0]["href"] == "https://src.example/lib/pool.c#L43"


def test_notes_stand_beside_the_lines_they_begin_with(site):
    html = (site.path / "functions" / "grow_pool.html").read_text(encoding="utf-8")
    first, second = html.split('class="kmm-row"')[1:]
    assert re.findall(r'data-n="(\d+)"', first) == ["41", "42", "43", "44", "45"]
    assert re.findall(r'data-n="(\d+)"', second) == ["46", "47", "48", "49", "50", "51"]
    assert "A full pool only." in first
    assert "Twice as large." in second
    # a name in the text that has a page leads there
    assert '<a href="../structs/pool.html">pool</a>' in first


def test_how_often_a_line_ran_stands_beside_it(site):
    page = Page(site.path / "functions" / "grow_pool.html")
    columns = page.all("span", "kmm-times")
    assert len(columns) == 11  # one for each line, so that the text stays in line
    known = {c["title"]: c["data-n"] for c in columns if "data-n" in c}
    assert known == {"ran 1 times": "×1", "ran 23,456 times": "×23k"}


def test_lines_of_chinese_text_are_joined(site):
    assert "不能出现在行首，也不应该" in Page(site.path / "stages" / "first.html").text


def test_fonts_are_there_under_a_name_of_our_own(site):
    from fontTools.ttLib import TTFont

    fonts = sorted((site.path / "_static" / "fonts").glob("*.woff2"))
    assert [f.name for f in fonts] == ["kmm-chinese.woff2", "kmm-sans-400.woff2", "kmm-sans-600.woff2"]
    for path in fonts:
        font = TTFont(path)
        assert font["name"].getDebugName(1).startswith("KMM"), path
        assert path.stat().st_size < 100_000
    assert ord("内") in TTFont(fonts[0]).getBestCmap()


def test_the_page_for_what_is_missing_needs_nothing(site):
    page = Page(site.path / "404.html")
    assert "Nothing is mapped at this address" in page.text
    assert not page.all("script")
    assert [a["href"] for a in page.all("link")] == ["data:,"]


@pytest.mark.parametrize("name", [".buildinfo", "objects.inv", "_sources"])
def test_leftovers_stay_behind(site, name):
    assert not (site.path / name).exists()


def test_a_page_leads_to_itself_in_the_other_language(sample, pages, place, site):
    assert not Page(site.path / "index.html").all("p", "kmm-language")
    both = build_html(
        pages, place / "both", report=sample.report(), work=place / "both-work", other_language=True
    )
    (link,) = [a for a in Page(both.path / "functions" / "grow_pool.html").all("a") if "hreflang" in a]
    assert (link["href"], link["hreflang"]) == ("../zh_CN/functions/grow_pool.html", "zh-CN")
