"""The bundled facts: what they hold, and which of several symbols a name means."""

from __future__ import annotations

import re

import pytest

from kmmdoc.excerpts.facts import v3_18


def test_spans_lie_in_their_files_and_hashes_have_their_form() -> None:
    facts = v3_18()
    for symbol in facts:
        assert 1 <= symbol.span.start <= symbol.span.end <= facts.file(symbol.file).lines, symbol
        if symbol.kind in ("function", "struct", "union", "enum"):
            assert re.fullmatch("[0-9a-f]{64}", symbol.sha256), symbol
        assert all(symbol.span.start <= line <= symbol.span.end for line, _ in symbol.calls), symbol


@pytest.mark.parametrize(
    ("name", "kind", "file"),
    [
        ("kmem_cache_init", None, "mm/slub.c"),  # not SLAB's
        ("free_bootmem", None, "mm/nobootmem.c"),  # not the bitmap allocator's
        ("kmem_cache", "struct", "include/linux/slub_def.h"),
        ("memblock", None, "include/linux/memblock.h"),  # the structure before the variable
        ("memblock", "variable", "mm/memblock.c"),
    ],
)
def test_of_rivals_the_one_that_is_compiled(name: str, kind: str | None, file: str) -> None:
    assert v3_18().symbol(name, kind=kind).file == file


def test_of_ifdef_variants_the_longest_and_all_in_order() -> None:
    variants = v3_18().variants("build_zonelists")
    assert [v.file for v in variants] == ["mm/page_alloc.c"] * 2
    assert variants[0].span.start < variants[1].span.start
    assert v3_18().symbol("build_zonelists") == max(variants, key=lambda v: v.span.length)


def test_the_public_source_browser() -> None:
    fact = v3_18().symbol("memblock_add_range")
    assert fact.url == f"https://elixir.bootlin.com/linux/v3.18/source/mm/memblock.c#L{fact.span.start}"


def test_what_is_not_there() -> None:
    assert v3_18().find("no_such_function") is None
    with pytest.raises(LookupError, match=r"no function kmalloc_x in mm/slub\.c"):
        v3_18().symbol("kmalloc_x", "mm/slub.c", "function")
