"""The command line: `kmmdoc COMMAND ...`.

Every module of `kmmdoc.cli.commands` is a command of its name. It has `HELP` (a line), `configure(parser)`
and `run(args) -> exit status`. Nothing is imported before it is needed: a command that is not asked for is
only found, and a command imports what it works with when it runs.

Exit status: 0, or 2 with one line on stderr for what is wrong with the input; 141 when the reader of a
pipe is gone, 130 when interrupted.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType
from typing import NoReturn

from kmmdoc import __version__
from kmmdoc.cli import commands
from kmmdoc.model.errors import KmmdocError


class Parser(argparse.ArgumentParser):
    """An ArgumentParser that says what is wrong in one line and knows no abbreviations."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **{"allow_abbrev": False, **kwargs})  # type: ignore[arg-type]

    def error(self, message: str) -> NoReturn:
        """Exit with status 2."""
        raise KmmdocError("command line", None, f"{message} (`{self.prog} --help` lists what there is)")


def command_names() -> list[str]:
    """The commands, found by looking into the package."""
    return sorted(module.name for module in iter_modules(commands.__path__))


def _command(name: str) -> ModuleType:
    return import_module(f"{commands.__name__}.{name}")


def parser(only: str | None = None) -> argparse.ArgumentParser:
    """The parser of the whole command line, or of one command of it."""
    top = Parser(
        prog="kmmdoc",
        description="Boots the memory management of Linux 3.18 in Python and publishes what happened.",
    )
    top.add_argument("--version", action="version", version=f"kmmdoc {__version__}")
    below = top.add_subparsers(dest="command", metavar="COMMAND", required=True, parser_class=Parser)
    for name in command_names():
        if only in (None, name):
            module = _command(name)
            sub = below.add_parser(name, help=module.HELP, description=module.HELP)
            module.configure(sub)
            sub.set_defaults(run=module.run)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        only = words[0] if words and words[0] in command_names() else None
        args = parser(only).parse_args(words)
        status: int = args.run(args)
        sys.stdout.flush()
        return status
    except KmmdocError as error:
        print(f"kmmdoc: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        # Whoever read our output is gone; what is still buffered must not be written at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except KeyboardInterrupt:
        print("kmmdoc: interrupted", file=sys.stderr)
        return 130
