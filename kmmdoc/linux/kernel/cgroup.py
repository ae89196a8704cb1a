"""kernel/cgroup.c: groups of processes, whose controllers are the first to speak in the log."""

from __future__ import annotations

from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.state import KERN_INFO, Kernel

EARLY = (("cpuset", "CPUSETS"), ("cpu", "CGROUP_SCHED"), ("cpuacct", "CGROUP_CPUACCT"))
"""Controllers that have to be there from the start, with the option that builds them in."""


@kfunc
def cgroup_init_subsys(k: Kernel, name: str) -> None:
    """Set one controller up. Simplified: only its line in the log."""
    k.printk(KERN_INFO, f"Initializing cgroup subsys {name}\n")


@kfunc
def cgroup_init_early(k: Kernel) -> int:
    """Set the early controllers up. Returns 0."""
    for name, option in EARLY:
        if k.build.enabled("CGROUPS") and k.build.enabled(option):
            cgroup_init_subsys(k, name)
    return 0
