"""What commands write: tables and JSON on stdout, talk on stderr, files that appear whole or not at all."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TextIO

from kmmdoc.model.errors import KmmdocError


def say(text: str) -> None:
    """Talk to the person at the terminal."""
    print(text, file=sys.stderr, flush=True)


def print_json(value: Any) -> None:
    """`value` on stdout, compact, with a newline."""
    json.dump(value, sys.stdout, ensure_ascii=False, separators=(",", ":"))
    print()


def print_lines(lines: Iterable[str]) -> None:
    """Lines on stdout, written at once."""
    text = "\n".join(lines)
    if text:
        sys.stdout.write(text + "\n")


def table(header: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[int] = ()) -> list[str]:
    """Lines of a table with aligned columns; the columns numbered in `right` are aligned to the right.

    >>> table(["name", "MiB"], [["a", "1"], ["bc", "20"]], right=[1])
    ['name  MiB', 'a       1', 'bc     20']
    """
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    lines = []
    for row in (header, *rows):
        cells = (
            cell.rjust(width) if i in right else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        lines.append("  ".join(cells).rstrip())
    return lines


def write_file(path: Path, text: str) -> None:
    """Write `text` beside `path` and move it into place; "-" is stdout. KmmdocError if that fails."""
    with new_file(path) as file:
        file.write(text)


@contextmanager
def new_file(path: Path) -> Iterator[TextIO]:
    """A file to write that takes the place of `path` when all is written; "-" is stdout.

    KmmdocError where it cannot be written.
    """
    if str(path) == "-":
        yield sys.stdout
        return
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with beside.open("w", encoding="utf-8") as file:
            yield file
        beside.replace(path)
    except OSError as error:
        raise KmmdocError(path, None, f"cannot be written: {error.strerror}") from None
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)


class Progress:
    """One line on a terminal that says what is being done; nothing in a pipe. Gone when left."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.shown = sys.stderr.isatty()

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_error: object) -> None:
        self.clear()

    def tell(self, text: str) -> None:
        """Show `text` in place of what was shown."""
        self._write(f"{self.name}: {text}")

    def clear(self) -> None:
        """Leave the line empty."""
        self._write("")

    def _write(self, text: str) -> None:
        if self.shown:
            sys.stderr.write(f"\r\x1b[K{text}")
            sys.stderr.flush()
