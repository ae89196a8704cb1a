"""`kmmdoc machines`: the bundled machines, a line each."""

from __future__ import annotations

import argparse

from kmmdoc.cli.output import print_json, print_lines, table

HELP = "list the machines that come with kmmdoc"


def configure(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument("--json", action="store_true", help="as JSON: a list of objects")


def run(args: argparse.Namespace) -> int:
    """Print the list."""
    from kmmdoc.machines import bundled
    from kmmdoc.model.quantities import size_text

    machines = [bundled.load(name) for name in bundled.names()]
    if args.json:
        print_json(
            [
                {
                    "name": m.name,
                    "title": m.title,
                    "bytes": m.ram_bytes,
                    "cpus": m.present_cpus,
                    "possible_cpus": max(len(m.lapics), m.present_cpus),
                    "nodes": m.nodes,
                    "command_line": m.command_line,
                }
                for m in machines
            ]
        )
        return 0
    rows = [[m.name, size_text(m.ram_bytes), str(m.present_cpus), str(m.nodes), m.title] for m in machines]
    print_lines(table(["NAME", "RAM", "CPUS", "NODES", "WHAT"], rows, right=[1, 2, 3]))
    return 0
