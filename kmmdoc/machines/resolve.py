"""MACHINE on the command line: a bundled name, a machine file, a boot log, or a recorded folder."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from kmmdoc.machines import bundled
from kmmdoc.machines.builds import load_build
from kmmdoc.machines.check import command_line_problem, findings
from kmmdoc.machines.recorded import DEBUG_LOG, load_recorded, with_memblock_debug
from kmmdoc.model.errors import KmmdocError
from kmmdoc.model.scenario import Machine, Scenario


@dataclass(slots=True)
class Resolved:
    """A scenario, how it was found, and what is odd about it."""

    scenario: Scenario
    kind: str  # "bundled", "file", "log" or "recorded"
    notes: list[str] = field(default_factory=list)


def resolve(machine: str, command_line: str | None = None, *, memblock_debug: bool = False) -> Scenario:
    """The scenario that `machine` names: a bundled machine, a TOML file, a boot log or a recorded folder.

    `command_line` replaces the machine's own; `memblock_debug` asks for the boot with memblock=debug.
    KmmdocError where there is no such machine, or something is wrong with it.
    """
    return resolve_with_notes(machine, command_line, memblock_debug=memblock_debug).scenario


def resolve_with_notes(
    machine: str, command_line: str | None = None, *, append: str = "", memblock_debug: bool = False
) -> Resolved:
    """Like `resolve`, with warnings about the machine. `append` is added to the command line."""
    path = Path(machine)
    if path.name == "inputs.json":
        path = path.parent
    if "/" not in machine and machine in bundled.names():
        result = _own(bundled.load(machine), "bundled", command_line)
    elif path.is_dir():
        log = DEBUG_LOG if memblock_debug else "dmesg.txt"
        result = Resolved(load_recorded(path, command_line, log=log), "recorded")
    elif path.is_file():
        result = _file(path, command_line)
    else:
        raise KmmdocError(machine, None, _unknown(machine))
    scenario = result.scenario
    text = f"{scenario.command_line} {append}".strip() if append else scenario.command_line
    if memblock_debug:
        text = with_memblock_debug(text)
    if problem := command_line_problem(text):
        raise KmmdocError("command line", "--command-line, --append", problem)
    result.scenario = Scenario(scenario.machine, scenario.build, text)
    odd = findings(scenario.machine, firmware=True)
    result.notes += [f"{finding.where}: {finding.reason}" for finding in odd if not finding.error]
    return result


def _own(machine: Machine, kind: str, command_line: str | None) -> Resolved:
    text = machine.command_line if command_line is None else command_line
    return Resolved(Scenario(machine, load_build(), text), kind)


def _file(path: Path, command_line: str | None) -> Resolved:
    if path.suffix == ".toml":
        from kmmdoc.machines.toml import read_machine

        return _own(read_machine(path), "file", command_line)
    from kmmdoc.machines.from_dmesg import machine_from_dmesg

    found = machine_from_dmesg(path)
    result = _own(found.machine, "log", command_line)
    result.notes += found.notes
    return result


def _unknown(machine: str) -> str:
    from difflib import get_close_matches

    close = get_close_matches(machine, bundled.names(), 1)
    hint = f" (did you mean {close[0]}?)" if close else ""
    return f"neither a bundled machine, a file nor a folder{hint}; `kmmdoc machines` lists the bundled ones"
