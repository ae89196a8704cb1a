"""`kmmdoc machine`: make a machine file from a boot log, or show what a MACHINE is."""

from __future__ import annotations

import argparse
from pathlib import Path

from kmmdoc.cli.output import say, write_file

HELP = "make a machine file from a boot log, or show a machine as one"


def configure(parser: argparse.ArgumentParser) -> None:
    """The two subcommands."""
    below = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    made = below.add_parser("from-dmesg", help="a machine file made from a recorded boot log")
    made.add_argument("log", type=Path, metavar="LOG", help="the boot log of an x86-64 kernel")
    shown = below.add_parser("show", help="any MACHINE as a machine file")
    shown.add_argument("machine", metavar="MACHINE", help="a bundled name, a machine file, a log or a folder")
    for sub in (made, shown):
        sub.add_argument(
            "-o", "--output", type=Path, default=Path("-"), metavar="FILE", help="instead of stdout"
        )


def run(args: argparse.Namespace) -> int:
    """Print or write the machine file."""
    from dataclasses import replace

    from kmmdoc.machines.toml import to_toml

    if args.action == "from-dmesg":
        from kmmdoc.machines.from_dmesg import machine_from_dmesg

        found = machine_from_dmesg(args.log)
        machine, notes = found.machine, found.notes
        comment = "\n".join([f"Made by `kmmdoc machine from-dmesg` from {args.log.name}.", *notes])
    else:
        from kmmdoc.machines.resolve import resolve_with_notes

        resolved = resolve_with_notes(args.machine)
        scenario, notes = resolved.scenario, resolved.notes
        machine = replace(scenario.machine, command_line=scenario.command_line)
        comment = ""
    for note in notes:
        say(f"kmmdoc: note: {note}")
    write_file(args.output, to_toml(machine, comment=comment))
    return 0
