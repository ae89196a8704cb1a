"""Checks of prose, wherever it stands: names, places in the source, links, and chapters in two languages."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from kmmdoc.excerpts.check.finding import Finding, line_of, relative
from kmmdoc.excerpts.facts import Facts
from kmmdoc.excerpts.trees import Tree
from kmmdoc.model.errors import KmmdocError
from kmmdoc.model.scenario import KernelBuild

_FUNCTION = re.compile(r"(?<!\{path\})`([A-Za-z_]\w*)\(\)`|\{kfunc\}`(?:[^`<]*<)?([A-Za-z_]\w*)(?:\(\))?>?`")
_STRUCT = re.compile(
    r"`(?:struct|union|enum) ([A-Za-z_]\w*)`|\{kstruct\}`(?:[^`<]*<)?(?:struct )?([A-Za-z_]\w*)>?`"
)
_SOURCE = re.compile(r"\{ksrc\}`([^`]*)`")
_PLACE = re.compile(r"(?P<path>[\w./+-]+?)(?::(?P<first>\d+)(?:-(?P<last>\d+))?)?")
_LINK = re.compile(r"(?<!`)\]\(([^)\s{}]+)\)")
_TARGET = re.compile(r"^\((?P<label>[\w.-]+)\)=|\{#(?P<id>[\w-]+)", re.MULTILINE)
_HEADING = re.compile(r"^(#{1,6}) (.+)$", re.MULTILINE)
_CODE = re.compile(r"\{([{%])(.*?)[%}]\}", re.DOTALL)
_NAMED = re.compile(r"(?:\{\w+\})?`[^`\n]+`")
_FENCE = re.compile(r"^\s*(`{3,}|~{3,}).*?^\s*\1`*\s*$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Names:
    """What is known to exist: in the facts, in the simulator, or in the build."""

    facts: Facts
    simulated: Container[str]
    build: KernelBuild | None = None

    @cached_property
    def _called(self) -> frozenset[str]:
        return frozenset(callee for symbol in self.facts for _, callee in symbol.calls)

    def function(self, name: str) -> bool:
        """Whether something is called like that with parentheses: functions, macros, what bodies call."""
        return (
            bool(self.facts.variants(name))
            or name in self._called
            or name in self.simulated
            or bool(self.build and name in self.build.symbols)
        )

    def aggregate(self, name: str) -> bool:
        """Whether there is a struct, union, enum or typedef of that name."""
        kinds = ("struct", "union", "enum", "typedef")
        return any(self.facts.variants(name, kind=kind) for kind in kinds) or bool(
            self.build and (name in self.build.structs or name in self.build.enums)
        )


def check_names(path: str, text: str, names: Names) -> Iterator[Finding]:
    """`name()` and `struct name` exist."""
    for line, part in enumerate(text.split("\n"), 1):
        for found in _FUNCTION.finditer(part):
            name = found[1] or found[2]
            if not names.function(name):
                yield Finding(path, line, "symbol", f"no function or macro is called {name}()")
        for found in _STRUCT.finditer(part):
            name = found[1] or found[2]
            if not names.aggregate(name):
                yield Finding(path, line, "symbol", f"no structure is called {name}")


def check_places(path: str, text: str, facts: Facts, tree: Tree | None) -> Iterator[Finding]:
    """Every {ksrc} is a file of the source, and a line that it has. Files without facts need a tree."""
    for at, part in enumerate(text.split("\n"), 1):
        for found in _SOURCE.finditer(part):
            place = _PLACE.fullmatch(found[1])
            if "{{" in found[1]:
                continue  # filled in by a template, from facts
            if place is None:
                yield Finding(path, at, "link", f"not a path:line of the source: {found[1]}")
                continue
            first, last = int(place["first"] or 1), int(place["last"] or place["first"] or 1)
            length = _length(place["path"], facts, tree)
            if length == 0:
                yield Finding(path, at, "link", f"the source has no {place['path']}")
            elif first > last or (length is not None and last > length):
                yield Finding(path, at, "link", f"{found[1]}: the file has {length or 'fewer'} lines")


def _length(file: str, facts: Facts, tree: Tree | None) -> int | None:
    """Lines of a file: 0 where it does not exist, None where nobody can say."""
    fact = facts.files.get(file)
    if fact:
        return fact.lines
    folder = getattr(tree, "folder", None) if type(tree).__name__ == "FolderTree" else None
    if folder is None:
        return None
    if (folder / file).is_dir() or not (folder / file.partition("/")[0]).exists():
        return None  # a part of a tree may lack whole folders
    raw = tree.raw(file) if tree else None
    return 0 if raw is None else raw.count(b"\n")


def check_links(path: Path, text: str, root: Path) -> Iterator[Finding]:
    """Links to files and to anchors of files of the project. What begins with / or a scheme is the site's."""
    shown = relative(path, root)
    plain = _FENCE.sub(lambda m: "\n" * m[0].count("\n"), text)
    for at, part in enumerate(plain.split("\n"), 1):
        for found in _LINK.finditer(part):
            target, _, anchor = found[1].partition("#")
            if ":" in target or target.startswith("/"):
                continue
            file = path.parent / target if target else path
            if not file.exists():
                yield Finding(shown, at, "link", f"there is no {target}")
            elif anchor and file.suffix == ".md" and anchor not in anchors(file.read_text(encoding="utf-8")):
                yield Finding(shown, at, "link", f"{target or 'this file'} has no anchor {anchor}")


