"""The resource tree: what /proc/iomem shows."""

from __future__ import annotations

from kmmdoc.model.graph import Bands, Figure, Segment, Track, function
from kmmdoc.model.sections import Resource, resources
from kmmdoc.model.shot import Shot

NEEDS = ("iomem",)


def _kind(name: str) -> str:
    if name == "System RAM":
        return "memory"
    if name.startswith("Kernel"):
        return "kernel"
    if name.lower() == "reserved":
        return "reserved"
    return "firmware" if "ROM" in name or "ACPI" in name else "plain"


def draw(shot: Shot) -> tuple[Figure, ...]:
    """One track for every depth of the tree below its root."""
    w = shot.words
    found = [r for r in resources(shot.now) if r.depth]
    tracks = []
    for depth in sorted({r.depth for r in found}):
        tracks.append(
            Track(w("resources.level", n=depth), _segments(found, depth), function("request_resource"))
        )
    alt = w("resources.alt", n=len(found))
    kinds = (("memory", "System RAM"), ("kernel", w("resources.kernel")), ("reserved", "reserved"))
    return (Bands("resources", tuple(tracks), kinds, alt=alt, caption=w("resources.caption")),)


def _segments(found: list[Resource], depth: int) -> tuple[Segment, ...]:
    own = sorted((r for r in found if r.depth == depth), key=lambda r: r.start)
    return tuple(Segment(r.start, r.end + 1, _kind(r.name), r.name) for r in own)
