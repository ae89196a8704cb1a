"""Section `zonelists`: per node the list over all nodes and the list of this node only."""

from __future__ import annotations

from typing import Any

from kmmdoc.linux.debugger import section
from kmmdoc.linux.include.linux.mmzone import zonelist
from kmmdoc.linux.state import Kernel


@section("zonelists")
def read(k: Kernel) -> dict[str, Any]:
    """{node: [fallback, this node]}; a zoneref is [nid, zone name, zone index]."""
    to_list = k.build.structs["pglist_data"].offset("node_zonelists")
    to_cache = k.build.structs["zonelist"].offset("zlcache")
    size = k.build.sizeof("zonelist")

    def one(zones: zonelist, address: int) -> dict[str, Any]:
        return {
            "zlcache_ptr": hex(address + to_cache if zones.zlcache else 0),
            "zonerefs": [[ref.zone.node, ref.zone.name, ref.zone_idx] for ref in zones.zonerefs],
        }

    return {
        str(nid): [
            one(zones, k.node_data[nid].address + to_list + i * size)
            for i, zones in enumerate(k.node_data[nid].node_zonelists)
        ]
        for nid in sorted(k.node_states["N_ONLINE"])
    }
