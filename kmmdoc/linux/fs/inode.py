"""fs/inode.c: the hash table of inodes."""

from __future__ import annotations

from kmmdoc.linux.kfunc import kfunc, setup_param
from kmmdoc.linux.lib.vsprintf import simple_strtoull
from kmmdoc.linux.mm.page_alloc.hash import HASH_EARLY, alloc_large_system_hash
from kmmdoc.linux.state import Kernel


@setup_param("ihash_entries=")
@kfunc
def set_ihash_entries(k: Kernel, text: str) -> int:
    """ihash_entries=N: buckets of the table."""
    k.ihash_entries = simple_strtoull(text)[0]
    return 1


def _allocate(k: Kernel, flags: int) -> None:
    """Allocate the table, from memblock with HASH_EARLY."""
    bucket = k.build.sizeof("hlist_head")
    table = alloc_large_system_hash(k, "Inode-cache", bucket, k.ihash_entries, 14, flags, 0, 0, 0)
    k.inode_hashtable, k.i_hash_shift, k.i_hash_mask = table.table, table.shift, table.mask


@kfunc
def inode_init_early(k: Kernel) -> None:
    """Allocate the table now, unless it is to be spread over the nodes, which has to wait for vmalloc."""
    if k.hashdist:
        return
    _allocate(k, HASH_EARLY)


@kfunc
def inode_init(k: Kernel) -> None:
    """Allocate the table if that had to wait. Simplified: the cache of inodes is left out."""
    if not k.hashdist:
        return
    _allocate(k, 0)
