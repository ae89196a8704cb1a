"""Loads every module of the simulated kernel, so that late-bound calls find their functions.

The kernel is linked from all of its object files before anything runs; a boot here needs the same.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil

import kmmdoc.linux


@functools.cache
def link() -> None:
    """Import every module under kmmdoc.linux, ordered by name. A module that fails to load fails the boot.

    Done once a process.
    """
    for module in pkgutil.walk_packages(kmmdoc.linux.__path__, "kmmdoc.linux."):
        importlib.import_module(module.name)
