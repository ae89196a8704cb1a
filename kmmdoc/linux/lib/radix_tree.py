"""lib/radix-tree.c: trees of pointers by number, 64 at each node."""

from __future__ import annotations

from kmmdoc.linux.include.linux.gfp import __GFP_WAIT
from kmmdoc.linux.include.linux.radix_tree import radix_tree_root
from kmmdoc.linux.include.linux.slab import SLAB_PANIC, SLAB_RECLAIM_ACCOUNT
from kmmdoc.linux.kernel.rcu.tree import call_rcu
from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.mm.slab_common import kmem_cache_create
from kmmdoc.linux.mm.slub.alloc import kmem_cache_alloc
from kmmdoc.linux.state import Kernel

KFILE = "lib/radix-tree.c"

RADIX_TREE_MAP_SHIFT = 6
PRELOAD_SIZE = 2 * 11 - 1
"""Nodes of two whole paths through a tree of 64-bit numbers, which share the root."""


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
    """Memory for a node: its address, 0 on failure. A caller that may not wait takes what was set aside."""
    if not root.gfp_mask & __GFP_WAIT and k.radix_tree_preloads:
        return k.radix_tree_preloads.pop()
    cache = k.radix_tree_node_cachep
    return 0 if cache is None else kmem_cache_alloc(k, cache, root.gfp_mask)


@kfunc
def radix_tree_preload(k: Kernel, gfp_mask: int) -> int:
    """Set nodes aside on this CPU, enough for the worst that one insertion can need: 0 or -ENOMEM."""
    cache = k.radix_tree_node_cachep
    while len(k.radix_tree_preloads) < PRELOAD_SIZE:
        node = 0 if cache is None else kmem_cache_alloc(k, cache, gfp_mask)
        if not node:
            return -12
        k.radix_tree_preloads.append(node)
    return 0


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


@kfunc
def radix_tree_delete(k: Kernel, root: radix_tree_root, index: int) -> None:
    """Take `index` out, and with it the nodes that held nothing else.

    At the top, nodes go as long as their first slot is the only one in use.
    """
    root.indices.discard(index)
    for level in range(1, root.height + 1):
        prefix = index >> RADIX_TREE_MAP_SHIFT * level
        if _children(root, level, prefix):
            break
        radix_tree_node_free(k, root, (level, prefix))
    if not root.nodes:
        root.height = 0
    while root.height and _children(root, root.height, 0) == [0]:
        radix_tree_node_free(k, root, (root.height, 0))
        root.height -= 1


@kfunc
def radix_tree_node_free(k: Kernel, root: radix_tree_root, key: tuple[int, int]) -> None:
    """Free a node when no reader can see it any more."""
    call_rcu(k, "radix_tree_node_rcu_free", root.nodes.pop(key))


def _children(root: radix_tree_root, level: int, prefix: int) -> list[int]:
    """What a node holds: the numbers, or prefixes of the nodes, right below it."""
    below = root.indices if level == 1 else {p for at, p in root.nodes if at == level - 1}
    return [child for child in below if child >> RADIX_TREE_MAP_SHIFT == prefix]
