"""The vmalloc area: which ranges are in use, and for whom."""

from __future__ import annotations

from kmmdoc.model.graph import Bands, Cell, Figure, Segment, Table, Track, function, struct
from kmmdoc.model.quantities import size_text
from kmmdoc.model.sections import VmapArea, vmap_areas
from kmmdoc.model.shot import Shot

NEEDS = ("vmalloc",)
_IOREMAP, _ALLOC = 0x1, 0x2


def draw(shot: Shot) -> tuple[Figure, ...]:
    """The areas to scale and as a table; nothing where there are none yet."""
    w = shot.words
    now = vmap_areas(shot.now)
    if not now:
        return ()
    old = {(a.start, a.end) for a in (vmap_areas(shot.before) if shot.before else now)}
    segments = tuple(
        Segment(a.start, a.end, _kind(a), _caller(a), (a.start, a.end) not in old, function(_caller(a)))
        for a in now
    )
    kinds = (("memory", w("vmap.pages")), ("firmware", w("vmap.device")), ("reserved", w("vmap.other")))
    alt = w("vmap.alt", n=len(now))
    bands = Bands("vmap", (Track("vmap_area", segments, struct("vmap_area")),), kinds, "address", alt)
    rows = tuple(
        (
            Cell(f"{a.start:#x}", changed=(a.start, a.end) not in old),
            Cell(size_text(a.end - a.start)),
            Cell(_caller(a), function(_caller(a))),
            Cell(w("vmap.backed", n=a.pages) if a.pages else f"{a.phys:#x}" if a.phys else ""),
        )
        for a in now
    )
    header = (w("start"), w("size"), w("vmap.caller"), w("vmap.behind"))
    return bands, Table("vmap-table", header, rows, w("vmap.table"), frozenset({0, 1}))


def _caller(area: VmapArea) -> str:
    return area.caller.partition("+")[0]


def _kind(area: VmapArea) -> str:
    return "firmware" if area.flags & _IOREMAP else "memory" if area.flags & _ALLOC else "reserved"
