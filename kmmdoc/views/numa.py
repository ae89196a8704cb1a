"""NUMA: which memory belongs to which node, before zones exist."""

from __future__ import annotations

from kmmdoc.model.graph import Bands, Figure, Segment, Track, function
from kmmdoc.model.quantities import size_text
from kmmdoc.model.sections import number
from kmmdoc.model.shot import Shot

NEEDS = ("numa",)
_FILLS = ("memory", "free", "firmware", "list", "struct", "kernel")


def draw(shot: Shot) -> tuple[Figure, ...]:
    """numa_meminfo: one track a node."""
    w = shot.words
    blocks = [(number(a), number(b), nid) for a, b, nid in shot.now["numa"]["numa_meminfo"]]
    tracks = []
    for nid in sorted({nid for _, _, nid in blocks}):
        kind = _FILLS[nid % len(_FILLS)]
        segments = tuple(Segment(a, b, kind) for a, b, n in sorted(blocks) if n == nid)
        size = size_text(sum(s.end - s.start for s in segments))
        tracks.append(Track(w("node", nid=nid), segments, function("numa_init"), size))
    alt = w("numa.alt", nodes=len(tracks), blocks=len(blocks))
    return (Bands("numa", tuple(tracks), alt=alt, caption=w("numa.caption")),)
