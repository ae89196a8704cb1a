"""What a check finds: a value with its place and kind."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from kmmdoc.model.errors import KmmdocError

KINDS = {
    "form": "a file that cannot be read as what it is",
    "anchor": "symbol, span or hash of an annotation is not v3.18's",
    "hash": "the lines in the tree are not those that the section was written about",
    "step": "the simulator passes a step for which the annotation has no section",
    "unannotated": "a function that ran, or a structure of the build, without an annotation",
    "symbol": "prose names a function or structure that neither the facts nor the simulator know",
    "link": "a link, or a place in the source, that leads nowhere",
    "untranslated": "a text that is there in one language only",
    "stale": "a translation of an English text that has changed since",
    "differs": "two languages of one text have different structure, values or places",
    "copied": "text of the kernel",
}
"""Every kind of finding, with what it means."""


class Finding(NamedTuple):
    """Something that is wrong. `path` is relative to the project, `line` from 1."""

    path: str
    line: int
    kind: str
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.kind}: {self.text}"


def relative(path: Path, root: Path) -> str:
    """`path` as it is shown: below the project, or as it is."""
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)


def of_error(error: KmmdocError, root: Path, kind: str) -> Finding:
    """The finding that a reader's error is; an error about a key is placed at the key's line."""
    path = Path(error.file)
    line = error.where if isinstance(error.where, int) else 1
    if isinstance(error.where, str):
        line = line_of(path, error.where)
    return Finding(relative(path, root), line, kind, error.reason)


def line_of(path: Path, beginning: str) -> int:
    """The first line that begins with a text, else 1."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return 1
    return next((at for at, line in enumerate(lines, 1) if line.startswith(beginning)), 1)
