"""kernel/pid.c: the hash table of process numbers."""

from __future__ import annotations

from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.mm.page_alloc.hash import HASH_EARLY, HASH_SMALL, alloc_large_system_hash
from kmmdoc.linux.state import Kernel


@kfunc
def pidhash_init(k: Kernel) -> None:
    """Allocate the table: 16 buckets at least, 4096 at most."""
    bucket = k.build.sizeof("hlist_head")
    table = alloc_large_system_hash(
        k, "PID", bucket, 0, 18, HASH_EARLY | HASH_SMALL, k.pidhash_shift, 0, 4096
    )
    k.pid_hash, k.pidhash_shift = table.table, table.shift
