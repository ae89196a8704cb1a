"""The boot as a timeline: the chapters one below the other, each where it ran."""

from __future__ import annotations

from typing import NamedTuple

from kmmdoc.model.graph import Bands, Segment, Track, doc
from kmmdoc.model.words import Words


class Stretch(NamedTuple):
    """A chapter of the boot: trace indexes `[start, end)`, and how many calls there are in it."""

    title: str
    docname: str
    start: int
    end: int
    calls: int


def timeline(stretches: list[Stretch], words: Words) -> Bands:
    """One track a chapter; the axis counts events of the trace."""
    tracks = tuple(
        Track(
            s.title,
            (Segment(s.start, max(s.end, s.start + 1), "function", "", False, doc(s.docname)),),
            doc(s.docname),
            words("timeline.calls", n=f"{s.calls:,}"),
        )
        for s in stretches
    )
    alt = words("timeline.alt", n=len(stretches))
    return Bands("timeline", tracks, (), "order", alt, words("timeline.caption"), magnify=False)
