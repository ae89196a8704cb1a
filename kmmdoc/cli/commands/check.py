"""`kmmdoc check`: what can be proved about the annotations and the docs."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kmmdoc.cli.output import Progress, print_json, print_lines, table

if TYPE_CHECKING:
    from kmmdoc.excerpts.check import Checked
    from kmmdoc.excerpts.check.coverage import Coverage

HELP = "check annotations and docs against the facts, the simulator, and the tree in use"


def configure(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.description = (
        f"{HELP}. Prints PATH:LINE: KIND: TEXT for each finding. Exit status: 0 with none, 1 with findings, "
        "2 where it could not check. `kmmdoc source use TREE` adds what only a kernel tree can prove."
    )
    parser.add_argument("--coverage", action="store_true", help="print how much of what runs is annotated")
    parser.add_argument(
        "--project", type=Path, metavar="DIR", help="the project's folder (default: the one that runs)"
    )
    parser.add_argument("--json", action="store_true", help="JSON instead of lines and tables")


def run(args: argparse.Namespace) -> int:
    """Check and print; 1 where anything was found."""
    from kmmdoc.excerpts import source
    from kmmdoc.excerpts.check import Project, check

    tree = source.current()
    project = Project(args.project.absolute(), tree=tree) if args.project else Project(tree=tree)
    with Progress("check") as progress:
        checked = check(project, tell=progress.tell)
    if args.json:
        print_json(_plain(checked))
    else:
        print_lines(str(finding) for finding in checked.findings)
        if args.coverage:
            print_lines(_table(checked.coverage))
    return 1 if checked.findings else 0


def _table(coverage: Coverage) -> list[str]:
    rows = [
        [r.what, *("" if n is None else str(n) for n in (r.of, r.annotated, r.deep, r.both))]
        for r in coverage.rows
    ]
    header = ["WHAT", "OF", "ANNOTATED", "IN DEPTH", "BOTH LANGUAGES"]
    lines = table(header, rows, right=[1, 2, 3, 4])
    if coverage.structures:
        lines.append(f"structures without an annotation: {', '.join(coverage.structures)}")
    if coverage.unexplained:
        lines.append(f"structures whose members are not explained: {', '.join(coverage.unexplained)}")
    if coverage.globals:
        lines.append(f"variables without an annotation: {', '.join(coverage.globals)}")
    lines.append(f"{coverage.steps_passed} of {coverage.steps} steps were passed by a bundled machine")
    lines += [f"  not passed: {step}" for step in coverage.steps_left]
    if coverage.tree:
        counts = ", ".join(f"{n} {outcome}" for outcome, n in coverage.outcomes.items())
        lines.append(f"{coverage.tree}: {counts}")
    count = sum(map(len, coverage.beyond.values()))
    if count:
        lines.append(f"{count} more functions ran, of files of which there are no facts:")
    lines += [f"  {file}: {', '.join(names)}" for file, names in sorted(coverage.beyond.items())]
    return lines


def _plain(checked: Checked) -> dict[str, Any]:
    return {
        "findings": [finding._asdict() for finding in checked.findings],
        "coverage": asdict(checked.coverage),
    }
