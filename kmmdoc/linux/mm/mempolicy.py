"""mm/mempolicy.c: on which node an allocation without a wish of its own is tried first.

Until numa_policy_init() no task has a policy and the system's default counts: the node of the CPU, then its
zonelist. From then on until the init process starts, allocations go round all nodes of 16 MiB and more.
"""

from __future__ import annotations

from kmmdoc.linux.include.linux.gfp import __GFP_THISNODE, GFP_KERNEL, gfp_zone
from kmmdoc.linux.include.linux.mempolicy import (
    MPOL_BIND,
    MPOL_DEFAULT,
    MPOL_INTERLEAVE,
    MPOL_PREFERRED,
    mempolicy,
)
from kmmdoc.linux.include.linux.mmzone import zonelist
from kmmdoc.linux.include.linux.slab import SLAB_PANIC
from kmmdoc.linux.include.linux.topology import numa_mem_id, numa_node_id
from kmmdoc.linux.kfunc import extern, kfunc
from kmmdoc.linux.mm.mmzone import next_zones_zonelist
from kmmdoc.linux.mm.page_alloc.alloc import __alloc_pages_nodemask
from kmmdoc.linux.mm.slab_common import kmem_cache_create
from kmmdoc.linux.mm.vmstat import inc_zone_page_state
from kmmdoc.linux.state import Kernel

PAGE_SHIFT = 12
INTERLEAVE_MINIMUM = 16 << 20
"""Bytes that a node must have to take part in the interleaving of the boot."""

MEMPOLICY_SIZE = 24
"""Bytes of a struct mempolicy with up to 64 nodes."""
SP_NODE_SIZE = 48
"""Bytes of a struct sp_node."""

kmem_cache_alloc = extern("kmem_cache_alloc")
kmem_cache_free = extern("kmem_cache_free")

default_policy = mempolicy(MPOL_PREFERRED, local=True)
"""What counts where nobody set a policy."""


def node_zonelist(k: Kernel, nid: int, gfp: int) -> zonelist:
    """The zones that an allocation near `nid` tries in turn."""
    return k.node_data[nid].node_zonelists[1 if gfp & __GFP_THISNODE else 0]


@kfunc
def get_task_policy(k: Kernel) -> mempolicy:
    """The policy of the running task, else that of its node, once numa_policy_init() gave nodes theirs."""
    if k.task_policy is not None:
        return k.task_policy
    if k.preferred_node_policy:
        return mempolicy(MPOL_PREFERRED, nodes=(numa_node_id(k),))
    return default_policy


@kfunc
def mpol_new(k: Kernel, mode: int) -> int:
    """Memory for a policy: its address, 0 on failure or for no policy."""
    return 0 if mode == MPOL_DEFAULT else int(kmem_cache_alloc(k, k.policy_cache, GFP_KERNEL))


@kfunc
def do_set_mempolicy(k: Kernel, mode: int, nodes: tuple[int, ...]) -> int:
    """Give the running task a policy: 0 or -ENOMEM."""
    address = mpol_new(k, mode)
    if mode != MPOL_DEFAULT and not address:
        return -12
    old = k.task_policy_ptr
    k.task_policy_ptr = address
    k.task_policy = mempolicy(mode, nodes=nodes) if address else None
    if mode == MPOL_INTERLEAVE:
        k.il_next = nodes[0]
    if old:
        kmem_cache_free(k, k.policy_cache, old)
    return 0


@kfunc
def policy_nodemask(k: Kernel, gfp: int, policy: mempolicy) -> tuple[int, ...] | None:
    """The only nodes that may serve, None for all.

    Simplified: a policy that binds does so for every zone.
    """
    return policy.nodes if policy.mode == MPOL_BIND else None


@kfunc
def policy_zonelist(k: Kernel, gfp: int, policy: mempolicy, nd: int) -> zonelist:
    """The zonelist to use; `nd` is the node of the CPU."""
    bound_elsewhere = policy.mode == MPOL_BIND and gfp & __GFP_THISNODE and nd not in policy.nodes
    if bound_elsewhere or (policy.mode == MPOL_PREFERRED and not policy.local):
        nd = policy.nodes[0]
    return node_zonelist(k, nd, gfp)


