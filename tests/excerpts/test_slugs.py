"""The simulator's steps and the annotations' sections use the same slugs."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import kmmdoc
from kmmdoc.excerpts.store import Annotations


def steps() -> Iterator[tuple[str, str, str]]:
    """(file, function, slug) of each `k.step("slug")` of the simulator."""
    root = Path(kmmdoc.__file__).parent
    for path in sorted((root / "linux").rglob("*.py")):
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(function, ast.FunctionDef):
                continue
            for call in ast.walk(function):
                if (
                    isinstance(call, ast.Call)
                    and isinstance(call.func, ast.Attribute)
                    and call.func.attr == "step"
                    and call.args
                    and isinstance(call.args[0], ast.Constant)
                ):
                    yield f"{path.relative_to(root)}:{call.lineno}", function.name, call.args[0].value


def test_each_step_in_an_annotated_function_has_its_section() -> None:
    annotations = Annotations()
    found = list(steps())
    assert len(found) > 5
    unknown = [
        f"{where}: {name} has no section {slug}"
        for where, name, slug in found
        if (annotation := annotations.get(name, kind="function")) and not annotation.section(slug)
    ]
    assert unknown == []
