"""`kmmdoc source`: where the kernel's text comes from."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from kmmdoc.cli.output import print_json, print_lines

HELP = "where the kernel's text comes from: use TREE|TARBALL, fetch, status, forget"


def configure(parser: argparse.ArgumentParser) -> None:
    """The subcommands."""
    below = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    use = below.add_parser("use", help="take it from a kernel tree or a tar archive of one")
    use.add_argument("place", type=Path, metavar="TREE|TARBALL")
    fetch = below.add_parser("fetch", help="fetch the files that are needed, checked by their sha256")
    fetch.add_argument("--mirror", metavar="URL", help="fetch from there; {version} and {path} are filled in")
    below.add_parser("status", help="what is in use")
    below.add_parser("forget", help="use none, and do not fetch by oneself")
    for sub in below.choices.values():
        sub.add_argument("--json", action="store_true", help="as JSON")


def run(args: argparse.Namespace) -> int:
    """Do it, and print what is in use then."""
    from kmmdoc.excerpts import source

    if args.action == "use":
        result = source.use(args.place, progress=_bytes_read)
    elif args.action == "fetch":
        result = source.fetch(args.mirror, progress=_file_fetched)
    else:
        if args.action == "forget":
            source.forget()
        result = source.status()
    if args.json:
        from dataclasses import asdict

        print_json(asdict(result))
    else:
        print_lines([result.line])
    return 0


def _file_fetched(done: int, total: int, path: str) -> None:
    _moving(f"{done}/{total} {path}", last=done == total)


def _bytes_read(done: int, total: int) -> None:
    _moving(f"reading {100 * done // max(total, 1)} %", last=done >= total)


def _moving(text: str, *, last: bool) -> None:
    """One line on a terminal, rewritten; nothing in a pipe."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{'' if last else text[:100]}", end="", file=sys.stderr, flush=True)
