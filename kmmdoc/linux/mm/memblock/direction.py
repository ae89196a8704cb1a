"""include/linux/memblock.h: the direction of allocation, and whether some memory is to stay removable.

Inline functions there; they leave no trace, as inlined code does not.
"""

from __future__ import annotations

from kmmdoc.linux.state import Kernel

KFILE = "include/linux/memblock.h"


def movable_node_is_enabled(k: Kernel) -> bool:
    """Was movable_node given, in a build with CONFIG_MOVABLE_NODE?"""
    return k.movable_node_enabled


def memblock_set_bottom_up(k: Kernel, enable: bool) -> None:
    """Choose the direction of allocation; without CONFIG_MOVABLE_NODE it is always top-down."""
    if k.build.enabled("MOVABLE_NODE"):
        k.memblock.bottom_up = enable


def memblock_bottom_up(k: Kernel) -> bool:
    """Do allocations start above the kernel image and go up?"""
    return k.memblock.bottom_up
