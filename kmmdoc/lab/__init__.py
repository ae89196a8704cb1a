"""Allocators to try out: a simulated kernel after its boot, calls of its allocators, and what each changed.

- `Lab`: boot a machine, call, look, compare (docs/lab.md has examples)
- `replay`: recorded sequences of calls made again
- `state`: the state of the allocators as a JSON value
"""

from __future__ import annotations

from kmmdoc.lab.bench import Change, Lab

__all__ = ["Change", "Lab"]
