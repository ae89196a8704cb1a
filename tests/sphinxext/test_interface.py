"""The theme speaks Chinese on the Chinese site."""

import datetime

import pytest

from kmmdoc.publish import build_html
from kmmdoc.publish.report import Report
from kmmdoc.sphinxext.interface import LABELS


@pytest.fixture(scope="module", params=["zh_CN", "en"])
def built(request, tmp_path_factory):
    """(language, the HTML of the middle one of three pages); English is built after Chinese."""
    folder = tmp_path_factory.mktemp(request.param)
    (folder / "source").mkdir()
    pages = {"index": "# 甲\n\n```{toctree}\na\nb\n```\n", "a": "# 乙\n\n## 一\n\n## 二\n", "b": "# 丙\n"}
    for name, text in pages.items():
        (folder / "source" / f"{name}.md").write_text(text)
    report = Report(request.param, "t", "", "a", datetime.date(2026, 1, 1), "https://example.org/")
    build_html(folder / "source", folder / "site", report=report, work=folder / "work")
    return request.param, (folder / "site/a.html").read_text()


def test_the_words_around_a_page_are_in_its_language(built):
    language, html = built
    english = ("<span>Next</span>", "Home", "On this page", "Back to top", "Made with")
    chinese = ("<span>下一页</span>", "首页", "本页内容", "回到页首")
    for word in english:
        assert (word in html) == (language == "en"), word
    for word in chinese:
        assert (word in html) == (language == "zh_CN"), word
    assert ("Skip to content" in html) == (language == "en")
    for label, instead in LABELS.items():
        assert (label in html) == (language == "en"), label
        assert (instead in html) == (language == "zh_CN"), instead
