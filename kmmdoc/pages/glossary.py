"""The glossary: terms in both languages, from templates/glossary.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kmmdoc.model.errors import KmmdocError
from kmmdoc.model.words import TEMPLATES


@dataclass(frozen=True, slots=True)
class Term:
    """A term in one language; `other` is the same term in the other one, `chapter` a slug or empty."""

    slug: str
    name: str
    other: str
    text: str
    chapter: str


@dataclass(frozen=True, slots=True)
class Group:
    """Terms of one subject."""

    title: str
    terms: tuple[Term, ...]


def glossary(language: str = "en", path: Path | None = None) -> tuple[Group, ...]:
    """All groups with their terms in `language`; KmmdocError where it is broken or a text is missing."""
    path = path or TEMPLATES / "glossary.toml"
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise KmmdocError(path, None, str(error)) from error
    other = "en" if language != "en" else "zh_CN"

    def text(table: Mapping[str, Any], key: str, where: str) -> str:
        value = table.get(key)
        if not isinstance(value, str) or not value.strip():
            raise KmmdocError(path, where, f"{key} is missing")
        return value

    def term(table: Mapping[str, Any]) -> Term:
        slug = text(table, "slug", "a term")
        return Term(
            slug,
            text(table, language, slug),
            text(table, other, slug),
            text(table, f"{language}_text", slug),
            str(table.get("chapter", "")),
        )

    groups = tuple(
        Group(text(g, language, "a group"), tuple(term(t) for t in g.get("term", ())))
        for g in data.get("group", ())
    )
    slugs = [t.slug for g in groups for t in g.terms]
    twice = sorted({s for s in slugs if slugs.count(s) > 1})
    if twice:
        raise KmmdocError(path, twice[0], "this slug is used twice")
    return groups
