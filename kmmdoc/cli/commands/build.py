"""`kmmdoc build`: boot a machine and publish what happened, as a site and as a PDF."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from kmmdoc.cli.output import say

if TYPE_CHECKING:
    from kmmdoc.excerpts.trees import Tree
    from kmmdoc.model.run import Run
    from kmmdoc.publish.report import Report

HELP = "build the site and the PDF report: html, pdf, or all"
ROOT = Path(__file__).parents[3]


def configure(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument(
        "what", nargs="?", choices=("html", "pdf", "all"), default="all", help="(default: all)"
    )
    parser.add_argument(
        "--lang", action="append", choices=("en", "zh_CN"), help="language, may be given again (default: en)"
    )
    parser.add_argument("--machine", default="qemu-2g", metavar="MACHINE", help="(default: qemu-2g)")
    parser.add_argument("--offline", action="store_true", help="never try to fetch the kernel's text")
    parser.add_argument(
        "--complete", action="store_true",
        help="a PDF with the pages of all symbols, not only of those that its text names",
    )  # fmt: skip
    parser.add_argument("--strict", action="store_true", help="warnings are errors")
    parser.add_argument(
        "--out", type=Path, default=Path("build"), metavar="DIR", help="where to build (default: build)"
    )
    parser.add_argument(
        "--report", type=Path, default=ROOT / "docs" / "report.toml", metavar="FILE",
        help="title, author and date (default: docs/report.toml)",
    )  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Build; paths of what was made go to stdout."""
    from kmmdoc.excerpts.source import ensure_source
    from kmmdoc.machines.resolve import resolve_with_notes
    from kmmdoc.publish.report import load_report
    from kmmdoc.simulate import simulate

    languages = list(dict.fromkeys(args.lang or ["en"]))
    reports = [load_report(args.report, language) for language in languages]
    resolved = resolve_with_notes(args.machine)
    for note in resolved.notes:
        say(f"kmmdoc: note: {note}")
    tree = ensure_source(args.offline, say=lambda text: say(f"kmmdoc: {text}"))
    booted = simulate(resolved.scenario)
    for report in reports:
        pages = args.out / "work" / report.lang / "pages"
        _write_pages(booted, pages, report.lang, tree, args.out)
        _publish(args, report, pages, [other for other in languages if other != report.lang])
    return 0


def _write_pages(booted: Run, pages: Path, language: str, tree: Tree | None, out: Path) -> None:
    from kmmdoc.publish.progress import Progress
    from kmmdoc.render import make_site

    with Progress(f"pages {language}") as progress:
        make_site(booted, pages, language, tree, cache=out / "work" / "figures", progress=progress.step)


def _publish(args: argparse.Namespace, report: Report, pages: Path, also: list[str]) -> None:
    """Make the outputs of one language; `also` are the others that this build makes."""
    from kmmdoc.publish.build import build_html, build_pdf
    from kmmdoc.publish.report import LANGUAGES

    work = args.out / "work" / report.lang
    site = args.out / "site"
    if args.what in ("html", "all"):
        places = {language: site if language == "en" else site / language for language in LANGUAGES}
        target = places.pop(report.lang)
        beside = any(lang in also or (place / "index.html").is_file() for lang, place in places.items())
        started = time.monotonic()
        built = build_html(
            pages, target, report=report, work=work / "sphinx", strict=args.strict, other_language=beside
        )
        _warn(built.warnings)
        say(f"kmmdoc: {built.pages} pages in {time.monotonic() - started:.1f} s")
        print(target / "index.html", flush=True)
    if args.what in ("pdf", "all"):
        target = args.out / f"report-{report.lang}.pdf"
        started = time.monotonic()
        built = build_pdf(
            pages, target, report=report, work=work / "sphinx", strict=args.strict, complete=args.complete
        )
        _warn(built.warnings)
        say(f"kmmdoc: {built.pages} PDF pages in {time.monotonic() - started:.1f} s")
        print(target, flush=True)


def _warn(warnings: Iterable[str]) -> None:
    for warning in warnings:
        say(warning)
