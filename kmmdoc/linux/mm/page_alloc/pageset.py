"""mm/page_alloc.c: the per-cpu page lists of a zone and how long they may get."""

from __future__ import annotations

from kmmdoc.linux.include.linux.mmzone import MIGRATE_PCPTYPES, per_cpu_pages, per_cpu_pageset, zone
from kmmdoc.linux.kernel import Kernel
from kmmdoc.linux.kfunc import extern, kfunc
from kmmdoc.linux.mm.mmzone import for_each_populated_zone
from kmmdoc.model.quantities import PAGE_SHIFT, PAGE_SIZE

KFILE = "mm/page_alloc.c"

__alloc_percpu = extern("__alloc_percpu")
PAGESET_ALIGN = 8


@kfunc
def zone_batchsize(k: Kernel, z: zone) -> int:
    """Pages to move between a CPU's lists and the zone at once: about a 4000th of the zone, one below 2^n."""
    batch = min(z.managed_pages // 1024, 512 * 1024 // PAGE_SIZE)
    batch = max(batch // 4, 1)
    batch += batch // 2
    return (1 << batch.bit_length() - 1) - 1


@kfunc
def pageset_update(k: Kernel, pcp: per_cpu_pages, high: int, batch: int) -> None:
    """Set both limits."""
    pcp.high = high
    pcp.batch = batch


@kfunc
def pageset_set_batch(k: Kernel, p: per_cpu_pageset, batch: int) -> None:
    """Set the limits from the batch."""
    pageset_update(k, p.pcp, 6 * batch, max(1, batch))


@kfunc
def pageset_init(k: Kernel, p: per_cpu_pageset) -> None:
    """Empty lists, no counts."""
    p.pcp.count = p.pcp.high = p.pcp.batch = 0
    p.pcp.lists = [[] for _ in range(MIGRATE_PCPTYPES)]
    p.expire = p.stat_threshold = 0
    p.vm_stat_diff.clear()


@kfunc
def setup_pageset(k: Kernel, p: per_cpu_pageset, batch: int) -> None:
    """An empty pageset with limits from the batch."""
    pageset_init(k, p)
    pageset_set_batch(k, p, batch)


@kfunc
def pageset_set_high(k: Kernel, p: per_cpu_pageset, high: int) -> None:
    """Set the limits from the longest allowed length."""
    pageset_update(k, p.pcp, high, min(max(1, high // 4), PAGE_SHIFT * 8))


@kfunc
def pageset_set_high_and_batch(k: Kernel, z: zone, p: per_cpu_pageset) -> None:
    """Set the limits as percpu_pagelist_fraction says, else from the size of the zone."""
    if k.percpu_pagelist_fraction:
        pageset_set_high(k, p, z.managed_pages // k.percpu_pagelist_fraction)
    else:
        pageset_set_batch(k, p, zone_batchsize(k, z))


@kfunc
def zone_pageset_init(k: Kernel, z: zone, cpu: int) -> None:
    """Make the pageset of one CPU ready."""
    p = z.pageset[cpu]
    pageset_init(k, p)
    pageset_set_high_and_batch(k, z, p)


@kfunc
def setup_zone_pageset(k: Kernel, z: zone) -> None:
    """Give a zone pagesets of its own, one a CPU."""
    z.pageset_ptr = __alloc_percpu(k, k.build.sizeof("per_cpu_pageset"), PAGESET_ALIGN)
    z.pageset = {cpu: per_cpu_pageset() for cpu in sorted(k.cpu_possible_mask)}
    for cpu in z.pageset:
        zone_pageset_init(k, z, cpu)


@kfunc
def setup_per_cpu_pageset(k: Kernel) -> None:
    """Give every zone with pages pagesets of its own; until here all shared the boot pagesets."""
    for z in for_each_populated_zone(k):
        setup_zone_pageset(k, z)
