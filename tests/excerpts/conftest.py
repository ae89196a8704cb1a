"""A little source tree of our own C, its facts, and an annotation of one function in it."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from kmmdoc.excerpts import ctext
from kmmdoc.excerpts.facts import Facts
from kmmdoc.excerpts.stamp import stamp
from kmmdoc.excerpts.store import Annotations
from kmmdoc.excerpts.trees import MemoryTree
from kmmdoc.model.excerpt import Annotation, FileFact, Span, SymbolFact

POUR = """\
static int pour(struct jug *from, struct jug *to)
{
	int room = to->size - to->filled;

	if (room > from->filled)
		room = from->filled;

	from->filled -= room;
	to->filled += room;
	return room;
}
"""
JUG_C = f"""\
/* Two jugs and a tap. */
#include "jug.h"

{POUR}
#ifdef CONFIG_TAP
int fill(struct jug *jug)
{{
	jug->filled = jug->size;
	return pour(jug, &sink);
}}
#else
int fill(struct jug *jug)
{{
	return 0;
}}
#endif
"""
JUG_H = """\
struct jug {
	int size;
	int filled;
};

#define LITRES 5
"""
NOTES = """\
+++
symbol = "pour"
+++

Moves what fits from one jug into the other.

It never spills.

## How much goes {#amount 3-6}

The smaller of the room there and what is here.

## Move it {#move 8-9}

Nothing is lost: what leaves one jug arrives in the other.

## Who calls it {#callers}

`fill()`.
"""


def make_facts(files: dict[str, str]) -> Facts:
    """The facts of a tree, as a tool would find them."""
    symbols = {
        path: tuple(
            SymbolFact(
                d.name,
                d.kind,
                path,
                d.span,
                ctext.digest(ctext.lines_of(text, d.span)) if d.kind in ("function", "struct") else "",
            )
            for d in ctext.scan(text)
            if d.name
        )
        + tuple(SymbolFact(name, "constant", path, Span(line, line)) for name, line in ctext.constants(text))
        for path, text in files.items()
    }
    known = {
        path: FileFact(path, text.count("\n"), len(text.encode()), hashlib.sha256(text.encode()).hexdigest())
        for path, text in files.items()
    }
    return Facts("v0.1", known, symbols)


@pytest.fixture
def files() -> dict[str, str]:
    """The tree that the facts and the notes are about; tests change it."""
    return {"lib/jug.c": JUG_C, "lib/jug.h": JUG_H, "lib/tap.c": '#include "jug.h"\n'}


@pytest.fixture
def facts(files: dict[str, str]) -> Facts:
    return make_facts(files)


def tree_of(files: dict[str, str]) -> MemoryTree:
    return MemoryTree({path: text.encode() for path, text in files.items()}, "a test's")


@pytest.fixture
def notes(tmp_path: Path, files: dict[str, str], facts: Facts) -> Path:
    """A folder of annotations with the one of `pour`, stamped."""
    path = tmp_path / "notes" / "lib" / "jug.c" / "pour.md"
    path.parent.mkdir(parents=True)
    path.write_text(NOTES)
    stamp(path, tree_of(files), root=tmp_path / "notes", facts=facts)
    return tmp_path / "notes"


@pytest.fixture
def pour(notes: Path, facts: Facts) -> Annotation:
    found = Annotations(notes, facts).get("pour")
    assert found is not None
    return found
