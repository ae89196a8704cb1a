"""lib/idr.c: numbers for pointers."""

from __future__ import annotations

from kmmdoc.linux.include.linux.slab import SLAB_PANIC
from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.mm.slab_common import kmem_cache_create
from kmmdoc.linux.state import Kernel


@kfunc
def idr_init_cache(k: Kernel) -> None:
    """The cache for the nodes of all number trees."""
    kmem_cache_create(k, "idr_layer_cache", k.build.sizeof("idr_layer"), 0, SLAB_PANIC)
