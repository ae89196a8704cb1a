"""memblock: its two lists as two tracks, what the reserved bytes are for, and both lists as a table."""

from __future__ import annotations

from kmmdoc.model.graph import Bands, Cell, Figure, Segment, Table, Track, function, struct
from kmmdoc.model.quantities import size_text
from kmmdoc.model.sections import Region, memblock
from kmmdoc.model.shot import Owned, Shot

NEEDS = ("memblock",)


def _segments(
    shot: Shot, regions: tuple[Region, ...], before: tuple[Region, ...] | None, kind: str
) -> tuple[Segment, ...]:
    old = {(r.base, r.size, r.nid) for r in (regions if before is None else before)}
    return tuple(
        Segment(r.base, r.end, kind, _node(shot, r), (r.base, r.size, r.nid) not in old) for r in regions
    )


def _node(shot: Shot, region: Region) -> str:
    return "" if region.nid is None else shot.words("node", nid=region.nid)


def _owner_segments(owners: tuple[Owned, ...], reserved: tuple[Region, ...]) -> tuple[Segment, ...]:
    low = min((r.base for r in reserved), default=0)
    high = max((r.end for r in reserved), default=0)
    return tuple(
        Segment(o.start, o.end, "kernel", o.title, target=function(o.function) if o.function else "")
        for o in owners
        if o.start >= low and o.end <= high
    )


def draw(shot: Shot) -> tuple[Figure, ...]:
    """Memory and reserved to scale; with known owners a third track says what for."""
    w = shot.words
    now = memblock(shot.now)
    before = memblock(shot.before) if shot.before else None
    tracks = [
        Track(
            "memory",
            _segments(shot, now.memory, before.memory if before else None, "memory"),
            function("memblock_add"),
            size_text(now.memory_bytes),
        ),
        Track(
            "reserved",
            _segments(shot, now.reserved, before.reserved if before else None, "reserved"),
            function("memblock_reserve"),
            size_text(now.reserved_bytes),
        ),
    ]
    owned = _owner_segments(shot.owners, now.reserved)
    if owned:
        tracks.append(Track(w("memblock.for"), owned))
    kinds = (("memory", w("memblock.memory")), ("reserved", w("memblock.reserved")), ("kernel", w("owner")))
    alt = w("memblock.alt", memory=len(now.memory), reserved=len(now.reserved))
    caption = w(
        "memblock.caption",
        memory=len(now.memory),
        reserved=len(now.reserved),
        size=size_text(now.reserved_bytes),
        limit=_limit(shot, now.current_limit),
    )
    bands = Bands("memblock", tuple(tracks), kinds, alt=alt, caption=caption, changed_text=w("changed"))
    figures: list[Figure] = [bands]
    if before is None or before.memory != now.memory:
        figures.append(_table(shot, "memory", now.memory, before.memory if before else None))
    figures.append(_table(shot, "reserved", now.reserved, before.reserved if before else None))
    return tuple(figures)


def _table(shot: Shot, name: str, regions: tuple[Region, ...], before: tuple[Region, ...] | None) -> Table:
    """One list with the changes marked: new regions, and those that are no more."""
    w = shot.words
    old = set(regions if before is None else before)
    rows: list[tuple[Cell, ...]] = []
    for i, region in enumerate(regions):
        new = region not in old
        cells = [Cell(f"{name}[{i}]", struct("memblock_region"), new), Cell(f"{region.base:#x}")]
        cells += [Cell(f"{region.end - 1:#x}"), Cell(size_text(region.size)), Cell(_node(shot, region))]
        cells.append(Cell(_purpose(shot, region)) if name == "reserved" else Cell(""))
        rows.append(tuple(cells))
    for region in sorted(old - set(regions), key=lambda r: r.base):
        gone = [Cell("", before=w("gone")), Cell(f"{region.base:#x}"), Cell(f"{region.end - 1:#x}")]
        rows.append((*gone, Cell(size_text(region.size)), Cell(_node(shot, region)), Cell("")))
    header = (w("region"), w("start"), w("last"), w("size"), w("node-id"), w("owner"))
    used = [i for i in range(len(header)) if i < 4 or any(row[i].text for row in rows)]
    kept = tuple(tuple(row[i] for i in used) for row in rows)
    caption = w("memblock.table", list=name)
    return Table(f"memblock-{name}", tuple(header[i] for i in used), kept, caption, frozenset({1, 2, 3}))


def _limit(shot: Shot, limit: int) -> str:
    """What is said about `current_limit`; all ones (MEMBLOCK_ALLOC_ANYWHERE) is none."""
    anywhere = limit == (1 << 64) - 1
    return shot.words("memblock.anywhere") if anywhere else shot.words("memblock.limit", limit=f"{limit:#x}")


def _purpose(shot: Shot, region: Region) -> str:
    titles = dict.fromkeys(o.title for o in shot.owners if o.start < region.end and o.end > region.base)
    shown = list(titles)[:4]
    more = len(titles) - len(shown)
    return shot.words("list.comma").join(shown) + (f" (+{more})" if more else "")
