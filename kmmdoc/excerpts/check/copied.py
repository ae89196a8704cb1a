"""Text that a file shares with a kernel tree: whole lines, and runs of words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from kmmdoc.excerpts.check.finding import Finding
from kmmdoc.excerpts.trees import Tree, text_of

LONG, SHORT, RUN = 50, 18, 3
"""Characters of a line that counts alone; of one that counts in a row; lines in a row."""
WORDS = 10
"""Words in a row that nobody writes by chance."""

_MARK = re.compile(r"^\s*(/\*+|\*+/|\*|//|#|>|\|)+\s?")
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_WORD = re.compile(r"[a-z0-9_]+")


def normal(line: str) -> str:
    """A line without its indentation, comment marks, and with single blanks.

    >>> normal("   *  the   lowest one */")
    'the lowest one'
    """
    line = _MARK.sub("", line.strip())
    return " ".join(re.sub(r"\*/\s*$", "", line).split())


class KernelText:
    """The lines and comments of a tree's files, to look others up among."""

    def __init__(self, tree: Tree, files: Iterable[str]) -> None:
        self.lines: set[str] = set()
        self.runs: set[int] = set()
        for path in files:
            text = text_of(tree, path) or ""
            self.lines.update(n for n in map(normal, text.split("\n")) if len(n) >= SHORT)
            for comment in _COMMENT.finditer(text):
                self.runs.update(hash(run) for run, _ in _runs(comment[0]))

    def check(self, path: str, text: str) -> Iterator[Finding]:
        """What `text` has in common with the kernel's."""
        yield from self._lines(path, text)
        told = 0
        for run, line in _runs(text):
            if hash(run) in self.runs and line != told:
                told = line
                yield Finding(path, line, "copied", f"{WORDS} words of a comment: {' '.join(run)}")

    def _lines(self, path: str, text: str) -> Iterator[Finding]:
        row: list[int] = []
        for number, line in enumerate([*text.split("\n"), "."], 1):
            plain = normal(line)
            hit = len(plain) >= SHORT and plain in self.lines
            if hit and len(plain) >= LONG:
                yield Finding(path, number, "copied", f"a line of the kernel: {plain[:70]}")
            if hit:
                row.append(number)
            elif plain:
                if len(row) >= RUN:
                    yield Finding(path, row[0], "copied", f"{len(row)} lines of the kernel in a row")
                row = []


def _runs(text: str) -> Iterator[tuple[tuple[str, ...], int]]:
    """(words, line of the first) of each `WORDS` words in a row, with the words in lower case."""
    words, line, at = [], 1, 0
    for found in _WORD.finditer(text.lower()):
        line += text.count("\n", at, found.start())
        at = found.start()
        words.append((found[0], line))
    for i in range(len(words) - WORDS + 1):
        row = words[i : i + WORDS]
        yield tuple(word for word, _ in row), row[0][1]
