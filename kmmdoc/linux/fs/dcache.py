"""fs/dcache.c: the hash table of names, and the early part of the file systems' caches."""

from __future__ import annotations

from kmmdoc.linux.fs.inode import inode_init, inode_init_early
from kmmdoc.linux.fs.namespace import mnt_init
from kmmdoc.linux.kfunc import kfunc, setup_param
from kmmdoc.linux.lib.vsprintf import simple_strtoull
from kmmdoc.linux.mm.page_alloc.hash import HASH_EARLY, alloc_large_system_hash
from kmmdoc.linux.state import Kernel


@setup_param("dhash_entries=")
@kfunc
def set_dhash_entries(k: Kernel, text: str) -> int:
    """dhash_entries=N: buckets of the table."""
    k.dhash_entries = simple_strtoull(text)[0]
    return 1


def _allocate(k: Kernel, flags: int) -> None:
    """Allocate the table, from memblock with HASH_EARLY."""
    bucket = k.build.sizeof("hlist_bl_head")
    table = alloc_large_system_hash(k, "Dentry cache", bucket, k.dhash_entries, 13, flags, 0, 0, 0)
    k.dentry_hashtable, k.d_hash_shift, k.d_hash_mask = table.table, table.shift, table.mask


@kfunc
def dcache_init_early(k: Kernel) -> None:
    """Allocate the table now, unless it is to be spread over the nodes, which has to wait for vmalloc."""
    if k.hashdist:
        return
    _allocate(k, HASH_EARLY)


@kfunc
def dcache_init(k: Kernel) -> None:
    """Allocate the table of names if that had to wait. Simplified: the cache of entries is left out."""
    if not k.hashdist:
        return
    _allocate(k, 0)


@kfunc
def vfs_caches_init(k: Kernel, mempages: int) -> None:
    """The tables of names, inodes and mounts, as far as they had to wait.

    Simplified: the caches of files and block devices are left out.
    """
    dcache_init(k)
    inode_init(k)
    mnt_init(k)


@kfunc
def vfs_caches_init_early(k: Kernel) -> None:
    """The tables of names and of inodes."""
    dcache_init_early(k)
    inode_init_early(k)
