"""Nodes and zones: where they lie, and how many of their pages are spanned, present and managed."""

from __future__ import annotations

from kmmdoc.model.graph import Bands, Cell, Figure, Segment, Table, Track, function, struct
from kmmdoc.model.quantities import PAGE_SHIFT, size_text
from kmmdoc.model.sections import Node, Zone, memblock, nodes
from kmmdoc.model.shot import Shot

NEEDS = ("nodes",)


def draw(shot: Shot) -> tuple[Figure, ...]:
    """The zones over the frames of the machine, and their counts."""
    now = nodes(shot.now)
    before = {n.nid: n for n in nodes(shot.before)} if shot.before else {}
    return _map(shot, now), _counts(shot, now, before)


def _present(shot: Shot, zone: Zone) -> list[tuple[int, int]]:
    """The frames of the zone that memblock has as memory, if this stage still knows."""
    if "memblock" not in shot.now:
        return []
    found = []
    for r in memblock(shot.now).memory:
        if r.nid in (None, zone.nid):
            start, end = max(-(-r.base >> PAGE_SHIFT), zone.start_pfn), min(r.end >> PAGE_SHIFT, zone.end_pfn)
            if start < end:
                found.append((start, end))
    return found


def _zone_track(shot: Shot, zone: Zone) -> Track:
    w = shot.words
    note = size_text(zone.present << PAGE_SHIFT)
    target = function("free_area_init_core")
    ranges = _present(shot, zone)
    if not ranges:
        label = zone.name
        return Track(
            w("zones.track", nid=zone.nid, zone=zone.name),
            (Segment(zone.start_pfn, zone.end_pfn, "memory", label),),
            target,
            note,
        )
    segments, at = [], zone.start_pfn
    for start, end in ranges:
        if start > at:
            segments.append(Segment(at, start, "hole", w("zones.hole")))
        segments.append(Segment(start, end, "memory", w("zones.present")))
        at = end
    if at < zone.end_pfn:
        segments.append(Segment(at, zone.end_pfn, "hole", w("zones.hole")))
    return Track(w("zones.track", nid=zone.nid, zone=zone.name), tuple(segments), target, note)


def _map(shot: Shot, now: tuple[Node, ...]) -> Bands:
    w = shot.words
    tracks = tuple(_zone_track(shot, zone) for node in now for zone in node.populated)
    kinds = (("memory", w("zones.present")), ("hole", w("zones.hole")))
    alt = w("zones.alt", nodes=len(now), zones=len(tracks))
    return Bands("zones", tracks, kinds, "pfn", alt, w("zones.caption"), pages_text=w("free_area.pages"))


def _counts(shot: Shot, now: tuple[Node, ...], before: dict[int, Node]) -> Table:
    w = shot.words
    rows = []
    for node in now:
        for zone in node.populated:
            old = before[node.nid].zones[zone.index] if node.nid in before else zone
            pairs = [
                (zone.start_pfn, old.start_pfn),
                (zone.spanned, old.spanned),
                (zone.present, old.present),
                (zone.managed, old.managed),
                (zone.free_pages, old.free_pages),
            ]
            name = Cell(w("zones.track", nid=node.nid, zone=zone.name), struct("zone"))
            cells = (Cell(f"{a:,}", changed=a != b, before=f"{b:,}" if a != b else "") for a, b in pairs)
            rows.append((name, *cells, Cell(" / ".join(map(str, zone.watermark)))))
    header = (
        w("zone"),
        w("zones.start"),
        w("zones.spanned"),
        w("zones.present"),
        w("zones.managed"),
        w("zones.free"),
        w("zones.watermarks"),
    )
    return Table("zones-table", header, tuple(rows), w("zones.table"), frozenset(range(1, 7)))
