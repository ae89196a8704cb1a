"""A tree of pointers by number."""

from __future__ import annotations

KFILE = "include/linux/radix-tree.h"


class radix_tree_root:
    """A tree: the numbers in it and its nodes, each as (level from the leaves, prefix of its numbers)."""

    __slots__ = ("gfp_mask", "height", "indices", "nodes")

    def __init__(self, gfp_mask: int) -> None:
        self.gfp_mask = gfp_mask
        self.height = 0
        self.indices: set[int] = set()
        self.nodes: dict[tuple[int, int], int] = {}
