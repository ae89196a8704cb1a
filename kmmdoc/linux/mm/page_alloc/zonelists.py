"""mm/page_alloc.c: in which order an allocation tries the zones."""

from __future__ import annotations

from kmmdoc.linux.arch.x86.mm.numa import __node_distance as node_distance
from kmmdoc.linux.arch.x86.mm.numa import distance
from kmmdoc.linux.include.linux.mmzone import (
    MAX_NR_ZONES,
    MIGRATE_TYPES,
    PAGEBLOCK_NR_PAGES,
    WMARK_HIGH,
    ZONE_MOVABLE,
    ZONE_NAMES,
    ZONE_NORMAL,
    per_cpu_pageset,
    pglist_data,
    populated_zone,
    zonelist,
    zoneref,
)
from kmmdoc.linux.include.linux.topology import numa_node_id
from kmmdoc.linux.kfunc import early_param, kfunc
from kmmdoc.linux.mm.mm_init import mminit_verify_zonelist
from kmmdoc.linux.mm.mmzone import for_each_zone_zonelist
from kmmdoc.linux.mm.page_alloc.pcp import setup_pageset
from kmmdoc.linux.state import KERN_DEFAULT, KERN_WARNING, Kernel

KFILE = "mm/page_alloc.c"

EINVAL = 22
LOCAL_DISTANCE, REMOTE_DISTANCE = 10, 20
PENALTY_FOR_NODE_WITH_CPUS = 1
ZONELIST_ORDER_DEFAULT, ZONELIST_ORDER_NODE, ZONELIST_ORDER_ZONE = 0, 1, 2
ZONELIST_ORDER_NAMES = ("Default", "Node", "Zone")


def _check_highest_zone(k: Kernel, idx: int) -> None:
    """Memory policies hold for the highest zone that any list has, Movable apart."""
    if idx != ZONE_MOVABLE:
        k.policy_zone = max(k.policy_zone, idx)


@kfunc
def nr_free_zone_pages(k: Kernel, offset: int) -> int:
    """Pages above the high watermarks of the zones up to index `offset`, in the list of this node."""
    total = 0
    zones = k.node_data[numa_node_id(k)].node_zonelists[0]
    for _, z in for_each_zone_zonelist(k, zones, offset):
        total += max(0, z.managed_pages - z.watermark[WMARK_HIGH])
    return total


@kfunc
def nr_free_buffer_pages(k: Kernel) -> int:
    """Pages above the high watermarks that the kernel itself can use."""
    return nr_free_zone_pages(k, ZONE_NORMAL)


@kfunc
def nr_free_pagecache_pages(k: Kernel) -> int:
    """Pages above the high watermarks of all zones."""
    return nr_free_zone_pages(k, ZONE_MOVABLE)


@kfunc
def build_zonelists_node(k: Kernel, pgdat: pglist_data, zones: zonelist) -> None:
    """Append the zones of a node that have pages, the highest first."""
    for z in reversed(pgdat.node_zones):
        if populated_zone(z):
            zones.zonerefs.append(zoneref(z, z.idx))
            _check_highest_zone(k, z.idx)


@kfunc
def __parse_numa_zonelist_order(k: Kernel, text: str) -> int:
    """Take the order that the first letter names; 0 or -EINVAL."""
    orders = {"d": ZONELIST_ORDER_DEFAULT, "n": ZONELIST_ORDER_NODE, "z": ZONELIST_ORDER_ZONE}
    order = orders.get(text[:1].lower())
    if order is None:
        k.printk(KERN_WARNING, f"Ignoring invalid numa_zonelist_order value:  {text}\n")
        return -EINVAL
    k.user_zonelist_order = order
    return 0


@early_param("numa_zonelist_order")
@kfunc
def setup_numa_zonelist_order(k: Kernel, text: str | None) -> int:
    """numa_zonelist_order=default, node or zone."""
    if text is None:
        return 0
    return __parse_numa_zonelist_order(k, text)


@kfunc
def find_next_best_node(k: Kernel, node: int, used: set[int]) -> int:
    """The node to try after those `used`: itself, then the nearest; -1 when none is left. Marks it used.

    Of equally near ones a node without CPUs is better, then one after this node, then one that is not
    yet the first choice of others.
    """
    if node not in used:
        used.add(node)
        return node
    best_value, best_node = None, -1
    scale = k.nr_online_nodes * len(k.node_load)
    left = sorted(k.node_states["N_NORMAL_MEMORY"] - used)
    with k.repeat(len(left)):  # every one of them is asked for its distance
        node_distance(k, node, left[0] if left else node)
    for n in left:
        value = distance(k, node, n) + (n < node)
        if k.node_to_cpumask_map.get(n):
            value += PENALTY_FOR_NODE_WITH_CPUS
        value = value * scale + k.node_load[n]
        if best_value is None or value < best_value:
            best_value, best_node = value, n
    if best_node >= 0:
        used.add(best_node)
    return best_node


