"""kernel/sched/core.c: what the scheduler allocates when it is set up."""

from __future__ import annotations

from kmmdoc.linux.include.linux.gfp import __GFP_ZERO, GFP_NOWAIT
from kmmdoc.linux.kernel.sched.cpudeadline import cpudl_init
from kmmdoc.linux.kernel.sched.cpupri import cpupri_init
from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.mm.slub.alloc import __kmalloc
from kmmdoc.linux.state import Kernel

KFILE = "kernel/sched/core.c"


@kfunc
def init_rootdomain(k: Kernel) -> None:
    """The set of CPUs that tasks are balanced over: heaps of deadlines and priorities for all of them.

    Simplified: a build with CPU masks off the stack would allocate its masks here too.
    """
    cpudl_init(k)
    cpupri_init(k)


@kfunc
def init_defrootdomain(k: Kernel) -> None:
    """The root domain that every CPU begins in."""
    init_rootdomain(k)


@kfunc
def sched_init(k: Kernel) -> None:
    """Set the scheduler up.

    Simplified: of the run queues nothing is modelled but their memory: two pointers a CPU for the root
    task group, twice that with real-time groups.
    """
    groups = k.build.enabled("FAIR_GROUP_SCHED") + k.build.enabled("RT_GROUP_SCHED")
    if groups:
        __kmalloc(k, groups * 2 * k.nr_cpu_ids * 8, GFP_NOWAIT | __GFP_ZERO)
    init_defrootdomain(k)


@kfunc
def sched_init_smp(k: Kernel) -> None:
    """Arrange the CPUs that run in domains. Simplified: what the domains take is left out."""
