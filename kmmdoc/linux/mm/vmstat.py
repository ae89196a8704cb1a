"""mm/vmstat.c: counters of zones, and what each CPU has counted but not yet added to them.

A counter's item is its kernel name, such as "NR_FREE_PAGES"; a counter that is 0 is absent.
"""

from __future__ import annotations

from kmmdoc.linux.include.linux.gfp import __GFP_OTHER_NODE
from kmmdoc.linux.include.linux.mmzone import WMARK_HIGH, WMARK_LOW, WMARK_MIN, per_cpu_pageset, zone
from kmmdoc.linux.include.linux.topology import numa_node_id, smp_processor_id
from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.mm.mmzone import for_each_populated_zone
from kmmdoc.linux.state import Kernel
from kmmdoc.model.quantities import PAGE_SHIFT


def _add(counters: dict[str, int], item: str, delta: int) -> None:
    value = counters.get(item, 0) + delta
    if value:
        counters[item] = value
    else:
        counters.pop(item, None)


def count_vm_event(k: Kernel, item: str, n: int) -> None:
    """__count_vm_events() on the running CPU."""
    k.vm_events[item] = k.vm_events.get(item, 0) + n


def zone_page_state_add(k: Kernel, delta: int, z: zone, item: str) -> None:
    """Add to the zone's counter and to the global one."""
    _add(z.vm_stat, item, delta)
    _add(k.vm_stat, item, delta)


def zone_page_state(z: zone, item: str) -> int:
    """The zone's counter, without what CPUs hold back; never below 0."""
    return max(z.vm_stat.get(item, 0), 0)


def _set_diff(pset: per_cpu_pageset, item: str, value: int) -> None:
    if value:
        pset.vm_stat_diff[item] = value
    else:
        pset.vm_stat_diff.pop(item, None)


def _mod_state(k: Kernel, z: zone, item: str, delta: int, overstep_mode: int) -> None:
    """Change a counter: the CPU keeps the change unless it passes the threshold, then all goes to the zone.

    With `overstep_mode` 1 or -1 half a threshold more goes, so that the next ones stay with the CPU.
    """
    pset = z.pageset[smp_processor_id(k)]
    threshold = pset.stat_threshold
    value = delta + pset.vm_stat_diff.get(item, 0)
    if -threshold <= value <= threshold:
        _set_diff(pset, item, value)
        return
    overstep = overstep_mode * (threshold >> 1)
    _set_diff(pset, item, -overstep)
    zone_page_state_add(k, value + overstep, z, item)


def calculate_normal_threshold(k: Kernel, z: zone) -> int:
    """How much a CPU may count before it tells the zone: grows with CPUs and the zone, at most 125."""
    mem = z.managed_pages >> 27 - PAGE_SHIFT
    return min(125, 2 * len(k.cpu_online_mask).bit_length() * (1 + mem.bit_length()))


@kfunc
def refresh_zone_stat_thresholds(k: Kernel) -> None:
    """Set the thresholds of all online CPUs.

    Where what they hold back could hide that the minimum watermark is passed, percpu_drift_mark says below
    which count it must be looked at.
    """
    cpus = k.cpu_online_mask
    for z in for_each_populated_zone(k):
        threshold = calculate_normal_threshold(k, z)
        for cpu in cpus:
            z.pageset[cpu].stat_threshold = threshold
        drift = len(cpus) * threshold
        if drift > z.watermark[WMARK_LOW] - z.watermark[WMARK_MIN]:
            z.percpu_drift_mark = z.watermark[WMARK_HIGH] + drift


@kfunc
def __mod_zone_page_state(k: Kernel, z: zone, item: str, delta: int) -> None:
    """Change a counter of the zone."""
    _mod_state(k, z, item, delta, 0)


@kfunc
def __inc_zone_state(k: Kernel, z: zone, item: str) -> None:
    """Count one more."""
    _mod_state(k, z, item, 1, 1)


@kfunc
def __dec_zone_state(k: Kernel, z: zone, item: str) -> None:
    """Count one less."""
    _mod_state(k, z, item, -1, -1)


@kfunc
def mod_zone_page_state(k: Kernel, z: zone, item: str, delta: int) -> None:
    """Change a counter of the zone, from a context that may be interrupted."""
    _mod_state(k, z, item, delta, 0)


@kfunc
def inc_zone_page_state(k: Kernel, page: int, item: str) -> None:
    """Count one more in the zone of `page`."""
    flags = k.mem_map[page].flags
    z = k.node_data[k.page_flags.nid(flags)].node_zones[k.page_flags.zonenum(flags)]
    _mod_state(k, z, item, 1, 1)


@kfunc
def zone_statistics(k: Kernel, preferred_zone: zone, z: zone, flags: int) -> None:
    """Count an allocation that preferred one zone and was served by `z`: hit or miss, local or other node."""
    if z.zone_pgdat is preferred_zone.zone_pgdat:
        __inc_zone_state(k, z, "NUMA_HIT")
    else:
        __inc_zone_state(k, z, "NUMA_MISS")
        __inc_zone_state(k, preferred_zone, "NUMA_FOREIGN")
    here = preferred_zone.node if flags & __GFP_OTHER_NODE else numa_node_id(k)
    __inc_zone_state(k, z, "NUMA_LOCAL" if z.node == here else "NUMA_OTHER")
