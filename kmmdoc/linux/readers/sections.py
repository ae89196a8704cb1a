"""Section `sections`: the roots, and every section that is present with its pageblock types."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from kmmdoc.linux.debugger import section
from kmmdoc.linux.include.linux.mmzone import (
    NR_MEM_SECTIONS,
    SECTIONS_PER_ROOT,
    section_nr_to_pfn,
)
from kmmdoc.linux.mm.sparse import usemap_bytes
from kmmdoc.linux.state import Kernel
from kmmdoc.model.intervals import IntervalMap

PAGEBLOCK_SHIFT = 9


@section("sections")
def read(k: Kernel) -> Callable[[], dict[str, Any]]:
    """{nr_roots, sections_per_root, roots, sections, ...}, expanded when somebody asks."""
    roots = dict(k.mem_section)
    words, usemaps, types = k.section_mem_map.copy(), k.section_usemap.copy(), k.pageblock_migratetype.copy()
    size = usemap_bytes(k)
    return lambda: _expand(roots, words, usemaps, types, size)


def _expand(
    roots: dict[int, int],
    words: IntervalMap[int],
    usemaps: IntervalMap[tuple[int, int]],
    types: IntervalMap[int],
    size: int,
) -> dict[str, Any]:
    sections: list[dict[str, Any]] = []
    counts: Counter[str] = Counter()
    for a, b, word in words.runs(0, NR_MEM_SECTIONS):
        if not word:
            continue
        for start, end, (first, usemap) in usemaps.runs(a, b):
            for nr in range(start, end):
                item: dict[str, Any] = {"nr": nr, "section_mem_map": hex(word), "pageblock_flags": hex(0)}
                if usemap:
                    item["pageblock_flags"] = hex(usemap + (nr - first) * size)
                    item["mt_rle"] = _types(types, nr)
                    for migratetype, n in item["mt_rle"]:
                        counts[str(migratetype)] += n
                sections.append(item)
    return {
        "nr_roots": NR_MEM_SECTIONS // SECTIONS_PER_ROOT,
        "sections_per_root": SECTIONS_PER_ROOT,
        "roots": {str(nr): hex(address) for nr, address in roots.items()},
        "sections": sections,
        "pageblock_mt_counts_all_blocks_in_present_sections": dict(counts),
    }


def _types(types: IntervalMap[int], nr: int) -> list[list[int]]:
    """Runs [migratetype, pageblocks] over a section."""
    low, high = section_nr_to_pfn(nr), section_nr_to_pfn(nr + 1)
    return [[kind, (b - a) >> PAGEBLOCK_SHIFT] for a, b, kind in types.runs(low, high)]
