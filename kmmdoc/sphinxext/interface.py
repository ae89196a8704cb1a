"""The theme's own words in Chinese: it has no translations, and Sphinx' catalog lacks these.

Most of the theme's words pass through the catalog. What only a screen reader says does not, and is replaced
in the templates.
"""

from __future__ import annotations

from gettext import NullTranslations

from jinja2.ext import Extension
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
    "Skip to content": "跳到正文",
    "Please activate JavaScript to enable the search functionality.": "搜索功能需要启用 JavaScript。",
}

#: Text in the theme's templates -> what stands there instead.
LABELS = {
    'aria-label="Toggle site navigation sidebar"': 'aria-label="显示或隐藏站点导航"',
    'aria-label="Toggle table of contents sidebar"': 'aria-label="显示或隐藏本页目录"',
    'aria-label="Toggle Light / Dark / Auto color theme"': 'aria-label="切换浅色、深色、自动配色"',
    "<title>Contents</title>": "<title>目录</title>",
    "<title>Menu</title>": "<title>菜单</title>",
    "<title>Expand</title>": "<title>展开</title>",
    "<title>Light mode</title>": "<title>浅色</title>",
    "<title>Dark mode</title>": "<title>深色</title>",
    "<title>Auto light/dark, in light mode</title>": "<title>自动配色，当前浅色</title>",
    "<title>Auto light/dark, in dark mode</title>": "<title>自动配色，当前深色</title>",
}


class Words(NullTranslations):
    """A catalog that is asked where Sphinx' own has no text."""

    def gettext(self, message: str) -> str:
        """The Chinese text, or the message itself."""
        return _CHINESE.get(message.strip(), message)


class Labels(Extension):
    """Replaces the labels in a template before it is compiled."""

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        """The template's text with Chinese labels."""
        for english, chinese in LABELS.items():
            source = source.replace(english, chinese)
        return source


def add_words(app: Sphinx) -> None:
    """Complete the catalog of a Chinese build; templates are drawn with it."""
    if not (app.config.language or "").startswith("zh"):
        return
    app.translator.add_fallback(Words())
    environment = getattr(getattr(app.builder, "templates", None), "environment", None)
    if environment is not None:
        environment.add_extension(Labels)


def setup(app: Sphinx) -> None:
    app.connect("builder-inited", add_words)
