"""Checks of what is said about the members of structures: a table each, both languages, nothing unknown."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from kmmdoc.excerpts.check.finding import Finding, line_of, relative
from kmmdoc.excerpts.check.notes import Notes, is_english, names_of
from kmmdoc.excerpts.members import SUFFIX, members_path, problems, read_members
from kmmdoc.model.errors import KmmdocError
from kmmdoc.model.excerpt import Annotation
from kmmdoc.model.scenario import KernelBuild


class Explained(NamedTuple):
    """How many members of the build's annotated structures are explained, and which structures have none."""

    members: int
    explained: int
    structures: tuple[str, ...]


def check_members(notes: Notes, build: KernelBuild | None) -> Iterator[Finding]:
    """Each members' file: its form, its members against the build's layout, its two languages."""
    annotated = {members_path(notes.root / a.source): a for a in notes.english.values()}
    for path in sorted(notes.root.rglob("*" + SUFFIX)):
        shown, annotation = relative(path, notes.project), annotated.get(path)
        if annotation is None:
            name = path.name.removesuffix(SUFFIX)
            yield Finding(shown, 1, "anchor", f"there is no {name}.md whose members these are")
        found = list(problems(path, _layout(annotation, build)))
        for error in found:
            yield Finding(shown, _line(path, error), _kind(error), _text(error))
        if not found:
            yield from _languages(path, shown)


def _layout(annotation: Annotation | None, build: KernelBuild | None) -> list[str] | None:
    if annotation is None or build is None or annotation.symbol not in build.structs:
        return None
    return list(dict.fromkeys(field.name for field in build.structs[annotation.symbol].fields))


def _kind(error: KmmdocError) -> str:
    if "has no text" in error.reason:
        return "untranslated"
    return "anchor" if "member" in error.reason else "form"


def _text(error: KmmdocError) -> str:
    return f"{error.where}: {error.reason}" if error.where else error.reason


def _line(path: Path, error: KmmdocError) -> int:
    return 1 if error.where is None else line_of_table(path, str(error.where))


def line_of_table(path: Path, name: str) -> int:
    """The line on which the table of a member begins."""
    line = line_of(path, f"[{name}]")
    return line if line > 1 else line_of(path, f"[{json.dumps(name)}]")


def _languages(path: Path, shown: str) -> Iterator[Finding]:
    for name, note in read_members(path).items():
        english, chinese = note.texts["en"], note.texts["zh_CN"]
        line = line_of_table(path, name)
        if is_english(chinese):
            yield Finding(shown, line, "untranslated", f"{name}: English in the Chinese text")
        for named in sorted(names_of(english) ^ names_of(chinese)):
            language = "English" if named in english else "Chinese"
            yield Finding(shown, line, "differs", f"{name}: {named} is named in {language} only")


def explained(notes: Notes, build: KernelBuild | None) -> Explained:
    """The count for the table of coverage; a file that cannot be read explains nothing."""
    members = done = 0
    without = []
    for annotation in notes.english.values():
        layout = _layout(annotation, build)
        if annotation.kind not in ("struct", "union") or layout is None:
            continue
        members += len(layout)
        path = members_path(notes.root / annotation.source)
        try:
            done += len(set(layout) & set(read_members(path)))
        except KmmdocError:
            without.append(annotation.symbol)
    return Explained(members, done, tuple(sorted(without)))