@kfunc
def build_zonelists_in_node_order(k: Kernel, pgdat: pglist_data, node: int) -> None:
    """Append all zones of `node`."""
    build_zonelists_node(k, k.node_data[node], pgdat.node_zonelists[0])


@kfunc
def build_thisnode_zonelists(k: Kernel, pgdat: pglist_data) -> None:
    """The list for allocations that must stay on the node."""
    build_zonelists_node(k, pgdat, pgdat.node_zonelists[1])


@kfunc
def build_zonelists_in_zone_order(k: Kernel, pgdat: pglist_data, nodes: list[int]) -> None:
    """The highest zone of every node first, then the next."""
    refs = pgdat.node_zonelists[0].zonerefs
    for idx in reversed(range(MAX_NR_ZONES)):
        for node in nodes:
            z = k.node_data[node].node_zones[idx]
            if populated_zone(z):
                refs.append(zoneref(z, idx))
                _check_highest_zone(k, idx)


@kfunc
def set_zonelist_order(k: Kernel) -> None:
    """The order that the user chose, else by node, as on all 64-bit machines."""
    k.current_zonelist_order = k.user_zonelist_order or ZONELIST_ORDER_NODE


@kfunc
def build_zonelists(k: Kernel, pgdat: pglist_data) -> None:
    """Build both lists of a node.

    The first node of every further distance gets a penalty, so that others prefer another one.
    """
    for zones in pgdat.node_zonelists:
        zones.zonerefs = []
    local_node = prev_node = pgdat.node_id
    load = k.nr_online_nodes
    used: set[int] = set()
    k.node_order = []
    while (node := find_next_best_node(k, local_node, used)) >= 0:
        if node_distance(k, local_node, node) != node_distance(k, local_node, prev_node):
            k.node_load[node] = load
        prev_node = node
        load -= 1
        if k.current_zonelist_order == ZONELIST_ORDER_NODE:
            build_zonelists_in_node_order(k, pgdat, node)
        else:
            k.node_order.append(node)
    if k.current_zonelist_order == ZONELIST_ORDER_ZONE:
        build_zonelists_in_zone_order(k, pgdat, k.node_order)
    build_thisnode_zonelists(k, pgdat)


@kfunc
def build_zonelist_cache(k: Kernel, pgdat: pglist_data) -> None:
    """The list over all nodes gets a cache of which zones were found full."""
    zones = pgdat.node_zonelists[0]
    zones.zlcache = True
    zones.fullzones = set()
    zones.z_to_n = [ref.zone.node for ref in zones.zonerefs]


@kfunc
def __build_all_zonelists(k: Kernel) -> None:
    """Build the lists of all online nodes and the boot pagesets of all possible CPUs."""
    k.node_load = [0] * len(k.node_load)
    for nid in sorted(k.node_states["N_ONLINE"]):
        build_zonelists(k, k.node_data[nid])
        build_zonelist_cache(k, k.node_data[nid])
    for cpu in sorted(k.cpu_possible_mask):
        setup_pageset(k, k.boot_pageset.setdefault(cpu, per_cpu_pageset()), 0)


@kfunc
def build_all_zonelists(k: Kernel) -> None:
    """Build the zonelists while the system boots, and decide whether pages are grouped by mobility.

    Simplified: rebuilding them later, when memory is added, is left out.
    """
    set_zonelist_order(k)
    __build_all_zonelists(k)
    mminit_verify_zonelist(k)
    k.vm_total_pages = nr_free_pagecache_pages(k)
    k.page_group_by_mobility_disabled = int(k.vm_total_pages < PAGEBLOCK_NR_PAGES * MIGRATE_TYPES)
    k.printk(
        KERN_DEFAULT,
        f"Built {k.nr_online_nodes} zonelists in {ZONELIST_ORDER_NAMES[k.current_zonelist_order]} order,"
        f" mobility grouping {'off' if k.page_group_by_mobility_disabled else 'on'}."
        f"  Total pages: {k.vm_total_pages}\n",
    )
    k.printk(KERN_DEFAULT, f"Policy zone: {ZONE_NAMES[k.policy_zone]}\n")
