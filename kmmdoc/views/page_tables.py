"""The kernel's page tables: the pages that are tables, and what they map."""

from __future__ import annotations

from kmmdoc.model.graph import Edge, Figure, Graph, Node, Row, function
from kmmdoc.model.quantities import size_text
from kmmdoc.model.sections import Leaf, PageTable, PageTables, page_tables
from kmmdoc.model.shot import Shot

NEEDS = ("pagetables",)
_NAMES = {3: "PUD", 2: "PMD", 1: "PTE"}
_SPAN = {4: 48, 3: 39, 2: 30, 1: 21}
"""log2 of the bytes that a table of each level covers."""
_TABLES = 28
"""Above this many tables, runs of neighbours that are alike are drawn as one."""


def _covers(table: PageTable, va: int) -> bool:
    return table.va >> _SPAN[table.level] == va >> _SPAN[table.level]


def _groups(tables: tuple[PageTable, ...]) -> list[list[PageTable]]:
    """Tables, neighbours of one level and one fill joined where there are very many."""
    groups: list[list[PageTable]] = []
    for table in tables:
        last = groups[-1][-1] if groups else None
        alike = last and (last.level, last.used) == (table.level, table.used)
        if len(tables) > _TABLES and alike and last and last.va + (1 << _SPAN[last.level]) == table.va:
            groups[-1].append(table)
        else:
            groups.append([table])
    return groups


def _leaf_size(leaf: Leaf) -> str:
    return {1: "4 KiB", 2: "2 MiB", 3: "1 GiB"}.get(leaf.level, "?")


def draw(shot: Shot) -> tuple[Figure, ...]:
    """From the top-level table to the runs of mapped memory."""
    w = shot.words
    now = page_tables(shot.now)
    old = page_tables(shot.before) if shot.before else now
    groups = _groups(now.tables)
    ids = {table: f"t{i}" for i, group in enumerate(groups) for table in group}
    top = Node("pgd", "init_level4_pgt", "struct", (), function("init_mem_mapping"), "PGD")
    nodes, edges = [top], []
    for i, group in enumerate(groups):
        nodes.append(_table_node(shot, f"t{i}", group, old))
        above = [t for t in now.tables if t.level == group[0].level + 1 and _covers(t, group[0].va)]
        parent = ids[above[0]] if above else "pgd"
        if parent != f"t{i}":
            edges.append(Edge(parent, f"t{i}"))
    known = {(leaf.va, leaf.count, leaf.level) for leaf in old.leaves}
    for i, leaf in enumerate(now.leaves):
        nodes.append(_leaf_node(shot, f"m{i}", leaf, (leaf.va, leaf.count, leaf.level) not in known))
        above = [t for t in now.tables if t.level == leaf.level and _covers(t, leaf.va)]
        edges.append(Edge(ids[above[0]] if above else "pgd", f"m{i}"))
    alt = w("page_tables.alt", tables=len(now.tables), runs=len(now.leaves))
    caption = w("page_tables.caption", tables=len(now.tables), size=size_text(len(now.tables) << 12))
    return (Graph("page_tables", tuple(nodes), tuple(edges), alt=alt, caption=caption),)


def _table_node(shot: Shot, name: str, group: list[PageTable], old: PageTables) -> Node:
    table = group[0]
    was = next((t for t in old.tables if (t.phys, t.level) == (table.phys, table.level)), None)
    used = Row(
        shot.words("page_tables.entries"),
        f"{table.used} / 512",
        was is None or was.used != table.used,
        before=str(was.used) if was and was.used != table.used else "",
    )
    rows = (Row(f"{table.va:#x}"), used)
    times = f"×{len(group)}" if len(group) > 1 else f"{table.phys:#x}"
    return Node(
        name, _NAMES.get(table.level, "?"), "plain", rows, function("alloc_low_pages"), times, was is None
    )


def _leaf_node(shot: Shot, name: str, leaf: Leaf, changed: bool) -> Node:
    rows = (
        Row(f"{leaf.va:#x}", f"→ {leaf.pa:#x}"),
        Row(f"{leaf.count:,} × {_leaf_size(leaf)}", size_text(leaf.size)),
    )
    return Node(name, _region(shot, leaf.va), "memory", rows, changed=changed)


def _region(shot: Shot, va: int) -> str:
    """Which part of the address space an address lies in."""
    for start, key in (
        (0xFFFFFFFFFF000000, "fixmap"),
        (0xFFFFFFFFA0000000, "modules"),
        (0xFFFFFFFF80000000, "image"),
        (0xFFFFEA0000000000, "vmemmap"),
        (0xFFFFC90000000000, "vmalloc"),
        (0xFFFF880000000000, "direct"),
    ):
        if va >= start:
            return shot.words(f"space.{key}")
    return shot.words("space.user")
