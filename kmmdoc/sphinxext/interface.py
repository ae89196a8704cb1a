"""The theme's own words in Chinese: it has no translations, and Sphinx' catalog lacks these."""

from __future__ import annotations

from gettext import NullTranslations

from sphinx.application import Sphinx

_CHINESE = {
    "Next": "下一页",
    "Previous": "上一页",
    "Home": "首页",
    "On this page": "本页内容",
    "Back to top": "回到页首",
    "Edit this page": "编辑本页",
    "View this page": "查看本页",
    "Made with": "制作工具：",
    "Please activate JavaScript to enable the search functionality.": "搜索功能需要启用 JavaScript。",
}


class Words(NullTranslations):
    """A catalog that is asked where Sphinx' own has no text."""

    def gettext(self, message: str) -> str:
        """The Chinese text, or the message itself."""
        return _CHINESE.get(message.strip(), message)


def add_words(app: Sphinx) -> None:
    """Complete the catalog of a Chinese build; templates are drawn with it."""
    if (app.config.language or "").startswith("zh"):
        app.translator.add_fallback(Words())


def setup(app: Sphinx) -> None:
    app.connect("builder-inited", add_words)
