"""What the writer of one document knows of the whole report."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple


class Book(NamedTuple):
    """The report as a whole."""

    anchors: frozenset[str]
    """Everything that can be linked to: DOCNAME, and DOCNAME#id."""
    numbers: Mapping[str, Mapping[str, Mapping[str, tuple[int, ...]]]]
    """Sphinx' numbers: document, kind (figure, table, code-block), id."""
    names: Mapping[str, str]
    """What a numbered thing is called, by kind: "Figure %s"."""
    figures: Path
    """Folder that drawings are written to."""
    left_out: frozenset[str] = frozenset()
    """Documents of the appendices that the report does without; what links to them is plain text."""
