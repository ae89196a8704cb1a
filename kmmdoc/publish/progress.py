"""What a build says while it runs: a line that moves on a terminal, nothing in a pipe."""

from __future__ import annotations

import io
import re
import sys
from types import TracebackType

_STEP = re.compile(r"^(?P<what>[\w ]+)\.\.\. ?(?:\[ *(?P<percent>\d+)%\])?")
_ESCAPE = re.compile(r"\x1b\[[\d;]*[A-Za-z]")


class Progress:
    """A moving line on stderr, if that is a terminal. A context manager; `stream` takes Sphinx' own talk."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.stream = _Talk(self)
        self._bar = None
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
            from rich.progress import Progress as Bar

            text = TextColumn("{task.description}")
            self._bar = Bar(
                text, BarColumn(30), TimeElapsedColumn(), console=Console(stderr=True), transient=True
            )

    def __enter__(self) -> Progress:
        if self._bar is not None:
            self._bar.start()
            self._bar.add_task(self.title, total=None)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def step(self, what: str, percent: int | None = None) -> None:
        """Show what is being done, and how much of it is done."""
        if self._bar is not None:
            total = None if percent is None else 100
            self._bar.update(
                self._bar.task_ids[0],
                description=f"{self.title}: {what}",
                total=total,
                completed=percent or 0,
            )


class _Talk(io.StringIO):
    """Reads Sphinx' status lines ("reading sources... [ 50%] index") off its status stream."""

    def __init__(self, progress: Progress) -> None:
        super().__init__()
        self._progress, self._rest = progress, ""

    def write(self, text: str) -> int:
        *lines, self._rest = re.split(r"[\r\n]", self._rest + text)
        for line in [*lines, self._rest]:
            match = _STEP.match(_ESCAPE.sub("", line))
            if match:
                self._progress.step(
                    match["what"].strip(), int(match["percent"]) if match["percent"] else None
                )
        return len(text)
