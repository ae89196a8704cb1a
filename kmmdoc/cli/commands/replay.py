"""`kmmdoc replay FILE`: make the recorded calls of a sequence again and say where they differ."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kmmdoc.cli.output import new_file, print_json, print_lines, say, table

if TYPE_CHECKING:
    from kmmdoc.lab.record import Difference
    from kmmdoc.lab.replay import Replay, Step

HELP = "make a recorded sequence of allocator calls again, step by step"

SHOWN = 60
"""Characters of a value that a line shows."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument("file", metavar="FILE", help="a recorded sequence (JSON)")
    parser.add_argument(
        "--results", type=Path, metavar="OUT.json", help="write ret, pfn and state of all steps ('-': stdout)"
    )
    parser.add_argument(
        "--machine", metavar="MACHINE", help="start from this machine instead of the recorded one"
    )
    parser.add_argument(
        "--show", type=int, default=3, metavar="N", help="differences to show of a step (default: 3)"
    )
    parser.add_argument("--json", action="store_true", help="JSON instead of a table")


def run(args: argparse.Namespace) -> int:
    """Replay and print; 1 where a step differs."""
    from kmmdoc.lab.record import read_record
    from kmmdoc.lab.replay import prepare

    record = read_record(args.file)
    machine = None
    if args.machine is not None:
        from kmmdoc.machines.resolve import resolve

        machine = resolve(args.machine).machine
    replay = prepare(record, machine)
    if replay.start:
        loaded = len(replay.start) - len(replay.left)
        say(
            f"kmmdoc: note: {len(replay.start)} values of the state before the first call are not those of a "
            f"boot of {replay.machine}; {loaded} of them were taken from the record"
        )
    steps = list(_written(replay, args.results))
    wrong = sum(bool(step.differences) for step in steps)
    if str(args.results) != "-":
        _print_all(replay, steps, args) if args.json else _print_table(replay, steps, args.show)
    return 1 if wrong or replay.left else 0


def _written(replay: Replay, path: Path | None) -> Iterator[Step]:
    """The steps, without their states, each written to the file of results as it is made."""
    from dataclasses import replace

    if path is None:
        for step in replay.steps():
            yield replace(step, state={})
        return
    with new_file(path) as out:
        before = "["
        for step in replay.steps():
            out.write(before + json.dumps(step.result(), separators=(",", ":")))
            before = ",\n"
            yield replace(step, state={})
        out.write("[]\n" if before == "[" else "]\n")


def _shown(value: Any) -> str:
    text = "nothing" if value is None else value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= SHOWN else text[: SHOWN - 3] + "..."


def _result(ret: str | None, pfn: int | None) -> str:
    if ret is None:
        return ""
    return ret if pfn is None or pfn < 0 else f"{ret} (pfn {pfn})"


def _lines(differences: tuple[Difference, ...] | list[Difference], n: int) -> Iterator[str]:
    for path, recorded, predicted in differences[:n]:
        yield f"      {path}: recorded {_shown(recorded)}, predicted {_shown(predicted)}"
    if len(differences) > n:
        yield f"      and {len(differences) - n} more"


def _print_table(replay: Replay, steps: list[Step], show: int) -> None:
    print_lines([f"{replay.record.name}: {replay.record.purpose}", f"machine: {replay.machine}"])
    rows = [
        [
            str(step.i),
            f"{step.call}({', '.join(step.args)})",
            _result(step.recorded_ret, step.recorded_pfn),
            _result(step.ret, step.pfn),
            "equal" if not step.differences else f"{len(step.differences)} differ",
        ]
        for step in steps
    ]
    lines = table(["STEP", "CALL", "RECORDED", "PREDICTED", "STATE"], rows, right=[0])
    print_lines(lines[:1])
    if replay.left:
        print_lines(["before the first call:", *_lines(replay.left, show)])
    for line, step in zip(lines[1:], steps, strict=True):
        print_lines([line, *_lines(step.differences, show)])
    equal = sum(not step.differences for step in steps)
    print_lines([f"{equal} of {len(replay.record.steps)} steps equal"])


def _print_all(replay: Replay, steps: list[Step], args: argparse.Namespace) -> None:
    def plain(differences: tuple[Difference, ...] | list[Difference]) -> list[dict[str, Any]]:
        return [difference._asdict() for difference in differences]

    print_json(
        {
            "sequence": replay.record.name,
            "machine": replay.machine,
            "before": plain(replay.left),
            "equal": sum(not step.differences for step in steps),
            "compared": len(replay.record.steps),
            "steps": [
                {
                    "i": step.i,
                    "call": step.call,
                    "args": list(step.args),
                    "recorded": {"ret": step.recorded_ret, "pfn": step.recorded_pfn},
                    "predicted": {"ret": step.ret, "pfn": step.pfn},
                    "differences": plain(step.differences),
                }
                for step in steps
            ],
        }
    )
