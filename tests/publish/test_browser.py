"""The built site in a real browser: search in both scripts, figures that can be zoomed."""

from __future__ import annotations

import functools
import html
import http.server
import re
import shutil
import subprocess
import threading

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here to look at the site with")


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture(scope="module")
def address(site):
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Quiet, directory=str(site.path))
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def look(address, tmp_path):
    """The page as it stands after its scripts have run, as HTML."""

    def look_at(path: str, width: int = 1400) -> str:
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
                f"{address}/{path}",
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
def test_search_finds_words_of_both_scripts(look, query, page):
    titles = found(look(f"search.html?q={query}"))
    assert (titles == []) if page is None else (page in titles), titles


def test_a_wide_figure_scrolls_and_has_tools(look):
    page = look("stages/first.html")
    narrow, wide = page.split('class="kmm-tools"')[1:]
    assert 'hidden=""' in narrow.split(">")[0]
    assert 'hidden=""' not in wide.split(">")[0]
    assert "kmm-wide" in wide.split("<svg")[0]
    assert 'aria-label="Fit the width"' in wide