def anchors(text: str) -> set[str]:
    """What a MyST file can be linked at: its labels, its identifiers, and its headings' slugs."""
    found = {m["label"] or m["id"] for m in _TARGET.finditer(text)}
    for heading in _HEADING.finditer(_FENCE.sub("", text)):
        plain = re.sub(r"[^\w\s-]", "", re.sub(r"\{\w+\}", "", heading[2])).strip().lower()
        found.add(re.sub(r"\s", "-", plain))
    return found


def check_pair(english: Path, chinese: Path, root: Path) -> Iterator[Finding]:
    """A text in two files: both there, with the same headings' levels, values and places in the source."""
    shown = relative(english, root)
    if not chinese.exists():
        yield Finding(shown, 1, "untranslated", f"there is no {relative(chinese, root)}")
        return
    ours, theirs = (p.read_text(encoding="utf-8") for p in (english, chinese))
    other = relative(chinese, root)
    levels = [[len(m[1]) for m in _HEADING.finditer(_FENCE.sub("", t))] for t in (ours, theirs)]
    if levels[0] != levels[1]:
        yield Finding(other, 1, "differs", f"{len(levels[1])} headings, {len(levels[0])} in English")
    read: tuple[tuple[str, Callable[[str], Iterable[str]]], ...] = (
        ("place", lambda text: (" ".join(m[1].split()) for m in _SOURCE.finditer(text))),
        ("code", lambda text: (f"{{{kind} {body}" for kind, body in code(text))),
        ("name", names_in if english.suffix == ".j2" else lambda _text: ()),
    )
    for what, values in read:
        a, b = Counter(values(ours)), Counter(values(theirs))
        for value in sorted((a | b) - (a & b)):
            lacks = other if a[value] > b[value] else shown
            yield Finding(lacks, 1, "differs", f"the {what} {value} is not as often here as in the other")


def code(text: str) -> list[tuple[str, str]]:
    """(kind, Jinja code) of a template in order; literals that are prose, and so translated, are blanked.

    >>> code('{{ x if enabled("NUMA")  else "no nodes" }}')
    [('{', 'x if enabled("NUMA") else "…"')]
    """

    def blank(match: re.Match[str]) -> str:
        return match[0] if re.fullmatch(r'"[A-Za-z0-9_.,:~-]*"', match[0]) else '"…"'

    return [(kind, re.sub(r'"[^"]*"', blank, " ".join(body.split()))) for kind, body in _CODE.findall(text)]


def names_in(text: str) -> set[str]:
    """What a text names in code font, with the role it has."""
    return set(_NAMED.findall(_CODE.sub("", text)))


def check_table(path: Path, root: Path, languages: tuple[str, str] = ("en", "zh_CN")) -> Iterator[Finding]:
    """A TOML file that has both languages side by side: whoever has one has the other."""
    data = _toml(path)

    def visit(value: Any) -> Iterator[str]:
        if isinstance(value, dict):
            for mine, other in (languages, languages[::-1]):
                yield from (
                    f"{value.get('slug') or value[key]}: {mine}{key.removeprefix(mine)} without {other}"
                    for key in value
                    if (key == mine or key.startswith(f"{mine}_"))
                    and other + key.removeprefix(mine) not in value
                )
            for below in value.values():
                yield from visit(below)
        elif isinstance(value, list):
            for below in value:
                yield from visit(below)

    for text in visit(data):
        yield Finding(relative(path, root), 1, "untranslated", text)


def check_keys(english: Path, chinese: Path, root: Path) -> Iterator[Finding]:
    """Two TOML files of words: the same keys, the same {names} to fill in."""
    ours, theirs = (dict(_flat(_toml(path))) for path in (english, chinese))
    for key in sorted(ours.keys() - theirs.keys()):
        yield Finding(relative(chinese, root), 1, "untranslated", f"has no {key}")
    for key in sorted(theirs.keys() - ours.keys()):
        yield Finding(relative(english, root), 1, "untranslated", f"has no {key}")
    for key in sorted(ours.keys() & theirs.keys()):
        mine, other = (set(re.findall(r"\{\w+", str(words[key]))) for words in (ours, theirs))
        if mine != other:
            at = line_of(chinese, key.rpartition(".")[2] + " =")
            names = ", ".join(sorted(n + "}" for n in mine ^ other))
            yield Finding(relative(chinese, root), at, "differs", f"{key}: {names} in one language only")


def _flat(data: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in data.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{before}{key}.")
        else:
            yield before + key, value


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise KmmdocError(path, None, f"cannot be read: {error}") from error
