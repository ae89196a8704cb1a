"""Zonelists: the order in which a node's allocations try the zones."""

from __future__ import annotations

from kmmdoc.model.graph import Cluster, Edge, Figure, Graph, Node, Row, function, struct
from kmmdoc.model.sections import Zonelists, ZoneRef, nodes, zonelists
from kmmdoc.model.shot import Shot

NEEDS = ("zonelists", "nodes")
_ARROWS = 4
"""With more nodes than this the arrows to the zones are left out: nobody could follow them."""


def draw(shot: Shot) -> tuple[Figure, ...]:
    """The fallback list of every node, and arrows to the zones it names."""
    w = shot.words
    lists = zonelists(shot.now)
    old = {z.nid: z for z in zonelists(shot.before)} if shot.before else {z.nid: z for z in lists}
    heads = tuple(_list(shot, z, old.get(z.nid)) for z in lists)
    zones, edges, clusters = [], [], []
    if len(lists) <= _ARROWS:
        for node in nodes(shot.now):
            members = []
            for zone in node.populated:
                pages = w("free_area.pages", n=f"{zone.managed:,}")
                members.append(f"zone-{node.nid}-{zone.name}")
                zones.append(Node(members[-1], zone.name, "memory", (), struct("zone"), pages))
            if members:
                clusters.append(
                    Cluster(
                        f"node-{node.nid}", w("node", nid=node.nid), tuple(members), struct("pglist_data")
                    )
                )
        known = {z.id for z in zones}
        for z in lists:
            for i, ref in enumerate(z.fallback):
                if _zone_id(ref) in known:
                    edges.append(Edge(f"list-{z.nid}", _zone_id(ref), i))
    order = " · ".join(f"{r.zone}" for r in lists[0].fallback) if lists else ""
    alt = w("zonelists.alt", n=len(lists), order=order)
    return (Graph("zonelists", (*heads, *zones), tuple(edges), tuple(clusters), alt, w("zonelists.caption")),)


def _zone_id(ref: ZoneRef) -> str:
    return f"zone-{ref.nid}-{ref.zone}"


def _list(shot: Shot, lists: Zonelists, old: Zonelists | None) -> Node:
    before = old.fallback if old else ()
    rows = tuple(
        Row(
            f"_zonerefs[{i}]",
            f"{shot.words('node', nid=ref.nid)} {ref.zone}",
            changed=i >= len(before) or before[i] != ref,
            target=function("build_zonelists"),
        )
        for i, ref in enumerate(lists.fallback)
    )
    title = shot.words("zonelists.list", nid=lists.nid)
    return Node(f"list-{lists.nid}", title, "struct", rows, struct("zonelist"))
