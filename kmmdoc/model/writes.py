"""Who wrote which member of which structure during a boot."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from kmmdoc.model.trace import KernelRef

Key = tuple[str, str]
"""(structure, member); a global variable has the structure ""."""


class Writer(NamedTuple):
    """A function that gave a member another value: in `calls` of its calls, the first at event `at`."""

    ref: KernelRef
    at: int
    calls: int


Writes = Mapping[Key, tuple[Writer, ...]]
"""The writers of each member, in the order in which they first wrote. A member that is not held as such,
or that nothing changed, is not in it."""
