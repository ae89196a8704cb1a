"""No example of the documentation is skipped: what stands in the files is what the collectors found."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [*sorted((ROOT / "docs").rglob("*.md")), ROOT / "README.md"]
MODULES = [p for p in sorted((ROOT / "kmmdoc").rglob("*.py")) if ">>>" in p.read_text()]


def examples(document, request):
    conftest = next(p for p in request.config.pluginmanager.get_plugins() if getattr(p, "SYBILS", None))
    for sybil in conftest.SYBILS:
        if sybil.should_parse(document):
            return list(sybil.parse(document).examples())
    return []


def relative(path):
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_every_fence_of_a_page_is_run(page, request):
    text = page.read_text()
    consoles = len(re.findall(r"^\s*```console", text, re.M))
    statements = len(re.findall(r"^\s*>>> ", text, re.M))
    assert len(examples(page, request)) == consoles + statements
    assert not re.search(
        r"^\s*```(python|doctest|\{)(?!note|tip|warning|figure|eval|kmm|include|toctree|list-table|admonition|raw|only|seealso|glossary)",
        text,
        re.M,
    ), "use pycon for what runs and text for what does not"


@pytest.mark.parametrize("module", MODULES, ids=relative)
def test_every_docstring_example_is_run(module, request):
    documented = [
        n
        for n in ast.walk(ast.parse(module.read_text()))
        if isinstance(n, (ast.Module, ast.ClassDef, ast.FunctionDef))
    ]
    statements = sum(len(re.findall(r"^\s*>>> ", ast.get_docstring(n) or "", re.M)) for n in documented)
    assert len(examples(module, request)) == statements
