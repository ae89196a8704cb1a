"""kernel/smp.c: the other CPUs come up."""

from __future__ import annotations

from kmmdoc.linux.kernel import Kernel
from kmmdoc.linux.kfunc import kfunc


@kfunc
def smp_init(k: Kernel) -> None:
    """Bring up every present CPU, as far as maxcpus= allows.

    Simplified: what a new CPU allocates for itself is not modelled.
    """
    for cpu in sorted(k.cpu_present_mask):
        if len(k.cpu_online_mask) >= k.setup_max_cpus:
            break
        k.cpu_online_mask.add(cpu)
        k.cpu_active_mask.add(cpu)
