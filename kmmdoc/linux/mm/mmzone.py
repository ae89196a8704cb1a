"""mm/mmzone.c: walking over nodes, zones and zonelists."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from kmmdoc.linux.include.linux.mmzone import MAX_NR_ZONES, pglist_data, populated_zone, zone, zonelist
from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.state import Kernel


@kfunc
def first_online_pgdat(k: Kernel) -> pglist_data:
    """The online node with the lowest number."""
    return k.node_data[min(k.node_states["N_ONLINE"])]


@kfunc
def next_online_pgdat(k: Kernel, pgdat: pglist_data) -> pglist_data | None:
    """The online node after `pgdat`."""
    later = [nid for nid in k.node_states["N_ONLINE"] if nid > pgdat.node_id]
    return k.node_data[min(later)] if later else None


@kfunc
def next_zone(k: Kernel, z: zone) -> zone | None:
    """The zone after `z`: of its node, else the first of the next online one."""
    if z.idx < MAX_NR_ZONES - 1:
        return z.zone_pgdat.node_zones[z.idx + 1]
    pgdat = next_online_pgdat(k, z.zone_pgdat)
    return pgdat.node_zones[0] if pgdat is not None else None


@kfunc
def next_zones_zonelist(
    k: Kernel, zones: zonelist, at: int, highest_zoneidx: int, nodes: Collection[int] | None
) -> int:
    """Position from `at` on of the next zone up to `highest_zoneidx` on one of `nodes` (None: on any).

    The number of entries where there is none.
    """
    refs = zones.zonerefs
    while at < len(refs) and (
        refs[at].zone_idx > highest_zoneidx or (nodes is not None and refs[at].zone.node not in nodes)
    ):
        at += 1
    return at


@kfunc
def lruvec_init(k: Kernel, z: zone) -> None:
    """Empty lists of pages in use. The boot puts none on them, so they are not kept."""


def for_each_zone_zonelist(
    k: Kernel, zones: zonelist, highest_zoneidx: int, nodes: Collection[int] | None = None
) -> Iterator[tuple[int, zone]]:
    """(position, zone) of the zones that next_zones_zonelist() finds, in order."""
    refs = zones.zonerefs
    at = next_zones_zonelist(k, zones, 0, highest_zoneidx, nodes)
    while at < len(refs):
        yield at, refs[at].zone
        at = next_zones_zonelist(k, zones, at + 1, highest_zoneidx, nodes)


def for_each_online_pgdat(k: Kernel) -> Iterator[pglist_data]:
    """Every online node, by number."""
    pgdat: pglist_data | None = first_online_pgdat(k)
    while pgdat is not None:
        yield pgdat
        pgdat = next_online_pgdat(k, pgdat)


def for_each_zone(k: Kernel) -> Iterator[zone]:
    """Every zone of every online node, by node."""
    z: zone | None = first_online_pgdat(k).node_zones[0]
    while z is not None:
        yield z
        z = next_zone(k, z)


def for_each_populated_zone(k: Kernel) -> Iterator[zone]:
    """Every zone that has pages."""
    return (z for z in for_each_zone(k) if populated_zone(z))