@kfunc
def interleave_nodes(k: Kernel, policy: mempolicy) -> int:
    """The node whose turn it is; the next one has the next."""
    nid = k.il_next
    k.il_next = next((node for node in policy.nodes if node > nid), policy.nodes[0])
    return nid


def nr_interleaved(k: Kernel) -> int:
    """From how many nodes in turn single pages come now."""
    policy = k.task_policy or default_policy
    return len(policy.nodes) if policy.mode == MPOL_INTERLEAVE else 1


@kfunc
def mempolicy_slab_node(k: Kernel) -> int:
    """The node whose zonelist a search for partial slabs follows."""
    policy = k.task_policy
    if policy is None or policy.local:
        return numa_mem_id(k)
    if policy.mode == MPOL_PREFERRED:
        return policy.nodes[0]
    if policy.mode == MPOL_INTERLEAVE:
        return interleave_nodes(k, policy)
    zones = node_zonelist(k, numa_mem_id(k), 0)
    at = next_zones_zonelist(k, zones, 0, gfp_zone(GFP_KERNEL), policy.nodes)
    return zones.zonerefs[at].zone.node if at < len(zones.zonerefs) else numa_mem_id(k)


@kfunc
def alloc_page_interleave(k: Kernel, gfp: int, order: int, nid: int) -> int | None:
    """Allocate near the node whose turn it is, and count where the first zone of its list served."""
    zones = node_zonelist(k, nid, gfp)
    page: int | None = __alloc_pages_nodemask(k, gfp, order, zones, None)
    if page:
        flags = k.mem_map[page].flags
        first = zones.zonerefs[0].zone
        if (k.page_flags.nid(flags), k.page_flags.zonenum(flags)) == (first.node, first.idx):
            inc_zone_page_state(k, page, "NUMA_INTERLEAVE_HIT")
    return page


@kfunc
def alloc_pages_current(k: Kernel, gfp: int, order: int) -> int | None:
    """Allocate a block of pages by the policy of the running task: its first page, nothing on failure."""
    policy = default_policy if gfp & __GFP_THISNODE else get_task_policy(k)
    page: int | None
    if policy.mode == MPOL_INTERLEAVE:
        page = alloc_page_interleave(k, gfp, order, interleave_nodes(k, policy))
    else:
        nodes = policy_nodemask(k, gfp, policy)
        zones = policy_zonelist(k, gfp, policy, numa_node_id(k))
        page = __alloc_pages_nodemask(k, gfp, order, zones, nodes)
    return page


@kfunc
def __mpol_dup(k: Kernel) -> int:
    """Memory for a copy of a policy: its address, 0 on failure."""
    return int(kmem_cache_alloc(k, k.policy_cache, GFP_KERNEL))


@kfunc
def numa_policy_init(k: Kernel) -> None:
    """Give every node a policy, and the boot one that goes round all nodes of 16 MiB and more.

    Where all are smaller, the largest serves alone.
    """
    k.policy_cache = kmem_cache_create(k, "numa_policy", MEMPOLICY_SIZE, 0, SLAB_PANIC)
    kmem_cache_create(k, "shared_policy_node", SP_NODE_SIZE, 0, SLAB_PANIC)
    k.preferred_node_policy = True
    present = {nid: k.node_data[nid].node_present_pages for nid in sorted(k.node_states["N_NORMAL_MEMORY"])}
    nodes = [nid for nid, pages in present.items() if pages << PAGE_SHIFT >= INTERLEAVE_MINIMUM]
    do_set_mempolicy(k, MPOL_INTERLEAVE, tuple(nodes or [max(present, key=lambda nid: present[nid])]))


@kfunc
def numa_default_policy(k: Kernel) -> None:
    """Take the task's policy away."""
    do_set_mempolicy(k, MPOL_DEFAULT, ())
