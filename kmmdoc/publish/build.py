"""Runs Sphinx over a tree of MyST pages: the site, and the report as PDF."""

from __future__ import annotations

import io
import os
import re
from dataclasses import dataclass
from pathlib import Path

from kmmdoc.model.errors import KmmdocError
from kmmdoc.publish.conf import configuration
from kmmdoc.publish.place import place_file, place_folder
from kmmdoc.publish.progress import Progress
from kmmdoc.publish.report import LANGUAGES, Report
from kmmdoc.publish.static_files import write_chinese, write_static

#: Something of the page is lost; a warning only says that it may not be as meant.
_ERROR = re.compile(r"\b(ERROR|CRITICAL|SEVERE): ")
#: What Sphinx leaves in the output that a reader does not need.
_LEFTOVERS = ("_sources", ".buildinfo", ".buildinfo.bak", "objects.inv", ".doctrees")


@dataclass(frozen=True, slots=True)
class Built:
    """What a build made."""

    path: Path
    pages: int
    """Documents of the site, or pages of the PDF."""
    warnings: tuple[str, ...]


def build_html(
    source: Path,
    out: Path,
    *,
    report: Report,
    work: Path,
    strict: bool = False,
    other_language: bool = False,
) -> Built:
    """Build the site of one language into the folder `out`, which is replaced as a whole at the end.

    `source` is the tree of pages, `work` a folder for what the next build can use again. With `strict` a
    warning is an error; that something of a page got lost always is one. KmmdocError says what is wrong with
    the pages; `out` is then as it was. `other_language` says that the site in the other one is, or will be,
    in its place too.
    """
    made = work / "html"
    documents, warnings = _run("html", source, made, report, work, strict, other_language=other_language)
    write_chinese(made, work)
    others = [lang for lang in LANGUAGES if lang != report.lang]
    place_folder(made, out, without=_LEFTOVERS, keep=others)
    return Built(out, documents, warnings)


def build_pdf(
    source: Path, out: Path, *, report: Report, work: Path, strict: bool = False, complete: bool = False
) -> Built:
    """Build the report of one language as the file `out`. The rest is as for `build_html`.

    The appendices explain the symbols that the report's text names; with `complete` every symbol.
    """
    made = work / "pdf"
    _, warnings = _run("kmmpdf", source, made, report, work, strict, complete=complete)
    place_file(made / "report.pdf", out)
    return Built(out, int((made / "pages.txt").read_text()), warnings)


def _run(
    builder: str,
    source: Path,
    out: Path,
    report: Report,
    work: Path,
    strict: bool,
    **options: bool,
) -> tuple[int, tuple[str, ...]]:
    """Run one Sphinx builder, `options` being those of `configuration`; returns the number of documents and
    the warnings."""
    from sphinx.application import Sphinx
    from sphinx.errors import SphinxError
    from sphinx.locale import translators
    from sphinx.util.console import nocolor
    from sphinx.util.docutils import docutils_namespace, patch_docutils

    if not (source / "index.md").is_file():
        raise KmmdocError(source / "index.md", None, "there are no pages here; the site starts with this one")
    static = write_static(work.resolve() / "static")
    nocolor()
    translators.clear()  # or the words of the last language stay where this one has none of its own
    talk = io.StringIO()
    # Without these Sphinx leaves its roles and nodes behind in docutils, and the next build trips over them.
    with (
        Progress(f"{builder.removeprefix('kmm')} {report.lang}") as progress,
        patch_docutils(),
        docutils_namespace(),
    ):
        try:
            app = Sphinx(
                source,
                None,
                out,
                work / "doctrees",
                builder,
                confoverrides=configuration(report, static, **options),
                status=progress.stream,
                warning=talk,
                parallel=min(4, os.cpu_count() or 1),
            )
            app.build(force_all=_pages_changed(app.env.project.discover(), work / f"pages-{builder}.txt"))
        except SphinxError as error:
            raise KmmdocError(source, None, f"{error.category}: {error}") from error
    warnings = tuple(line for line in talk.getvalue().splitlines() if line.strip())
    wrong = warnings if strict else tuple(line for line in warnings if _ERROR.search(line))
    if wrong:
        raise KmmdocError(source, None, f"{len(wrong)} things are wrong with the pages:\n" + "\n".join(wrong))
    return len(app.env.found_docs), warnings


def _pages_changed(pages: set[str], record: Path) -> bool:
    """Whether pages came or went since the last build: then links to them change everywhere."""
    now = "\n".join(sorted(pages))
    before = record.read_text() if record.exists() else None
    record.parent.mkdir(parents=True, exist_ok=True)
    record.write_text(now)
    return before is not None and before != now
