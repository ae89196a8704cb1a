"""`kmmdoc boot MACHINE`: boot a machine and print what was asked for."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from kmmdoc.cli.output import print_json, print_lines, say, write_file

if TYPE_CHECKING:
    from kmmdoc.model.run import Run

HELP = "boot a machine: summary, log, snapshots, call tree"


def configure(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument(
        "machine", metavar="MACHINE", help="a bundled name, a machine file, a boot log, or a recorded folder"
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--dmesg", action="store_true", help="the predicted boot log, memory lines")
    what.add_argument("--memblock-debug", action="store_true", help="the predicted log with memblock=debug")
    what.add_argument("--calls", action="store_true", help="the ordered call tree, equal neighbours folded")
    parser.add_argument(
        "--snapshots", type=Path, metavar="FILE", help="write every snapshot as JSON ('-': stdout)"
    )
    parser.add_argument("--command-line", metavar="TEXT", help="boot with this kernel command line")
    parser.add_argument("--append", default="", metavar="TEXT", help="add to the kernel command line")
    parser.add_argument("--json", action="store_true", help="JSON instead of text")


def run(args: argparse.Namespace) -> int:
    """Boot and print; a panic of the simulated kernel is an outcome, told on stderr."""
    from kmmdoc.machines.resolve import resolve_with_notes

    resolved = resolve_with_notes(
        args.machine, args.command_line, append=args.append, memblock_debug=args.memblock_debug
    )
    for note in resolved.notes:
        say(f"kmmdoc: note: {note}")

    from kmmdoc.simulate import simulate

    log_only = (args.dmesg or args.memblock_debug or args.calls) and args.snapshots is None
    booted = simulate(resolved.scenario, snapshots=not log_only)
    if booted.panic is not None:
        say(f"kmmdoc: note: the kernel panicked: {booted.panic}")
    if args.snapshots is not None:
        write_file(args.snapshots, _snapshots(booted))
    if args.dmesg or args.memblock_debug:
        print_json(booted.dmesg) if args.json else print_lines(booted.dmesg)
    elif args.calls:
        _print_calls(booted, args.json)
    elif args.snapshots is None:
        _print_summary(booted, args.json)
    return 0


def _snapshots(booted: Run) -> str:
    stages = [snapshot.to_json() for snapshot in booted.snapshots.values()]
    return json.dumps({"stages": stages}, separators=(",", ":")) + "\n"


def _print_calls(booted: Run, as_json: bool) -> None:
    from kmmdoc.model.trace import fold

    rows = [(depth, node.ref.name, node.count) for root in booted.calls for depth, node in fold(root).walk()]
    if as_json:
        print_json(rows)
        return
    print_lines(f"{'  ' * depth}{name}{f' x{count}' if count > 1 else ''}" for depth, name, count in rows)


def _print_summary(booted: Run, as_json: bool) -> None:
    from kmmdoc.cli.summary import summary

    result = summary(booted)
    if as_json:
        from dataclasses import asdict

        print_json(asdict(result))
    else:
        print_lines(result.lines())
