"""The built site in a real browser: search in both scripts, figures that can be zoomed."""

from __future__ import annotations

import contextlib
import functools
import html
import http.server
import re
import shutil
import subprocess
import threading

import pytest

from kmmdoc.publish import build_html

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here to look at the site with")


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture(scope="module")
def address(site):
    with served(site.path) as url:
        yield url


@pytest.fixture(scope="module")
def chinese_address(sample, pages, place):
    built = build_html(
        pages, place / "site-zh", report=sample.report("zh_CN"), work=place / "work-zh", strict=True
    )
    with served(built.path) as url:
        yield url


@contextlib.contextmanager
def served(folder):
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder))
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def look(tmp_path):
    """The page at an address as it stands after its scripts have run, as HTML."""

    def look_at(url: str, width: int = 1400) -> str:
        done = subprocess.run(
            [
                str(CHROMIUM),
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-background-networking",
                f"--user-data-dir={tmp_path / 'profile'}",
                f"--window-size={width},900",
                "--virtual-time-budget=6000",
                "--dump-dom",
                url,
            ],
            capture_output=True,
            timeout=90,
            check=True,
        )
        return done.stdout.decode()

    return look_at


def found(page: str) -> list[str]:
    """Titles of what a search found."""
    results = page[page.index('<div id="search-results"') :]
    return [html.unescape(t) for t in re.findall(r'<li class="kind-\w+"><a [^>]*>([^<]*)</a>', results)]


@pytest.mark.parametrize(
    ("query", "page"),
    [
        ("水位线", "The first stage"),
        ("伙伴系统", "How memory comes up"),
        ("池满", None),
        ("满了", "grow_pool"),
        ("watermark", "The first stage"),
        ("zone_watermark_ok", "The first stage"),
        ("notes alone", "struct pool"),
    ],
)
def test_search_finds_words_of_both_scripts(look, address, query, page):
    titles = found(look(f"{address}/search.html?q={query}"))
    assert (titles == []) if page is None else (page in titles), titles


@pytest.mark.parametrize(("query", "page"), [("水位线", "The first stage"), ("watermark", "The first stage")])
def test_search_works_on_the_chinese_site_too(look, chinese_address, query, page):
    assert page in found(look(f"{chinese_address}/search.html?q={query}"))


def test_a_wide_figure_scrolls_and_has_tools(look, address):
    page = look(f"{address}/stages/first.html")
    narrow, wide = page.split('class="kmm-tools"')[1:]
    assert 'hidden=""' in narrow.split(">")[0]
    assert 'hidden=""' not in wide.split(">")[0]
    assert "kmm-wide" in wide.split("<svg")[0]
    assert 'aria-label="Fit the width"' in wide
