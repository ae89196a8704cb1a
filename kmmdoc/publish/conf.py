"""The one place where Sphinx is configured, for the site and the PDF alike."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kmmdoc.model.folders import FOLDERS
from kmmdoc.publish.report import Report

HERE = Path(__file__).parent

#: What numbered things are called, by language.
_NUMBERED = {
    "en": {"figure": "Figure %s", "table": "Table %s", "code-block": "Listing %s", "section": "Section %s"},
    "zh_CN": {"figure": "图 %s", "table": "表 %s", "code-block": "代码 %s", "section": "第 %s 节"},
}

_LIGHT = {
    "color-brand-primary": "#1f5fae",
    "color-brand-content": "#1f5fae",
    "color-brand-visited": "#5a4a9c",
    "color-background-primary": "#ffffff",
    "color-background-secondary": "#f6f8fb",
    "color-background-border": "#e1e6ee",
    "color-foreground-primary": "#16202e",
    "color-foreground-secondary": "#46546a",
    "color-foreground-muted": "#66748a",
    "color-inline-code-background": "#eff3f8",
}
_DARK = {
    "color-brand-primary": "#86b6f2",
    "color-brand-content": "#86b6f2",
    "color-brand-visited": "#b7a5ec",
    "color-background-primary": "#12161d",
    "color-background-secondary": "#171c25",
    "color-background-border": "#2b3442",
    "color-foreground-primary": "#dfe7f1",
    "color-foreground-secondary": "#a9b8cc",
    "color-foreground-muted": "#8a99ae",
    "color-inline-code-background": "#1e2531",
}


def configuration(
    report: Report, static: Path, *, other_language: bool = False, complete: bool = False
) -> dict[str, Any]:
    """Sphinx' configuration for one language; `static` is the folder of made style sheets and fonts.

    With `other_language` each page links to itself in the other language. A `complete` PDF has the page of
    every symbol, not only of those that its text names.
    """
    return {
        "project": report.title,
        "author": report.author,
        "copyright": "",
        "language": report.lang,
        "extensions": ["myst_parser", "kmmdoc.sphinxext", "kmmdoc.publish.typst"],
        "exclude_patterns": [],
        "source_suffix": {".md": "markdown"},
        "suppress_warnings": ["myst.header", "toc.not_included"],
        "myst_enable_extensions": ["colon_fence", "deflist", "attrs_inline", "attrs_block", "fieldlist"],
        "myst_heading_anchors": 4,
        "myst_footnote_transition": False,
        "numfig": True,
        "numfig_format": _NUMBERED[report.lang],
        "kmm_source_browser": report.source_browser,
        "today": report.date.isoformat(),
        **_site(report, static, other_language),
        "kmm_pdf": {
            "title": report.title,
            "subtitle": report.subtitle,
            "author": report.author,
            "date": report.date.isoformat(),
            "complete": complete,
            "appendices": [f"{folder}/*" for folder in FOLDERS.values()],
        },
    }


_OTHER = {
    "en": {"prefix": "zh_CN/", "tag": "zh-CN", "name": "简体中文"},
    "zh_CN": {"prefix": "../", "tag": "en", "name": "English"},
}
"""The site in the other language: where it is from this one's top, its tag, its own name."""

_SIDEBAR = [
    "sidebar/brand.html",
    "kmm-language.html",
    "sidebar/search.html",
    "sidebar/scroll-start.html",
    "sidebar/navigation.html",
    "sidebar/scroll-end.html",
]


def _site(report: Report, static: Path, other_language: bool) -> dict[str, Any]:
    return {
        "html_theme": "furo",
        "html_title": report.title,
        "html_short_title": "kmmdoc",
        "html_static_path": [str(HERE / "static"), str(static)],
        "html_css_files": ["kmm-figures.css", "kmm.css"],
        "html_js_files": [("kmm.js", {"defer": "defer"})],
        "html_favicon": str(HERE / "static" / "kmmdoc.svg"),
        "html_additional_pages": {"404": "kmm-404.html"},
        "html_sidebars": {"**": _SIDEBAR},
        "html_context": {"kmm_other": _OTHER[report.lang] if other_language else None},
        "templates_path": [str(HERE / "templates")],
        "html_copy_source": False,
        "html_show_sphinx": False,
        "html_show_copyright": False,
        "html_use_index": False,
        "html_domain_indices": False,
        "html_last_updated_fmt": None,
        "html_permalinks_icon": "#",
        "pygments_style": "friendly",
        "html_theme_options": {
            "light_css_variables": _LIGHT,
            "dark_css_variables": _DARK,
            "footer_icons": [],
            "top_of_page_buttons": [],
        },
    }
