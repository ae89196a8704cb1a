"""fs/namespace.c: the hash tables of mounts."""

from __future__ import annotations

from kmmdoc.linux.kfunc import kfunc, setup_param
from kmmdoc.linux.lib.vsprintf import simple_strtoull
from kmmdoc.linux.mm.page_alloc.hash import alloc_large_system_hash
from kmmdoc.linux.state import Kernel


@setup_param("mhash_entries=")
@kfunc
def set_mhash_entries(k: Kernel, rest: str) -> int:
    """mhash_entries=N: buckets of the table of mounts."""
    k.mhash_entries = simple_strtoull(rest)[0]
    return 1


@setup_param("mphash_entries=")
@kfunc
def set_mphash_entries(k: Kernel, rest: str) -> int:
    """mphash_entries=N: buckets of the table of mount points."""
    k.mphash_entries = simple_strtoull(rest)[0]
    return 1


@kfunc
def mnt_init(k: Kernel) -> None:
    """Allocate the tables of mounts and of mount points.

    Simplified: the mounts that follow, with their caches, are left out.
    """
    bucket = k.build.sizeof("hlist_head")
    alloc_large_system_hash(k, "Mount-cache", bucket, k.mhash_entries, 19, 0, 0, 0, 0)
    alloc_large_system_hash(k, "Mountpoint-cache", bucket, k.mphash_entries, 19, 0, 0, 0, 0)
