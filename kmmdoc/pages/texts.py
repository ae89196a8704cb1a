"""Pieces of MyST: escaping, tables, code, figures' options."""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from typing import Protocol

from kmmdoc.model.folders import ROLES
from kmmdoc.model.graph import Cell, Table

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|#~$^])")


def plain(text: str) -> str:
    """Text that MyST shows as it stands.

    >>> plain("a_b*")
    'a\\\\_b\\\\*'
    """
    return _SPECIAL.sub(r"\\\1", text)


def one_line(text: str) -> str:
    """Text for an option of a directive."""
    return " ".join(text.split())


def link(text: str, target: str) -> str:
    """`text` that leads to a figure's target."""
    kind, _, name = target.partition(":")
    if kind in ROLES:
        title = name if text == name else f"{text} <{name}>"
        return f"{{{ROLES[kind]}}}`{title}`"
    return f"[{plain(text)}](/{name}.md)" if kind == "doc" else plain(text)


def cell(item: Cell) -> str:
    """A table's cell; what changed is marked, with the old value before it."""
    text = link(item.text, item.target) if item.target else plain(item.text)
    if item.changed and not item.target:
        text = f"{{knew}}`{item.text.replace('`', '') or '–'}`"
    if item.changed and item.target:
        text += " {knew}`●`"
    return f"{{kgone}}`{item.before}` {text}" if item.before else text


def table(data: Table) -> str:
    """A table as MyST, with its caption; numeric columns to the right."""
    marks = ["--:" if i in data.numeric else ":--" for i in range(len(data.header))]
    rows = [[plain(h) for h in data.header], marks]
    rows += [[cell(c) for c in row] for row in data.rows]
    lines = "\n".join("| " + " | ".join(row) + " |" for row in rows)
    return f"```{{table}} {plain(data.caption)}\n{lines}\n```\n"


_FENCE = re.compile(r"^(```+|~~~+).*?^\1\s*$", re.MULTILINE | re.DOTALL)
_NAMED = re.compile(r"(?<![`}\w])`(?:(struct|union) )?([A-Za-z_]\w*)(\(\))?`(?!`)")


class Targets(Protocol):
    """What has a page."""

    @property
    def function_names(self) -> Container[str]: ...
    @property
    def struct_names(self) -> Container[str]: ...
    @property
    def global_pages(self) -> Mapping[str, str]:
        """Variable -> the page that is about it."""

    @property
    def macro_pages(self) -> Mapping[str, str]:
        """Macro or constant -> the page of its family."""


def linked(text: str, known: Targets) -> str:
    """Notes with every `name()`, `struct name`, `variable` and `MACRO` that has a page made a link to it."""

    def link_to(match: re.Match[str]) -> str:
        tag, name, call = match.groups()
        shown = match[0][1:-1]
        if call and name in known.function_names:
            return f"{{kfunc}}`{shown} <{name}>`"
        if tag and name in known.struct_names:
            return f"{{kstruct}}`{shown} <{name}>`"
        if not tag and name in known.macro_pages:
            return f"{{kmacro}}`{shown} <{known.macro_pages[name]}>`"
        if not (tag or call) and name in known.global_pages:
            return f"{{kglobal}}`{shown} <{known.global_pages[name]}>`"
        return match[0]

    parts, at = [], 0
    for fence in _FENCE.finditer(text):
        parts += [_NAMED.sub(link_to, text[at : fence.start()]), fence[0]]
        at = fence.end()
    return "".join([*parts, _NAMED.sub(link_to, text[at:])])


def c_type(text: str, structs: Container[str]) -> str:
    """A C type with the structure in it made a link, if that has a page.

    >>> c_type("struct page *", {"page"}), c_type("struct list_head", set())
    ('{kstruct}`struct page <page>` \\\\*', 'struct list\\\\_head')
    """
    match = re.match(r"(const )?(?:struct|union) (\w+)", text)
    if match is None or match[2] not in structs:
        return plain(text)
    name = match[0].removeprefix("const ")
    return f"{match[1] or ''}{{kstruct}}`{name} <{match[2]}>`{plain(text[match.end() :])}"


def code(text: str, language: str) -> str:
    """A code block with a fence longer than any in the text."""
    longest = max((len(run) for run in re.findall(r"`{3,}", text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{language}\n{text}\n{fence}\n"


def argument(value: object) -> str:
    """An argument or result of a call for readers: large numbers in hexadecimal, structures by type.

    >>> argument(12), argument(0x9fc00), argument(-22), argument("mem"), argument(None)
    ('12', '0x9fc00', '-22', '"mem"', '')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, int):
        return str(value) if -4096 < value < 4096 else f"{value:#x}"
    if isinstance(value, str):
        return value[1:-1] if value.startswith("<") else f'"{value}"'
    name = getattr(value, "name", None)
    kind = type(value).__name__
    return f"{kind} {name}" if isinstance(name, str) else kind
