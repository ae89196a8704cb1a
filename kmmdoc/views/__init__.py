"""Figures: one module a figure, from snapshots to engine-neutral values.

A view is a module of this package with `NEEDS`, the sections it reads, and `draw(shot)`, which returns its
figures. Nothing registers one: every module here is found, and one that is not a view stops the program.
Figures of a whole run (call tree, timeline) are in `kmmdoc.views.runs`.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from kmmdoc.model.graph import Figure
from kmmdoc.model.shot import Shot


class View(NamedTuple):
    """A figure that can be drawn of any snapshot with the sections `needs`."""

    name: str
    needs: tuple[str, ...]
    draw: Callable[[Shot], tuple[Figure, ...]]


@lru_cache(maxsize=1)
def views() -> dict[str, View]:
    """Every view, by name; TypeError for a module that is none."""
    found = {}
    for module in pkgutil.iter_modules(__path__):
        if module.ispkg:
            continue
        code = importlib.import_module(f"{__name__}.{module.name}")
        needs, draw = getattr(code, "NEEDS", None), getattr(code, "draw", None)
        if not isinstance(needs, tuple) or not callable(draw):
            raise TypeError(f"{code.__name__} is no view: it must define NEEDS and draw")
        found[module.name] = View(module.name, needs, draw)
    return found


def draw(name: str, shot: Shot) -> tuple[Figure, ...]:
    """The figures of view `name`; none where the snapshot lacks what it needs. KeyError: no such view."""
    view = views()[name]
    if any(section not in shot.now for section in view.needs):
        return ()
    if shot.before is not None and any(section not in shot.before for section in view.needs):
        shot = shot.without_before()
    return view.draw(shot)
