"""Each outcome of holding notes against a tree, shown on a tree of our own."""

from __future__ import annotations

import pytest

from kmmdoc.excerpts.bind import Binder, notice
from kmmdoc.excerpts.facts import Facts
from kmmdoc.excerpts.trees import MemoryTree
from kmmdoc.model.excerpt import Annotation, Excerpt, Outcome, Span

SIX_MORE = "/*\n * Six lines\n * that\n * push\n * it down.\n */\n"


def bind(files: dict[str, str], facts: Facts, annotation: Annotation) -> Excerpt:
    tree = MemoryTree({path: text.encode() for path, text in files.items()}, "a test's")
    return Binder(tree, facts).bind(annotation)


def outcomes(excerpt: Excerpt) -> dict[str, tuple[Outcome, Span | None]]:
    return {r.section.slug: (r.outcome, r.lines) for r in excerpt.ranges}


def test_exact(files: dict[str, str], facts: Facts, pour: Annotation) -> None:
    found = bind(files, facts, pour)
    assert found.outcome is Outcome.EXACT
    assert (found.file, found.span) == (
        "lib/jug.c",
        Span(4, 14),
    )  # after a comment, an include, an empty line
    assert outcomes(found) == {"amount": (Outcome.EXACT, Span(6, 9)), "move": (Outcome.EXACT, Span(11, 12))}
    assert found.numbered[0] == (4, "static int pour(struct jug *from, struct jug *to)")
    assert found.numbered[-1] == (14, "}")


def test_moved_in_its_file(files: dict[str, str], facts: Facts, pour: Annotation) -> None:
    files["lib/jug.c"] = SIX_MORE + files["lib/jug.c"]
    found = bind(files, facts, pour)
    assert (found.outcome, found.span) == (Outcome.MOVED, Span(10, 20))
    assert outcomes(found)["move"] == (Outcome.MOVED, Span(17, 18))


def test_moved_to_another_file(files: dict[str, str], facts: Facts, pour: Annotation) -> None:
    head, body = files["lib/jug.c"].split("static int pour", 1)
    function, rest = body.split("}\n", 1)
    files["lib/jug.c"] = head + rest
    files["lib/tap.c"] += f"static int pour{function}}}\n"
    found = bind(files, facts, pour)
    assert (found.outcome, found.file, found.span) == (Outcome.MOVED, "lib/tap.c", Span(2, 12))


def test_partial(files: dict[str, str], facts: Facts, pour: Annotation) -> None:
    files["lib/jug.c"] = (
        files["lib/jug.c"].replace("room > from", "room >= from").replace("\treturn room;", "\n\treturn 1;")
    )
    found = bind(files, facts, pour)
    assert (found.outcome, found.span) == (Outcome.PARTIAL, Span(4, 15))
    assert outcomes(found) == {"amount": (Outcome.DRIFTED, None), "move": (Outcome.EXACT, Span(11, 12))}


def test_partial_with_a_range_that_moved(files: dict[str, str], facts: Facts, pour: Annotation) -> None:
    files["lib/jug.c"] = files["lib/jug.c"].replace("\tint room", "\tint spilled = 0;\n\tint room")
    found = bind(files, facts, pour)
    assert found.outcome is Outcome.PARTIAL
    assert outcomes(found) == {"amount": (Outcome.MOVED, Span(7, 10)), "move": (Outcome.MOVED, Span(12, 13))}


def test_drifted(files: dict[str, str], facts: Facts, pour: Annotation) -> None:
    files["lib/jug.c"] = files["lib/jug.c"].replace("room", "space")
    found = bind(files, facts, pour)
    assert (found.outcome, found.span) == (Outcome.DRIFTED, Span(4, 14))
    assert set(outcomes(found).values()) == {(Outcome.DRIFTED, None)}
    assert len(found.text) == 11  # the reader still sees what the tree has


def test_drifted_because_it_is_gone(files: dict[str, str], facts: Facts, pour: Annotation) -> None:
    files["lib/jug.c"] = files["lib/jug.c"].replace("pour", "tip")
    found = bind(files, facts, pour)
    assert (found.outcome, found.text) == (Outcome.DRIFTED, ())
    assert (found.file, found.span) == ("lib/jug.c", Span(4, 14))


def test_no_tree(facts: Facts, pour: Annotation) -> None:
    found = Binder(None, facts).bind(pour)
    assert (found.outcome, found.text, found.tree) == (Outcome.NO_TREE, (), "")
    assert outcomes(found) == {
        "amount": (Outcome.NO_TREE, Span(6, 9)),
        "move": (Outcome.NO_TREE, Span(11, 12)),
    }


def test_a_tree_without_the_file(files: dict[str, str], facts: Facts, pour: Annotation) -> None:
    del files["lib/jug.c"]
    assert bind(files, facts, pour).outcome is Outcome.NO_TREE


def test_windows_line_ends_do_not_matter(files: dict[str, str], facts: Facts, pour: Annotation) -> None:
    files = {path: text.replace("\n", "\r\n") for path, text in files.items()}
    found = bind(files, facts, pour)
    assert found.outcome is Outcome.EXACT
    assert not any("\r" in line for line in found.text)


def test_bytes_that_are_no_utf8_do_not_matter(files: dict[str, str], facts: Facts, pour: Annotation) -> None:
    raw = {path: text.encode() for path, text in files.items()}
    raw["lib/jug.c"] = raw["lib/jug.c"].replace(b"Two jugs", b"Two j\xfcgs")
    assert Binder(MemoryTree(raw, "a test's"), facts).bind(pour).outcome is Outcome.EXACT


def test_of_variants_the_one_meant(files: dict[str, str], facts: Facts) -> None:
    variants = facts.variants("fill", "lib/jug.c")
    files["lib/jug.c"] = SIX_MORE + files["lib/jug.c"].replace("return 0;", "return 9;")
    tree = MemoryTree({path: text.encode() for path, text in files.items()}, "a test's")
    binder = Binder(tree, facts)
    with_tap, without = (binder.bind_fact(v) for v in variants)
    assert (with_tap.outcome, with_tap.span) == (Outcome.MOVED, variants[0].span.shifted(6))
    assert (without.outcome, without.span) == (Outcome.DRIFTED, variants[1].span.shifted(6))


def test_symbols_that_nobody_annotated(files: dict[str, str], facts: Facts) -> None:
    tree = MemoryTree({path: text.encode() for path, text in files.items()}, "a test's")
    fill = Binder(tree, facts).bind_fact(facts.variants("fill")[0])
    assert (fill.outcome, fill.annotation) == (Outcome.EXACT, None)
    assert [name for _, name in fill.calls] == ["pour"]
    litres = Binder(tree, facts).bind_fact(facts.symbol("LITRES"))
    assert (litres.outcome, litres.text) == (Outcome.EXACT, ("#define LITRES 5",))
    files["lib/jug.h"] += "\n"  # a macro has no hash of its own: nobody can say that it is the same
    tree = MemoryTree({path: text.encode() for path, text in files.items()}, "a test's")
    assert Binder(tree, facts).bind_fact(facts.symbol("LITRES")).outcome is Outcome.DRIFTED


@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_the_notice_names_the_tree_and_the_licence(language: str) -> None:
    text = notice("Linux 3.18.9", language)
    assert "Linux 3.18.9" in text
    assert "Linus Torvalds" in text
    assert "2" in text
