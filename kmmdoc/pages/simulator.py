"""The simulator's own source as text, read from its files: pages show it, and never import it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from kmmdoc.excerpts.simplified import is_kfunc, paragraph

LINUX = Path(__file__).resolve().parents[1] / "linux"


@dataclass(frozen=True, slots=True)
class Simulated:
    """A kernel function as the simulator has it. `path` is below the package, `line` its first line."""

    name: str
    path: str
    line: int
    text: str
    parameters: tuple[str, ...]
    doc: str

    @property
    def simplified(self) -> str:
        """The `Simplified:` paragraph of the docstring on one line, or nothing."""
        return paragraph(self.doc)


@lru_cache(maxsize=1)
def _modules() -> dict[str, tuple[str, ast.Module]]:
    """Path below the package -> source and syntax tree of every module of the simulator."""
    found = {}
    for path in sorted(LINUX.rglob("*.py")):
        source = path.read_text(encoding="utf-8")
        found[path.relative_to(LINUX.parents[1]).as_posix()] = (source, ast.parse(source))
    return found


@lru_cache(maxsize=1)
def simulated() -> dict[str, Simulated]:
    """Every `@kfunc` of the simulator, by kernel name."""
    return {function.name: function for path in _modules() for function in _functions(path)}


@lru_cache(maxsize=1)
def simplified_modules() -> dict[str, str]:
    """Module path -> the `Simplified:` paragraph of its docstring, for modules that have one."""
    found = {path: paragraph(ast.get_docstring(tree)) for path, (_, tree) in _modules().items()}
    return {path: text for path, text in found.items() if text}


def _functions(path: str) -> Iterator[Simulated]:
    source, tree = _modules()[path]
    lines = source.splitlines()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and is_kfunc(node):
            first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
            parameters = tuple(a.arg for a in (*node.args.args[1:], *node.args.kwonlyargs))
            text = "\n".join(lines[first - 1 : node.end_lineno])
            doc = ast.get_docstring(node) or ""
            yield Simulated(node.name, path, first, text, parameters, doc)
