"""Hand-written pages of the site, in the languages they are written in.

A page is `docs/chapters/NN-SLUG.md`; beside it `NN-SLUG.zh.md` is the same in Chinese. A page that is not
translated is shown in English. It begins with its title (`# ...`) and one paragraph that says what it is
about, and has no front matter. Nothing else registers it; its examples are run by the tests. Pages link to
each other by file name, so that the links work where the files are read as they are; on the site a page's
name is its slug.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from kmmdoc.model.errors import KmmdocError

DOCS = Path(__file__).resolve().parents[2] / "docs"
CHAPTERS = DOCS / "chapters"
SUFFIXES = {"en": ".md", "zh_CN": ".zh.md"}

_HEAD = re.compile(r"# (?P<title>.+)\n+(?P<lead>[^\n#].*(?:\n.+)*)\n")
_LINK = re.compile(r"(?<=\]\()\d+-([\w-]+)(?:\.zh)?\.md(?=[#)])")


@dataclass(frozen=True, slots=True)
class Written:
    """A page; `text` is all of it, with title and lead, and with links as they are on the site."""

    slug: str
    title: str
    lead: str
    text: str
    path: Path


def read_written(path: Path) -> Written:
    """One page; KmmdocError where its name or its beginning is not as it must be."""
    number, _, slug = path.name.partition(".")[0].partition("-")
    if not number.isdigit() or not slug:
        raise KmmdocError(path, None, "a page is named NN-SLUG.md")
    text = path.read_text(encoding="utf-8")
    head = _HEAD.match(text)
    if head is None:
        raise KmmdocError(path, 1, "a page begins with its title and a paragraph")
    return Written(
        slug, head["title"].strip(), " ".join(head["lead"].split()), _LINK.sub(r"\1.md", text), path
    )


def written(language: str = "en", folder: Path = CHAPTERS) -> list[Written]:
    """Every page in order, in the language where it is written in it, else in English."""
    suffix = SUFFIXES.get(language, ".md")
    pages = []
    for english in sorted(p for p in folder.glob("*.md") if p.name.count(".") == 1):
        other = english.with_name(english.stem + suffix)
        pages.append(read_written(other if other.exists() else english))
    return pages
