"""SPARSEMEM: from the root table to the sections, their page structures and their pageblock flags."""

from __future__ import annotations

from kmmdoc.model.graph import Edge, Figure, Graph, Node, Row, function, struct
from kmmdoc.model.sections import MIGRATE_TYPES, Section, sparse
from kmmdoc.model.shot import Shot

NEEDS = ("sections",)
SECTION_PAGES = 1 << 15
"""Page frames of a section: 128 MiB of 4 KiB pages."""
_FLAGS = 0x7
_PAGE = 64
_RUNS = 12


def _runs(sections: tuple[Section, ...]) -> list[list[Section]]:
    """Neighbouring sections that are alike in all but their addresses."""
    runs: list[list[Section]] = []
    for section in sections:
        if runs and runs[-1][-1].nr + 1 == section.nr and _look(runs[-1][-1]) == _look(section):
            runs[-1].append(section)
        else:
            runs.append([section])
    return runs


def _look(section: Section) -> tuple[object, ...]:
    return (section.present, section.has_map, bool(section.pageblock_flags), section.migrate_types)


def _memmap(section: Section, struct_page: int) -> int:
    """Address of the section's struct pages: the stored pointer is biased by the section's first frame."""
    return (section.map_bits & ~_FLAGS) + section.nr * SECTION_PAGES * struct_page


def draw(shot: Shot) -> tuple[Figure, ...]:
    """One box for every run of like sections."""
    w = shot.words
    now = sparse(shot.now)
    page = shot.build.sizeof("page") if shot.build else _PAGE
    old = {s.nr: s for s in sparse(shot.before).sections} if shot.before else {s.nr: s for s in now.sections}
    roots = tuple(Row(f"mem_section[{i}]", f"{p:#x}") for i, p in sorted(now.roots.items()))
    note = w("sections.roots", used=len(now.roots), of=now.nr_roots)
    nodes = [Node("roots", "mem_section", "struct", roots, struct("mem_section"), note)]
    edges = []
    runs = _runs(now.sections)
    for i, run in enumerate(runs[:_RUNS]):
        was = [old.get(s.nr) for s in run]
        nodes.append(_run_node(shot, f"s{i}", run, was, page))
        edges.append(Edge("roots", f"s{i}", 0 if roots else None))
        if run[0].has_map:
            first, last = _memmap(run[0], page), _memmap(run[-1], page) + SECTION_PAGES * page
            changed = any(b is None or not b.has_map for b in was)
            rows = (Row(f"{first:#x}"), Row(f"– {last - 1:#x}"))
            title = w("sections.memmap")
            nodes.append(Node(f"m{i}", title, "memory", rows, struct("page"), changed=changed))
            edges.append(Edge(f"s{i}", f"m{i}", 0))
    if len(runs) > _RUNS:
        nodes.append(Node("more", w("more", n=len(runs) - _RUNS), "context"))
        edges.append(Edge("roots", "more"))
    alt = w("sections.alt", sections=len(now.sections), runs=len(runs))
    return (Graph("sections", tuple(nodes), tuple(edges), alt=alt, caption=w("sections.caption")),)


def _run_node(shot: Shot, name: str, run: list[Section], was: list[Section | None], page: int) -> Node:
    w = shot.words
    first, before = run[0], was[0]
    numbers = f"{first.nr}" if len(run) == 1 else f"{first.nr}–{run[-1].nr}"

    def word(section: Section | None) -> str:
        if section is None:
            return "–"
        flags = [n for n, on in (("PRESENT", section.present), ("HAS_MAP", section.has_map)) if on]
        return " | ".join(flags) or "0"

    def usemap(section: Section | None) -> str:
        return f"{section.pageblock_flags:#x}" if section and section.pageblock_flags else "–"

    types = ", ".join(f"{_type(t)} ×{n}" for t, n in first.migrate_types[:3]) or "–"
    old_types = ", ".join(f"{_type(t)} ×{n}" for t, n in before.migrate_types[:3]) if before else ""
    rows = (
        Row("section_mem_map", word(first), word(first) != word(before)),
        Row("pageblock_flags", usemap(first), usemap(first) != usemap(before)),
        Row(w("sections.types"), types, bool(before) and types != (old_types or "–")),
    )
    return Node(
        name, w("sections.section", nr=numbers), "struct", rows, function("sparse_init"), f"×{len(run)}"
    )


def _type(kind: int) -> str:
    return MIGRATE_TYPES[kind] if kind < len(MIGRATE_TYPES) else str(kind)
