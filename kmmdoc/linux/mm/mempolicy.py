"""mm/mempolicy.c: on which node an allocation without a wish of its own is tried first.

A policy here is its mode and, where it has one, its nodes. Until numa_policy_init() there are no per-node
policies and no task has one, so the system's default counts: the node of the CPU, then its zonelist.
"""

from __future__ import annotations

from typing import NamedTuple

from kmmdoc.linux.include.linux.gfp import __GFP_THISNODE
from kmmdoc.linux.include.linux.mmzone import zonelist
from kmmdoc.linux.include.linux.topology import numa_mem_id, numa_node_id
from kmmdoc.linux.kernel import Kernel
from kmmdoc.linux.kfunc import extern, kfunc

MPOL_DEFAULT, MPOL_PREFERRED, MPOL_BIND, MPOL_INTERLEAVE = range(4)

__alloc_pages_nodemask = extern("__alloc_pages_nodemask")


class mempolicy(NamedTuple):
    """struct mempolicy: `local` is MPOL_F_LOCAL, the node of the CPU rather than one of `nodes`."""

    mode: int
    local: bool = False
    nodes: tuple[int, ...] = ()


default_policy = mempolicy(MPOL_PREFERRED, local=True)
"""What counts where nobody set a policy."""


def node_zonelist(k: Kernel, nid: int, gfp: int) -> zonelist:
    """The zones that an allocation near `nid` tries in turn."""
    return k.node_data[nid].node_zonelists[1 if gfp & __GFP_THISNODE else 0]


@kfunc
def get_task_policy(k: Kernel) -> mempolicy:
    """The policy of the running task.

    Simplified: the task has none while the boot is simulated, and the per-node policies that
    numa_policy_init() makes are, to the page allocator, the same as the default one.
    """
    return default_policy


@kfunc
def policy_nodemask(k: Kernel, gfp: int, policy: mempolicy) -> tuple[int, ...] | None:
    """The only nodes that may serve, None for all."""
    return policy.nodes if policy.mode == MPOL_BIND else None


@kfunc
def policy_zonelist(k: Kernel, gfp: int, policy: mempolicy, nd: int) -> zonelist:
    """The zonelist to use; `nd` is the node of the CPU."""
    if (policy.mode == MPOL_PREFERRED and not policy.local) or (
        policy.mode == MPOL_BIND and gfp & __GFP_THISNODE and nd not in policy.nodes
    ):
        nd = policy.nodes[0]
    return node_zonelist(k, nd, gfp)


@kfunc
def mempolicy_slab_node(k: Kernel) -> int:
    """The node whose zonelist a search for partial slabs follows: the CPU's own, as no task has a policy."""
    return numa_mem_id(k)


@kfunc
def alloc_pages_current(k: Kernel, gfp: int, order: int) -> int | None:
    """Allocate a block of pages by the policy of the running task: its first page, nothing on failure."""
    policy = default_policy if gfp & __GFP_THISNODE else get_task_policy(k)
    nodes = policy_nodemask(k, gfp, policy)
    zones = policy_zonelist(k, gfp, policy, numa_node_id(k))
    page: int | None = __alloc_pages_nodemask(k, gfp, order, zones, nodes)
    return page
