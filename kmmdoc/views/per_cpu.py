"""Per-cpu areas: the unit of every CPU, and what is in one."""

from __future__ import annotations

from kmmdoc.model.graph import Bands, Figure, Segment, Track, function, struct
from kmmdoc.model.quantities import size_text
from kmmdoc.model.sections import PerCpu, per_cpu
from kmmdoc.model.shot import Shot

NEEDS = ("pcpu",)
_SHOWN = 8
"""Units that are drawn; more are equal to the last one."""


def draw(shot: Shot) -> tuple[Figure, ...]:
    """Where the units lie, and one unit by its parts."""
    w = shot.words
    area = per_cpu(shot.now)
    if not area.nr_units or area.first is None:
        return ()
    name = w("per_cpu.allocated")
    kinds = (
        ("kernel", w("per_cpu.static")),
        ("reserved", w("per_cpu.reserved")),
        ("free", w("per_cpu.dynamic")),
        ("memory", name),
        ("hole", w("per_cpu.given-back")),
    )
    return (
        Bands(
            "per_cpu",
            _units(shot, area),
            kinds,
            alt=w("per_cpu.alt", units=area.nr_units, size=size_text(area.unit_size)),
            caption=w("per_cpu.caption", units=area.nr_units, size=size_text(area.unit_size)),
            magnify=False,
        ),
        Bands(
            "per_cpu-unit",
            (Track(w("per_cpu.unit"), _parts(shot, area, 0), struct("pcpu_chunk")),),
            kinds,
            "address",
            w("per_cpu.unit-alt"),
            w(
                "per_cpu.unit-caption",
                static=size_text(area.static),
                reserved=size_text(area.reserved_end - area.static) if area.reserved else "0",
                dynamic=size_text(area.dynamic_end - (area.reserved_end or area.static)),
            ),
        ),
    )


def _units(shot: Shot, area: PerCpu) -> tuple[Track, ...]:
    tracks = []
    for cpu, offset in enumerate(area.unit_offsets[:_SHOWN]):
        base = area.base + offset
        title = shot.words("cpu", cpu=cpu)
        tracks.append(Track(title, _parts(shot, area, base), function("setup_per_cpu_areas"), f"{base:#x}"))
    return tuple(tracks)


def _parts(shot: Shot, area: PerCpu, base: int) -> tuple[Segment, ...]:
    """The unit at `base` as segments, in order; empty parts are left out."""
    w = shot.words
    start = area.reserved_end if area.reserved and area.reserved_end else area.static
    parts = [Segment(base, base + area.static, "kernel", w("per_cpu.static"))]
    if start > area.static:
        parts.append(Segment(base + area.static, base + start, "reserved", w("per_cpu.reserved")))
    if area.first is not None:
        for offset, size, used in area.first.areas:
            if offset >= start and size:
                kind = "memory" if used else "free"
                label = w("per_cpu.allocated" if used else "per_cpu.dynamic")
                parts.append(Segment(base + offset, base + offset + size, kind, label))
    end = parts[-1].end
    page_end = -(-end >> 12) << 12
    if base + area.unit_size > page_end:
        label = w("per_cpu.given-back")
        parts.append(Segment(page_end, base + area.unit_size, "hole", label))
    return tuple(parts)
