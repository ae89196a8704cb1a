"""A recorded boot held against its simulation: scores by stage and section, and every difference."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from kmmdoc.evidence.calls import compare_calls
from kmmdoc.evidence.compare import (
    Difference,
    Score,
    compare_beyond,
    compare_lines,
    compare_memblock,
    compare_snapshots,
    memblock_lines,
    memory_lines,
)
from kmmdoc.evidence.recorded import log_lines, recorded_calls, recorded_snapshots
from kmmdoc.evidence.responsible import Responsible
from kmmdoc.machines.recorded import DEBUG_LOG, load_recorded
from kmmdoc.machines.resolve import resolve_with_notes
from kmmdoc.model.errors import KmmdocError
from kmmdoc.model.run import Run
from kmmdoc.model.scenario import Machine
from kmmdoc.simulate import simulate

LOG = "dmesg.txt"
SNAPSHOTS = "snapshots.json"
CALLS = "calltrace.json"


@dataclass(slots=True)
class Verified:
    """What was compared of one recorded boot: (stage, section) -> score, in the order of the boot.

    The logs are stage `log`, with the sections `dmesg`, `memblock` (the lines of memblock=debug) and
    `callers` (the functions those name); a recorded call sequence is stage `calls`, with `order` and
    `counts`. `beyond` are scores, without differences, of what other subsystems had a hand in; they do not
    count. `panic` is the message that ended the simulated boot, or None.
    """

    name: str
    machine: Machine
    command_line: str
    scores: dict[tuple[str, str], Score] = field(default_factory=dict)
    beyond: dict[tuple[str, str], Score] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    panic: str | None = None

    @property
    def equal(self) -> int:
        """How many values and lines were predicted."""
        return sum(score.equal for score in self.scores.values())

    @property
    def compared(self) -> int:
        """How many were compared."""
        return sum(score.compared for score in self.scores.values())

    @property
    def differences(self) -> list[Difference]:
        """What differs, in the order of the boot."""
        return [d for score in self.scores.values() for d in score.differences]

    def stages(self) -> Iterator[tuple[str, dict[str, Score]]]:
        """Each stage with its scores by section."""
        found: dict[str, dict[str, Score]] = {}
        for (stage, section), score in self.scores.items():
            found.setdefault(stage, {})[section] = score
        yield from found.items()


def verify(path: str | Path, progress: Callable[[str], None] | None = None) -> Verified:
    """Simulate the boot that a folder (or a boot log) recorded and compare.

    `progress` is told what is being done. KmmdocError where the folder has nothing to compare, or where
    what it has is broken.
    """
    path = Path(path)
    tell = progress or (lambda text: None)
    if path.name == "inputs.json":
        path = path.parent
    if path.is_dir():
        return _folder(path, tell)
    if not path.is_file():
        raise KmmdocError(path, None, "neither a recorded folder nor a boot log")
    return _log(path, tell)


def _folder(folder: Path, tell: Callable[[str], None]) -> Verified:
    scenario = load_recorded(folder)
    result = Verified(scenario.machine.name, scenario.machine, scenario.command_line)
    tell("boot")
    run = simulate(scenario)
    result.panic = run.panic
    if (folder / LOG).is_file():
        tell("log")
        lines = memory_lines(log_lines(_text(folder / LOG)))
        _add(result, run, {("log", "dmesg"): compare_lines(lines, memory_lines(_printed(run)))})
    if (folder / DEBUG_LOG).is_file():
        tell("boot with memblock=debug")
        debug = simulate(load_recorded(folder, log=DEBUG_LOG), snapshots=False)
        _add(result, debug, _memblock(log_lines(_text(folder / DEBUG_LOG)), debug))
    if (folder / SNAPSHOTS).is_file():
        tell("snapshots")
        recorded = recorded_snapshots(folder)
        _add(result, run, compare_snapshots(recorded, run.snapshots))
        result.beyond = compare_beyond(recorded, run.snapshots)
    if (folder / CALLS).is_file():
        tell("calls")
        order, counts = compare_calls(recorded_calls(folder / CALLS), run)
        _add(result, run, {("calls", "order"): order, ("calls", "counts"): counts})
    if not result.compared:
        raise KmmdocError(folder, None, f"nothing to compare: neither {LOG} nor {SNAPSHOTS}")
    return result


def _log(path: Path, tell: Callable[[str], None]) -> Verified:
    """A bare boot log: its machine is what the log tells of it."""
    resolved = resolve_with_notes(str(path))
    result = Verified(path.name, resolved.scenario.machine, resolved.scenario.command_line)
    if resolved.kind != "log":
        raise KmmdocError(path, None, "not a boot log")
    tell("boot")
    run = simulate(resolved.scenario, snapshots=False)
    result.panic = run.panic
    recorded = log_lines(_text(path))
    result.notes = [*resolved.notes, *_other_kernel(recorded, resolved.scenario.build.version)]
    lines = memory_lines(recorded)
    if not lines:
        raise KmmdocError(path, None, "no line tells of memory")
    _add(result, run, {("log", "dmesg"): compare_lines(lines, memory_lines(_printed(run)))})
    if memblock_lines(recorded):
        _add(result, run, _memblock(recorded, run))
    return result


def _other_kernel(lines: list[str], version: str) -> Iterator[str]:
    """A note where the log is not of the kernel that is simulated."""
    for line in lines:
        if line.startswith("Linux version "):
            found = line.split()[2]
            if found != version:
                yield (
                    f"the log is of Linux {found}, the simulated kernel is {version} with a configuration of "
                    "its own: where its image lies and what it prints differ"
                )
            return


def _printed(run: Run) -> list[str]:
    """The predicted log, as a terminal's record of it looks: without space at the ends of lines."""
    return [line.rstrip() for line in run.dmesg]


def _memblock(recorded: list[str], run: Run) -> dict[tuple[str, str], Score]:
    lines, callers = compare_memblock(memblock_lines(recorded), memblock_lines(_printed(run)))
    return {("log", "memblock"): lines, ("log", "callers"): callers}


def _add(result: Verified, run: Run, scores: dict[tuple[str, str], Score]) -> None:
    """Take over scores of `run`, each difference with the function responsible for it."""
    responsible: Responsible | None = None
    for score in scores.values():
        if score.differences:
            responsible = responsible or Responsible(run)
            score.differences = [_named(d, responsible) for d in score.differences]
    result.scores |= {key: score for key, score in scores.items() if score.compared}


def _named(difference: Difference, responsible: Responsible) -> Difference:
    if difference.function:
        return difference
    stage, section, path, recorded, predicted, _ = (
        getattr(difference, name) for name in Difference.__slots__
    )
    if stage == "log":
        name = responsible.of_line(str(recorded), str(predicted))
    else:
        name = responsible.of_value(stage, section, path)
    return replace(difference, function=name)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise KmmdocError(path, None, error.strerror or "cannot be read") from None
