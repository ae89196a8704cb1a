"""The simulator's steps and the annotations' sections use the same slugs."""

from __future__ import annotations

from kmmdoc.excerpts.check.notes import check_steps, read_notes
from kmmdoc.excerpts.check.passed import PACKAGE, written_steps
from kmmdoc.excerpts.facts import v3_18
from kmmdoc.excerpts.store import ROOT


def test_each_step_in_an_annotated_function_has_its_section() -> None:
    found = list(written_steps())
    assert len(found) > 5
    notes = read_notes(ROOT, PACKAGE.parent, v3_18())
    assert [str(f) for f in check_steps(notes, found, [])] == []
