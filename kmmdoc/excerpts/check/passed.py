"""What the simulator has steps for, and what it passes when it boots."""

from __future__ import annotations

import ast
import functools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import kmmdoc
from kmmdoc.linux.kfunc import symbols
from kmmdoc.linux.link import link
from kmmdoc.model.scenario import KernelBuild, Scenario
from kmmdoc.model.trace import Call, Event, KernelRef, Return, Step

PACKAGE = Path(kmmdoc.__file__).resolve().parent


class WrittenStep(NamedTuple):
    """A `k.step("slug")` in the simulator's source. `path` is relative to the project."""

    path: str
    line: int
    function: str
    slug: str


@dataclass
class Passed:
    """What boots did: functions that ran, (function, slug) of steps passed, each with a machine."""

    functions: dict[KernelRef, str] = field(default_factory=dict)
    steps: dict[tuple[str, str], str] = field(default_factory=dict)
    build: KernelBuild | None = None

    def add(self, machine: str, events: Iterable[Event]) -> None:
        """Take in a boot's trace. A step belongs to the innermost function."""
        stack: list[KernelRef] = []
        for event in events:
            if isinstance(event, Call):
                stack.append(event.ref)
                self.functions.setdefault(event.ref, machine)
            elif isinstance(event, Return):
                stack.pop()
            elif isinstance(event, Step) and stack:
                self.steps.setdefault((stack[-1].name, event.slug), machine)


def boot_all(scenarios: Iterable[tuple[str, Scenario]], tell: Callable[[str], None]) -> Passed:
    """Boot each machine, without snapshots, and keep what ran."""
    from kmmdoc.simulate import simulate

    passed = Passed()
    for name, scenario in scenarios:
        tell(f"booting {name}")
        passed.build = scenario.build
        passed.add(name, simulate(scenario, snapshots=False).recorded)
    return passed


def bundled_scenarios() -> Iterator[tuple[str, Scenario]]:
    """Every bundled machine with its own command line."""
    from kmmdoc.machines import bundled
    from kmmdoc.machines.resolve import resolve

    for name in bundled.names():
        yield name, resolve(name)


@functools.cache
def run_by_bundled() -> Mapping[str, str]:
    """Each function that a bundled machine runs -> the first machine that does. Boots them all, once."""
    ran = boot_all(bundled_scenarios(), lambda _: None).functions
    return {ref.name: machine for ref, machine in reversed(ran.items())}


def written_steps(package: Path = PACKAGE) -> Iterator[WrittenStep]:
    """Every step that the simulator's source has, whether or not a boot passes it."""
    for path in sorted((package / "linux").rglob("*.py")):
        place = path.relative_to(package.parent).as_posix()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                for line, slug in _slugs(node):
                    yield WrittenStep(place, line, node.name, slug)


def _slugs(function: ast.FunctionDef) -> Iterator[tuple[int, str]]:
    for call in ast.walk(function):
        if (
            isinstance(call, ast.Call)
            and isinstance(call.func, ast.Attribute)
            and call.func.attr == "step"
            and call.args
            and isinstance(call.args[0], ast.Constant)
            and isinstance(call.args[0].value, str)
        ):
            yield call.lineno, call.args[0].value


def simulated_names() -> set[str]:
    """Kernel names of every function the simulator has."""
    link()
    return set(symbols)


def place_of(name: str) -> tuple[str, int]:
    """File (relative to the project) and line of the simulator's function of a kernel name."""
    link()
    function = symbols.get(name)
    code = getattr(getattr(function, "__wrapped__", None), "__code__", None)
    if code is None:
        return "kmmdoc/linux", 1
    path = Path(code.co_filename).resolve()
    shown = path.relative_to(PACKAGE.parent) if path.is_relative_to(PACKAGE.parent) else path
    return shown.as_posix(), int(code.co_firstlineno)
