"""mm/page_alloc.c: the lists of free single pages that each CPU keeps of each zone."""

from __future__ import annotations

from kmmdoc.linux.include.linux.mmzone import MIGRATE_PCPTYPES, per_cpu_pages, per_cpu_pageset, zone
from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.mm.mmzone import for_each_populated_zone
from kmmdoc.linux.mm.percpu.alloc import __alloc_percpu
from kmmdoc.linux.state import Kernel
from kmmdoc.model.quantities import PAGE_SHIFT, PAGE_SIZE

KFILE = "mm/page_alloc.c"


@kfunc
def zone_batchsize(k: Kernel, z: zone) -> int:
    """Pages to move between a zone and a CPU's list at once.

    A quarter of a thousandth of the zone, at most 128 KiB, made one less than a power of two, which keeps
    CPUs from getting only some of the cache colours.
    """
    batch = min(z.managed_pages // 1024, (512 << 10) // PAGE_SIZE) // 4
    batch = max(batch, 1)
    batch += batch // 2
    return (1 << batch.bit_length() - 1) - 1


def pageset_update(pcp: per_cpu_pages, high: int, batch: int) -> None:
    """Set both limits of the lists."""
    pcp.high = high
    pcp.batch = batch


def pageset_set_batch(pset: per_cpu_pageset, batch: int) -> None:
    """Batches of `batch` pages, at least 1; the lists hold up to six."""
    pageset_update(pset.pcp, 6 * batch, max(1, batch))


@kfunc
def pageset_init(k: Kernel, pset: per_cpu_pageset) -> None:
    """Empty lists, no limits, no counts."""
    pset.pcp = per_cpu_pages()
    pset.pcp.lists = [[] for _ in range(MIGRATE_PCPTYPES)]
    pset.expire = 0
    pset.stat_threshold = 0
    pset.vm_stat_diff = {}


@kfunc
def setup_pageset(k: Kernel, pset: per_cpu_pageset, batch: int) -> None:
    """Make a pageset usable, with a given batch."""
    pageset_init(k, pset)
    pageset_set_batch(pset, batch)


def pageset_set_high(pset: per_cpu_pageset, high: int) -> None:
    """Lists of up to `high` pages; batches of a quarter of it, at most 96."""
    pageset_update(pset.pcp, high, min(max(1, high // 4), PAGE_SHIFT * 8))


@kfunc
def pageset_set_high_and_batch(k: Kernel, z: zone, pset: per_cpu_pageset) -> None:
    """Limits by the size of the zone, or the part of it that percpu_pagelist_fraction asks for."""
    if k.percpu_pagelist_fraction:
        pageset_set_high(pset, z.managed_pages // k.percpu_pagelist_fraction)
    else:
        pageset_set_batch(pset, zone_batchsize(k, z))


@kfunc
def zone_pageset_init(k: Kernel, z: zone, cpu: int) -> None:
    """Make the zone's pageset of one CPU usable."""
    pset = z.pageset[cpu] = per_cpu_pageset()
    pageset_init(k, pset)
    pageset_set_high_and_batch(k, z, pset)


@kfunc
def setup_zone_pageset(k: Kernel, z: zone) -> None:
    """Give every possible CPU a pageset of the zone, in place of the one of the boot."""
    z.pageset_ptr = __alloc_percpu(k, k.build.sizeof("per_cpu_pageset"), 8)
    z.pageset = {}
    for cpu in sorted(k.cpu_possible_mask):
        zone_pageset_init(k, z, cpu)


@kfunc
def setup_per_cpu_pageset(k: Kernel) -> None:
    """Give every zone that has pages pagesets of its own."""
    for z in for_each_populated_zone(k):
        setup_zone_pageset(k, z)
