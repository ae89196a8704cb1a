"""Notes about a run of definitions that belong together, on a tree of our own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from kmmdoc.excerpts.bind import Binder
from kmmdoc.excerpts.facts import Facts
from kmmdoc.excerpts.stamp import confirm_translation, stamp
from kmmdoc.excerpts.store import Annotations
from kmmdoc.model.errors import KmmdocError
from kmmdoc.model.excerpt import Annotation, Outcome, Span
from tests.excerpts.conftest import make_facts, tree_of

UNITS_H = """\
#define LITRE 1000
#define BARREL (119 * LITRE)

#ifdef CONFIG_IMPERIAL
#define PINT 568
#else
#define PINT 473
#endif
#define pints(millilitres) ((millilitres) / PINT)

#define CUP 240
"""
NOTES = """\
+++
symbol = "LITRE"
kind = "macro"
through = "pints"
title = "Units of volume"
+++

All in millilitres.

## Which pint {#pint 4-8}

Two countries, two pints.
"""
CHINESE = """\
+++
symbol = "LITRE"
title = "体积单位"
translates = ""
+++

都以毫升计。

## 哪种品脱 {#pint}

两个国家，两种品脱。
"""


@pytest.fixture
def units() -> dict[str, str]:
    return {"lib/units.h": UNITS_H}


@pytest.fixture
def unit_facts(units: dict[str, str]) -> Facts:
    return make_facts(units)


@pytest.fixture
def folder(tmp_path: Path, units: dict[str, str], unit_facts: Facts) -> Path:
    path = tmp_path / "lib" / "units.h" / "LITRE.md"
    path.parent.mkdir(parents=True)
    path.write_text(NOTES)
    path.with_suffix(".zh.md").write_text(CHINESE)
    stamp(path, tree_of(units), root=tmp_path, facts=unit_facts)
    confirm_translation(path.with_suffix(".zh.md"))
    return tmp_path


@pytest.fixture
def family(folder: Path, unit_facts: Facts) -> Annotation:
    found = Annotations(folder, unit_facts).get("LITRE")
    assert found is not None
    return found


def test_reaches_from_the_first_to_the_last(family: Annotation, unit_facts: Facts) -> None:
    assert (family.span, family.title) == (Span(1, 9), "Units of volume")
    (fact,) = unit_facts.family("LITRE", "pints", "lib/units.h")
    assert [s.name for s in unit_facts.within(fact)] == ["LITRE", "BARREL", "PINT", "pints"]


def test_an_enum_s_annotation_is_about_its_constants() -> None:
    text = "enum jug_state {\n\tEMPTY,\n\tFULL\n};\n"
    facts = make_facts({"lib/jug.h": text})
    (enum,) = facts.variants("jug_state")
    about = Annotation("jug_state", "enum", "lib/jug.h", enum.span, "", "en", "", (), "")
    assert [s.name for s in facts.covered(about)] == ["jug_state", "EMPTY", "FULL"]


def test_translated_with_its_title(folder: Path, unit_facts: Facts) -> None:
    found = Annotations(folder, unit_facts).get("LITRE", language="zh_CN")
    assert found is not None
    assert (found.title, found.through, found.stale) == ("体积单位", "pints", False)


@pytest.mark.parametrize(
    ("change", "outcome", "pint"),
    [
        (("", ""), Outcome.EXACT, (Outcome.EXACT, Span(4, 8))),
        (("#define LITRE", "/* Units. */\n#define LITRE"), Outcome.MOVED, (Outcome.MOVED, Span(5, 9))),
        (("119 *", "159 *"), Outcome.PARTIAL, (Outcome.EXACT, Span(4, 8))),
        (("568", "600"), Outcome.DRIFTED, (Outcome.DRIFTED, None)),
    ],
)
def test_outcomes(
    units: dict[str, str],
    unit_facts: Facts,
    family: Annotation,
    change: tuple[str, str],
    outcome: Outcome,
    pint: tuple[Outcome, Span | None],
) -> None:
    tree = tree_of({"lib/units.h": units["lib/units.h"].replace(*change, 1)})
    found = Binder(tree, unit_facts).bind(family)
    assert found.outcome is outcome
    assert [(r.outcome, r.lines) for r in found.ranges] == [pint]
    assert found.text[-1].startswith("#define pints")


def test_a_last_name_that_does_not_follow(folder: Path, unit_facts: Facts) -> None:
    path = folder / "lib" / "units.h" / "LITRE.md"
    path.write_text(path.read_text().replace('through = "pints"', 'through = "GALLON"'))
    with pytest.raises(KmmdocError, match=r"LITRE\.md: through: v0\.1 has no GALLON after LITRE"):
        Annotations(folder, unit_facts).all()


def test_needs_a_title(folder: Path, unit_facts: Facts) -> None:
    path = folder / "lib" / "units.h" / "LITRE.md"
    path.write_text(path.read_text().replace('title = "Units of volume"\n', ""))
    with pytest.raises(KmmdocError, match=r"title: a family has both"):
        Annotations(folder, unit_facts).all()


def test_the_facts_say_which_text(folder: Path, units: dict[str, str], unit_facts: Facts) -> None:
    """A family has no hash in the facts, so only the very file can be stamped from."""
    other = tree_of({"lib/units.h": units["lib/units.h"].replace("240", "250")})
    with pytest.raises(KmmdocError, match="through"):
        stamp(folder / "lib" / "units.h" / "LITRE.md", other, root=folder, facts=unit_facts)


def test_a_family_elsewhere_is_none_of_the_facts(unit_facts: Facts, family: Annotation) -> None:
    with pytest.raises(LookupError):
        Binder(None, unit_facts).bind(replace(family, span=Span(2, 9)))


def test_of_two_variants_the_one_that_is_meant_is_stamped(
    tmp_path: Path, units: dict[str, str], unit_facts: Facts
) -> None:
    """The facts have no hash of a macro; its span says which of the two it is."""
    path = tmp_path / "lib" / "units.h" / "PINT.md"
    path.parent.mkdir(parents=True)
    path.write_text(
        '+++\nsymbol = "PINT"\nkind = "macro"\nspan = [7, 7]\n+++\n\nAs in the former colonies.\n'
    )
    stamp(path, tree_of(units), root=tmp_path, facts=unit_facts)
    pint = Annotations(tmp_path, unit_facts).get("PINT")
    assert pint is not None
    found = Binder(tree_of(units), unit_facts).bind(pint)
    assert (found.outcome, found.text) == (Outcome.EXACT, ("#define PINT 473",))
