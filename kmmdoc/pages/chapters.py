"""The chapters of the boot: which stretch of a run each is about, and where its text is.

A chapter is a file `templates/chapters/LANG/NN-SLUG.md.j2` that begins with TOML between lines of `+++`:
title, lead (one sentence), start and end (names of recorded stages; empty: the run's beginning or end).
Nothing else registers it.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from kmmdoc.model.errors import KmmdocError
from kmmdoc.model.run import Run
from kmmdoc.model.words import TEMPLATES
from kmmdoc.views.runs.calls import boundary


@dataclass(frozen=True, slots=True)
class Chapter:
    """A chapter; `body` is its Jinja text without the front matter."""

    number: int
    slug: str
    title: str
    lead: str
    start: str
    end: str
    body: str
    path: Path

    @property
    def first_line(self) -> int:
        """The line of the file on which `body` begins."""
        return self.path.read_text(encoding="utf-8").split("+++\n", 2)[1].count("\n") + 3

    @property
    def docname(self) -> str:
        return f"stages/{self.slug}"

    def covers(self, run: Run) -> bool:
        """Whether the run came as far as this chapter."""
        return not self.start or self.start in run.snapshots

    def span(self, run: Run) -> tuple[int, int]:
        """Trace indexes `[start, end)`; to the run's end where it never came to the chapter's."""
        start = boundary(run, self.start) if self.start else 0
        end = boundary(run, self.end) if self.end in run.snapshots else len(run.events)
        return start, max(start, end)


def read_chapter(path: Path) -> Chapter:
    """One chapter file; KmmdocError where its front matter is not as it must be."""
    name = path.name.removesuffix(".md.j2")
    number, _, slug = name.partition("-")
    text = path.read_text(encoding="utf-8")
    parts = text.split("+++\n", 2)
    if len(parts) != 3 or parts[0]:
        raise KmmdocError(path, 1, "a chapter begins with TOML between two lines of +++")
    try:
        matter = tomllib.loads(parts[1])
    except tomllib.TOMLDecodeError as error:
        raise KmmdocError(path, None, str(error)) from error
    missing = {"title", "lead", "start", "end"} - matter.keys()
    if missing or not number.isdigit():
        raise KmmdocError(
            path, None, f"not a chapter: {', '.join(sorted(missing)) or 'no number in its name'}"
        )
    return Chapter(
        int(number), slug, matter["title"], matter["lead"], matter["start"], matter["end"], parts[2], path
    )


def chapters(language: str = "en", folder: Path | None = None) -> list[Chapter]:
    """Every chapter in order, in the language where there is a text in it, else in English."""
    folder = folder or TEMPLATES / "chapters"
    paths: dict[str, Path] = {}
    for name in dict.fromkeys(("en", language)):
        paths |= {path.name: path for path in sorted((folder / name).glob("*.md.j2"))}
    return [read_chapter(paths[name]) for name in sorted(paths)]
