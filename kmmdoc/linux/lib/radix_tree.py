"""lib/radix-tree.c: trees of pointers by number, 64 at each node."""

from __future__ import annotations

from kmmdoc.linux.include.linux.radix_tree import radix_tree_root
from kmmdoc.linux.include.linux.slab import SLAB_PANIC, SLAB_RECLAIM_ACCOUNT
from kmmdoc.linux.kernel import Kernel
from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.mm.slab_common import kmem_cache_create
from kmmdoc.linux.mm.slub.alloc import kmem_cache_alloc

KFILE = "lib/radix-tree.c"

RADIX_TREE_MAP_SHIFT = 6


@kfunc
def radix_tree_init(k: Kernel) -> None:
    """The cache for the nodes of all trees."""
    k.radix_tree_node_cachep = kmem_cache_create(
        k,
        "radix_tree_node",
        k.build.sizeof("radix_tree_node"),
        0,
        SLAB_PANIC | SLAB_RECLAIM_ACCOUNT,
        "radix_tree_node_ctor",
    )


@kfunc
def radix_tree_node_alloc(k: Kernel, root: radix_tree_root) -> int:
    """Memory for a node: its address, 0 on failure.

    Simplified: what radix_tree_preload() set aside is not modelled.
    """
    return (
        0
        if k.radix_tree_node_cachep is None
        else kmem_cache_alloc(k, k.radix_tree_node_cachep, root.gfp_mask)
    )


@kfunc
def radix_tree_insert(k: Kernel, root: radix_tree_root, index: int) -> int:
    """Put `index` in: 0, or -ENOMEM.

    A tree that holds nothing but 0 needs no node. A taller tree first gets nodes on top for what is in it,
    then the nodes on the way down to `index`.
    """
    while (root.height == 0 and index > 0) or (root.height and index >> RADIX_TREE_MAP_SHIFT * root.height):
        root.height += 1
        if root.indices and not _node(k, root, root.height, 0):
            return -12
    for level in range(root.height, 0, -1):
        if not _node(k, root, level, index >> RADIX_TREE_MAP_SHIFT * level):
            return -12
    root.indices.add(index)
    return 0


def _node(k: Kernel, root: radix_tree_root, level: int, prefix: int) -> int:
    """The address of a node, allocated where there is none yet."""
    key = (level, prefix)
    if key not in root.nodes:
        root.nodes[key] = radix_tree_node_alloc(k, root)
    return root.nodes[key]
