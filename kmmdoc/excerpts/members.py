"""What the members of structures mean: `NAME.members.toml` beside the annotation `NAME.md`.

    [cnt]
    unit = "count"
    en = "Regions in use."
    zh_CN = "使用中的区域数。"

One table for each member of the build's layout, in the layout's order; `unit` may be left out, else it is
one of `units()`.
"""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kmmdoc.model.errors import KmmdocError
from kmmdoc.model.words import words

SUFFIX = ".members.toml"
LANGUAGES = ("en", "zh_CN")
_UNIT = "unit."


@dataclass(frozen=True, slots=True)
class MemberNote:
    """What a member means, by language, and the key of its unit ("" where it has none)."""

    texts: Mapping[str, str]
    unit: str = ""


@functools.cache
def units() -> frozenset[str]:
    """Keys of the units there are: those with a word `unit.KEY`."""
    return frozenset(key.removeprefix(_UNIT) for key in words("en").entries if key.startswith(_UNIT))


def members_path(annotation: Path) -> Path:
    """The members' file that belongs to an annotation's file in English."""
    return annotation.with_name(annotation.name.removesuffix(".md") + SUFFIX)


def read_members(path: Path) -> dict[str, MemberNote]:
    """Member -> its note, in the file's order. KmmdocError with the key where the form is wrong."""
    data = _load(path)
    for error in _problems(path, data, units()):
        raise error
    return {
        name: MemberNote({language: " ".join(table[language].split()) for language in LANGUAGES},
                         table.get("unit", ""))
        for name, table in data.items()
    }  # fmt: skip


def problems(path: Path, layout: Iterable[str] | None = None) -> Iterator[KmmdocError]:
    """Everything that is wrong with a file; with `layout`, the members there are, in their order, also
    what is missing and what is too much."""
    try:
        data = _load(path)
    except KmmdocError as error:
        yield error
        return
    yield from _problems(path, data, units())
    if layout is None:
        return
    wanted = list(layout)
    for name in wanted:
        if name not in data:
            yield KmmdocError(path, None, f"the member {name} has no table")
    for name in data:
        if name not in wanted:
            yield KmmdocError(path, name, f"the structure has no member {name} in this build")
    written = [name for name in data if name in wanted]
    in_order = [name for name in wanted if name in data]
    for name, expected in zip(written, in_order, strict=True):
        if name != expected:
            yield KmmdocError(path, name, f"not in the layout's order: {expected} comes here")
            break


def _load(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise KmmdocError(path, None, f"cannot be read: {error}") from error


def _problems(path: Path, data: Mapping[str, Any], known: Container[str]) -> Iterator[KmmdocError]:
    for name, table in data.items():
        if not isinstance(table, dict):
            yield KmmdocError(path, name, "must be a table, [MEMBER]")
            continue
        for key in table:
            if key not in (*LANGUAGES, "unit"):
                yield KmmdocError(path, name, f"unknown key {key}; known here: unit, {', '.join(LANGUAGES)}")
        for language in LANGUAGES:
            text = table.get(language)
            if not isinstance(text, str) or not text.strip():
                yield KmmdocError(path, name, f"has no text in {language}")
        unit = table.get("unit", "")
        if unit and unit not in known:
            yield KmmdocError(path, name, f"unknown unit {unit}; the units are the words unit.KEY")
