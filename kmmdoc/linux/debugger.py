"""Reads the structures of a stopped kernel into snapshot sections, as the debugger of the recordings did.

One reader a section, registered by `@section`; a reader takes the Kernel and returns a JSON value, or a
function of frozen values that makes it when somebody asks.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from typing import Any

from kmmdoc.linux.stages import STAGES
from kmmdoc.linux.state import Kernel
from kmmdoc.model.snapshot import Snapshot

Reader = Callable[[Kernel], Any]
readers: dict[str, Reader] = {}
"""Reader of each section, by the section's name. Filled at import."""


def section(name: str) -> Callable[[Reader], Reader]:
    """Declare the decorated function as the reader of section `name`."""

    def declare(function: Reader) -> Reader:
        if name in readers:
            raise ValueError(f"two readers of section {name}")
        readers[name] = function
        return function

    return declare


def load_readers() -> None:
    """Import every module of `kmmdoc.linux.readers`; a broken one fails here, loudly."""
    package = importlib.import_module("kmmdoc.linux.readers")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package.__name__}.{module.name}")


def attach(k: Kernel) -> None:
    """Set every stop of STAGES on `k`."""
    load_readers()
    by_name = {stage.name: stage for stage in STAGES}
    for stage in STAGES:
        (k.stops_before if stage.entry else k.stops_after)[stage.function] = stage.name

    def stop(name: str) -> None:
        data = {part: readers[part](k) for part in by_name[name].sections if part in readers}
        k.snapshots[name] = Snapshot(name, len(k.events), data)

    k.stop = stop
