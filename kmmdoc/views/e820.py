"""The memory map: what firmware said, and what the kernel made of it."""

from __future__ import annotations

from kmmdoc.model.graph import Bands, Cell, Figure, Segment, Table, Track, function
from kmmdoc.model.quantities import size_text
from kmmdoc.model.scenario import E820Entry
from kmmdoc.model.sections import e820, e820_saved
from kmmdoc.model.shot import Shot

NEEDS = ("e820",)

KINDS = {1: "memory", 2: "reserved", 3: "firmware", 4: "firmware", 5: "hole"}
"""E820 type -> kind; types of 3.18 beyond these (128: the kernel's own reservation) are `kernel`."""


def _segments(
    shot: Shot, entries: tuple[E820Entry, ...], before: tuple[E820Entry, ...] | None
) -> tuple[Segment, ...]:
    old = set(before) if before is not None else set(entries)
    return tuple(
        Segment(
            e.addr,
            e.addr + e.size,
            KINDS.get(e.type, "kernel"),
            type_name(shot, e.type),
            changed=e not in old,
        )
        for e in sorted(entries, key=lambda e: e.addr)
    )


def type_name(shot: Shot, kind: int) -> str:
    """What an e820 type is called."""
    return shot.words.get(f"e820.type{kind}", shot.words("e820.other", type=kind))


def draw(shot: Shot) -> tuple[Figure, ...]:
    """Two tracks, firmware's map and the kernel's, and the kernel's map as a table."""
    w = shot.words
    now, saved = e820(shot.now), e820_saved(shot.now)
    before = e820(shot.before) if shot.before else None
    target = function("sanitize_e820_map")
    tracks = (
        Track(w("e820.firmware"), _segments(shot, saved, None)),
        Track(w("e820.kernel"), _segments(shot, now, before if before is not None else saved), target),
    )
    kinds = tuple((KINDS[t], w(f"e820.type{t}")) for t in (1, 2, 3, 5))
    usable = sum(e.size for e in now if e.type == 1)
    alt = w("e820.alt", entries=len(now), usable=size_text(usable))
    bands = Bands("e820", tracks, kinds, alt=alt, caption=w("e820.caption"), changed_text=w("changed"))
    return bands, _table(shot, now, set(before if before is not None else saved))


def _table(shot: Shot, entries: tuple[E820Entry, ...], old: set[E820Entry]) -> Table:
    w = shot.words
    rows = tuple(
        (
            Cell(f"{e.addr:#x}", changed=e not in old),
            Cell(f"{e.addr + e.size - 1:#x}"),
            Cell(size_text(e.size)),
            Cell(type_name(shot, e.type)),
        )
        for e in entries
    )
    header = (w("start"), w("last"), w("size"), w("kind"))
    return Table("e820-table", header, rows, w("e820.table"), frozenset({0, 1, 2}))
