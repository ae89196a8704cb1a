"""Every page frame of the machine by its state: free, reserved, in a slab, or otherwise in use."""

from __future__ import annotations

from kmmdoc.model.graph import Bands, Figure, Segment, Track, struct
from kmmdoc.model.quantities import PAGE_SHIFT, size_text
from kmmdoc.model.sections import PageRun, pages
from kmmdoc.model.shot import Shot

NEEDS = ("pages",)
KINDS = {"free": "free", "reserved": "reserved", "slab": "kernel", "used": "memory"}
"""State of a run of page frames -> kind."""


def merged(runs: tuple[PageRun, ...]) -> list[tuple[int, int, str]]:
    """(first frame, end, state) with neighbours of one state joined, whatever the order of free blocks."""
    joined: list[tuple[int, int, str]] = []
    for run in runs:
        if joined and joined[-1][2] == run.state and joined[-1][1] == run.pfn:
            joined[-1] = (joined[-1][0], run.pfn + run.count, run.state)
        else:
            joined.append((run.pfn, run.pfn + run.count, run.state))
    return joined


def draw(shot: Shot) -> tuple[Figure, ...]:
    """One track a state."""
    w = shot.words
    found = pages(shot.now)
    if found is None:
        return ()
    stretches = merged(found.runs)
    tracks = []
    for state, kind in KINDS.items():
        segments = tuple(Segment(a, b, kind) for a, b, s in stretches if s == state)
        total = sum(s.end - s.start for s in segments)
        if segments:
            size = size_text(total << PAGE_SHIFT)
            tracks.append(Track(w(f"page_frames.{state}"), segments, struct("page"), size))
    kinds = tuple((kind, w(f"page_frames.{state}")) for state, kind in KINDS.items())
    free = sum(b - a for a, b, s in stretches if s == "free")
    alt = w("page_frames.alt", free=f"{free:,}")
    caption, count = w("page_frames.caption"), w("free_area.pages")
    return (Bands("page_frames", tuple(tracks), kinds, "pfn", alt, caption, pages_text=count),)
