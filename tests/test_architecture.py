"""The rules of the house, held by reading the source: who may import whom, and what must be found."""

import ast
import importlib
import pkgutil
import sys
from pathlib import Path

import pytest

import kmmdoc

ROOT = Path(kmmdoc.__file__).parent

# A package may import from the packages of lower rank and from itself.
RANK = {
    "model": 0,
    "machines": 1,
    "linux": 1,
    "dot": 2,
    "simulate": 2,
    "watch": 3,
    "ledger": 3,
    "evidence": 4,
    "lab": 3,
    "excerpts": 3,
    "views": 3,
    "pages": 5,
    "render": 6,
    "publish": 7,
    "sphinxext": 6,
    "cli": 8,
    "__main__": 9,
}
STANDARD_LIBRARY_ONLY = ("model", "linux", "simulate", "watch", "ledger", "lab", "evidence")


def modules():
    for path in sorted(ROOT.rglob("*.py")):
        parts = path.relative_to(ROOT.parent).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        if name != "kmmdoc":
            yield name, path


MODULES = dict(modules())


def imports(name):
    """Absolute names of everything a module imports, TYPE_CHECKING blocks and late imports included."""
    tree = ast.parse(MODULES[name].read_text())
    package = name if MODULES[name].name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = package.split(".")
                base = ".".join([*parents[: len(parents) - node.level + 1], *([base] if base else [])])
            for alias in node.names:
                full = f"{base}.{alias.name}"
                yield full if full in MODULES else base


def layer(name):
    return name.split(".")[1]


def test_every_module_has_a_layer():
    assert {layer(name) for name in MODULES} <= set(RANK)


@pytest.mark.parametrize("name", MODULES)
def test_imports_go_downward(name):
    for target in imports(name):
        if target.startswith("kmmdoc.") and layer(target) != layer(name):
            assert RANK[layer(target)] < RANK[layer(name)], f"{name} imports {target}"


@pytest.mark.parametrize("name", [n for n in MODULES if layer(n) in ("pages", "views")])
def test_pages_and_views_never_see_the_simulator(name):
    assert not [t for t in imports(name) if t.startswith("kmmdoc.linux")]


@pytest.mark.parametrize("name", [n for n in MODULES if layer(n) in STANDARD_LIBRARY_ONLY])
def test_the_simulator_needs_the_standard_library_only(name):
    for target in imports(name):
        top = target.split(".")[0]
        assert top == "kmmdoc" or top in sys.stdlib_module_names, f"{name} imports {target}"


def test_no_import_cycles():
    graph = {name: {t for t in imports(name) if t in MODULES and t != name} for name in MODULES}
    done: set[str] = set()

    def visit(name, path):
        assert name not in path, " -> ".join([*path[path.index(name) :], name])
        if name not in done:
            for target in sorted(graph[name]):
                visit(target, [*path, name])
            done.add(name)

    for name in graph:
        visit(name, [])


def test_late_bound_calls_all_have_a_target():
    for name in MODULES:
        if name.startswith("kmmdoc.linux"):
            importlib.import_module(name)
    from kmmdoc.linux.kfunc import externs, symbols

    assert sorted((module, name) for module, name in externs if name not in symbols) == []


def test_late_bound_calls_are_only_those_that_go_up():
    """A call to a function whose module could be imported without a cycle must be an import."""
    from kmmdoc.linux.kfunc import externs, symbols

    graph = {name: {t for t in imports(name) if t in MODULES} for name in MODULES}

    def reaches(start, goal, seen):
        if start == goal:
            return True
        seen.add(start)
        return any(reaches(t, goal, seen) for t in graph[start] if t not in seen)

    needless = [
        (module, name)
        for module, name in sorted(externs)
        if name in symbols and not reaches(symbols[name].__wrapped__.__module__, module, set())
    ]
    assert needless == []


def test_discovery_found_every_reader():
    from kmmdoc.linux import debugger, readers

    debugger.load_readers()
    found = {reader.__module__ for reader in debugger.readers.values()}
    assert found == {f"{readers.__name__}.{m.name}" for m in pkgutil.iter_modules(readers.__path__)}


def test_every_section_that_a_stop_reads_has_a_reader():
    from kmmdoc.linux import debugger
    from kmmdoc.linux.stages import STAGES

    debugger.load_readers()
    assert {part for stage in STAGES for part in stage.sections} == set(debugger.readers)
