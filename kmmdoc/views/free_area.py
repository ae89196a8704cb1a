"""The buddy system's free lists: one figure a zone, orders below each other, the lists beside them."""

from __future__ import annotations

from kmmdoc.model.graph import Edge, Figure, Graph, Node, Row, function, struct
from kmmdoc.model.quantities import PAGE_SHIFT, size_text
from kmmdoc.model.sections import MIGRATE_TYPES, Zone, nodes
from kmmdoc.model.shot import Shot

NEEDS = ("nodes",)
_SHOWN = 5
"""Blocks of a list that are drawn; the rest is a number."""


def draw(shot: Shot) -> tuple[Figure, ...]:
    """A graph for every zone that has pages."""
    before = {}
    if shot.before:
        before = {(n.nid, z.name): z for n in nodes(shot.before) for z in n.zones}
    figures = []
    for node in nodes(shot.now):
        for zone in node.populated:
            old = before.get((zone.nid, zone.name))
            if zone.free and not (shot.options.get("zone") and shot.options["zone"] != zone.name):
                figures.append(_graph(shot, zone, old))
    return tuple(figures)


def _count(zone: Zone | None, order: int) -> int:
    return sum(zone.free[order]) if zone is not None and order < len(zone.free) else 0


def _graph(shot: Shot, zone: Zone, old: Zone | None) -> Graph:
    w = shot.words
    rows, lists, edges = [], [], []
    for order, counts in enumerate(zone.free):
        total, was = sum(counts), _count(old, order) if old else sum(counts)
        text = (
            w("free_area.blocks", n=total, size=size_text((total << order) << PAGE_SHIFT)) if total else "0"
        )
        before = str(was) if was != total else ""
        rows.append(Row(w("free_area.order", order=order), text, was != total, before=before))
        for kind, count in enumerate(counts):
            if count:
                lists.append(_list(shot, zone, old, (order, kind), count))
                edges.append(Edge("zone", lists[-1].id, order))
    pages = w("free_area.pages", n=f"{zone.free_pages:,}")
    head = Node("zone", f"free_area[] · {zone.name}", "struct", tuple(rows), struct("free_area"), f"{pages}")
    alt = w("free_area.alt", nid=zone.nid, zone=zone.name, pages=f"{zone.free_pages:,}")
    caption = w("free_area.caption", nid=zone.nid, zone=zone.name, pages=f"{zone.free_pages:,}")
    name = f"free_area-{zone.nid}-{zone.name}"
    return Graph(name, (head, *lists), tuple(edges), alt=alt, caption=caption)


def _list(shot: Shot, zone: Zone, old: Zone | None, key: tuple[int, int], count: int) -> Node:
    """The free list of an order and a migrate type: its first blocks by frame number."""
    order, kind = key
    blocks = zone.blocks.get(key, ())[:_SHOWN]
    before = old.blocks.get(key, ()) if old else ()
    known = set(before or blocks)  # in a list that was empty everything is new: the row says so
    cells = [Row(str(pfn), changed=pfn not in known) for pfn in blocks]
    if count > len(blocks):
        cells.append(Row(shot.words("free_area.more", n=f"{count - len(blocks):,}")))
    title = MIGRATE_TYPES[kind] if kind < len(MIGRATE_TYPES) else str(kind)
    target = function("__free_one_page")
    return Node(f"list-{order}-{kind}", title, "free", tuple(cells), target, across=True)
