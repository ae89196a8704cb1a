"""`kmmdoc verify DIR...`: recorded boots held against their simulation."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kmmdoc.cli.output import Progress, print_json, print_lines, say, table

if TYPE_CHECKING:
    from kmmdoc.evidence.compare import Difference, Score
    from kmmdoc.evidence.verify import Verified

HELP = "hold recorded boots against their simulation, value by value"

SHOWN = 60
"""Characters of a value that a line shows."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument(
        "records",
        metavar="DIR",
        nargs="*",
        help="a recorded folder, a boot log, or the name of a bundled record; without any, all bundled ones",
    )
    parser.add_argument("--show", type=int, default=10, metavar="N", help="differences to show (default: 10)")
    parser.add_argument(
        "--stages", action="store_true", help="the scores of every stage, for several DIR too"
    )
    parser.add_argument("--json", action="store_true", help="JSON instead of tables")


def run(args: argparse.Namespace) -> int:
    """Verify and print; 1 where anything differs."""
    from kmmdoc.evidence.verify import verify

    results = []
    with ExitStack() as stack:
        paths = list(_paths(args.records, stack))
        for i, path in enumerate(paths):
            progress = Progress(f"{i + 1}/{len(paths)} {path.name}")
            result = verify(path, progress.tell)
            progress.clear()
            for note in result.notes:
                say(f"kmmdoc: note: {result.name}: {note}")
            if not args.json:
                _print(result, args.show, stages=args.stages or len(paths) == 1)
            results.append(result)
    if args.json:
        print_json([_plain(result) for result in results])
    elif len(results) > 1:
        equal, compared = sum(r.equal for r in results), sum(r.compared for r in results)
        print_lines([f"{len(results)} boots: {equal} of {compared} equal"])
    return 1 if any(result.differences for result in results) else 0


def _paths(names: list[str], stack: ExitStack) -> Iterator[Path]:
    from kmmdoc.evidence.recorded import bundled_records, record_names

    bundled: dict[str, Path] | None = None
    known = record_names()
    if not names or any(name in known and not Path(name).exists() for name in names):
        bundled = {path.name: path for path in stack.enter_context(bundled_records())}
    for name in names or known:
        yield bundled[name] if bundled and name in bundled and not Path(name).exists() else Path(name)


def _print(result: Verified, show: int, *, stages: bool) -> None:
    lines = [f"{result.name}: {result.equal} of {result.compared} equal"]
    if result.panic is not None:
        lines.append(f"  the simulated boot ended in a panic: {result.panic}")
    if stages:
        rows = [_row(stage, sections) for stage, sections in result.stages()]
        lines += ["  " + line for line in table(["STAGE", "EQUAL", "OF", "SECTIONS"], rows, right=[1, 2])]
    lines += _differences(result.differences, show)
    print_lines(lines)


def _row(stage: str, sections: dict[str, Score]) -> list[str]:
    equal = sum(score.equal for score in sections.values())
    compared = sum(score.compared for score in sections.values())
    parts = [f"{name} {score.equal}/{score.compared}" for name, score in sections.items()]
    return [stage, str(equal), str(compared), ", ".join(parts)]


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= SHOWN else text[: SHOWN - 3] + "..."


def _differences(differences: list[Difference], show: int) -> Iterable[str]:
    for d in differences[:show]:
        by = f" [{d.function}]" if d.function else ""
        place = f"{d.stage} {d.section} {d.path}"
        yield f"  {place}: recorded {_shown(d.recorded)}, predicted {_shown(d.predicted)}{by}"
    if len(differences) > show:
        yield f"  and {len(differences) - show} more (--show N shows more)"


def _plain(result: Verified) -> dict[str, Any]:
    return {
        "name": result.name,
        "command_line": result.command_line,
        "equal": result.equal,
        "compared": result.compared,
        "panic": result.panic,
        "notes": result.notes,
        "scores": [
            {"stage": stage, "section": section, "equal": score.equal, "compared": score.compared}
            for (stage, section), score in result.scores.items()
        ],
        "beyond": [
            {"stage": stage, "section": section, "equal": score.equal, "compared": score.compared}
            for (stage, section), score in result.beyond.items()
        ],
        "differences": [
            {name: getattr(difference, name) for name in type(difference).__slots__}
            for difference in result.differences
        ],
    }
