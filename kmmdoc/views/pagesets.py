"""Per-cpu page lists: the boot pagesets that all zones share, and later every zone's own."""

from __future__ import annotations

from kmmdoc.model.graph import Edge, Figure, Graph, Node, Row, function, struct
from kmmdoc.model.sections import Zone, nodes
from kmmdoc.model.shot import Shot

NEEDS = ("nodes",)
_CPUS = 8


def draw(shot: Shot) -> tuple[Figure, ...]:
    """Zones, and the pageset that each CPU uses for it."""
    w = shot.words
    zones = [z for n in nodes(shot.now) for z in n.populated]
    old = {(z.nid, z.name): z for n in nodes(shot.before) for z in n.zones} if shot.before else {}
    heads, sets, edges = [], {}, []
    for zone in zones:
        was = old.get((zone.nid, zone.name), zone)
        changed = was.pageset != zone.pageset
        row = Row("pageset", zone.pageset, changed, before=was.pageset if changed else "")
        title = w("zones.track", nid=zone.nid, zone=zone.name)
        heads.append(Node(f"z{zone.nid}-{zone.name}", title, "memory", (row,), struct("zone")))
        if zone.pageset not in sets:
            sets[zone.pageset] = _pageset(shot, zone, was if not changed else None)
        edges.append(Edge(heads[-1].id, sets[zone.pageset].id, 0))
    alt = w("pagesets.alt", zones=len(zones), sets=len(sets))
    return (
        Graph("pagesets", (*heads, *sets.values()), tuple(edges), alt=alt, caption=w("pagesets.caption")),
    )


def _pageset(shot: Shot, zone: Zone, was: Zone | None) -> Node:
    before = {p.cpu: p for p in was.pagesets} if was else {}
    rows = []
    for p in zone.pagesets[:_CPUS]:
        text = shot.words("pagesets.row", count=p.count, high=p.high, batch=p.batch)
        rows.append(Row(shot.words("cpu", cpu=p.cpu), text, before.get(p.cpu) != p))
    if len(zone.pagesets) > _CPUS:
        rows.append(Row(shot.words("more", n=len(zone.pagesets) - _CPUS)))
    target = function("setup_pageset" if zone.pageset == "boot_pageset" else "setup_zone_pageset")
    return Node(f"set-{zone.pageset}", f"per_cpu({zone.pageset})", "list", tuple(rows), target)
