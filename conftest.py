"""Collects every example of the documentation and of the docstrings as a test.

`pycon` fences and `>>>` lines in docstrings are doctests; `console` fences are commands after "$ " with what
they print. tests/test_examples.py proves that none is skipped.
"""

from __future__ import annotations

import doctest
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from sybil import Document, Example, Region, Sybil
from sybil.evaluators.doctest import DocTestEvaluator
from sybil.parsers.abstract.doctest import DocTestStringParser
from sybil.parsers.markdown.lexers import FencedCodeBlockLexer
from sybil.parsers.rest import DocTestParser
from sybil.sybil import SybilCollection

ROOT = Path(__file__).parent
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def pycon(document: Document) -> Iterable[Region]:
    """Doctests in ```pycon fences, which Sybil by itself passes over."""
    strings = DocTestStringParser(DocTestEvaluator(FLAGS))
    for block in FencedCodeBlockLexer("pycon")(document):
        source = block.lexemes["source"]
        for region in strings(source, document.path):
            region.adjust(block, source)
            yield region


def console(document: Document) -> Iterable[Region]:
    """Commands in ```console fences."""
    for block in FencedCodeBlockLexer("console")(document):
        yield Region(block.start, block.end, block.lexemes["source"], run_console)


def run_console(example: Example) -> str | None:
    """Run each "$ command" in turn; a difference to what stands below it is the failure's text.

    A command runs in a shell, in the project's folder, with `kmmdoc` standing for this checkout.
    """
    here = f'kmmdoc() {{ {shlex.quote(sys.executable)} -m kmmdoc "$@"; }}\n'
    environment = os.environ | {"PYTHONPATH": str(ROOT), "COLUMNS": "100", "NO_COLOR": "1"}
    for command, want in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n?)*)", str(example.parsed), re.M):
        done = subprocess.run(
            ["/bin/sh", "-c", here + command],
            capture_output=True,
            text=True,
            timeout=60,
            cwd=ROOT,
            env=environment,
        )
        got = done.stdout + done.stderr
        if not doctest.OutputChecker().check_output(want, got, FLAGS):
            return f"$ {command}\nexpected:\n{want}\ngot:\n{got}"
    return None


PARSERS = [pycon, console]
SYBILS = [
    Sybil(PARSERS, patterns=["*.md"], path=str(ROOT / "docs")),
    Sybil(PARSERS, filenames=["README.md"], path=str(ROOT)),
    Sybil([DocTestParser(FLAGS)], patterns=["*.py"], path=str(ROOT / "kmmdoc")),
]

pytest_collect_file = SybilCollection(SYBILS).pytest()
