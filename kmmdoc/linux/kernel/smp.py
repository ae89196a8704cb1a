"""kernel/smp.c: how many CPUs there may be, and how they come up."""

from __future__ import annotations

from kmmdoc.linux.arch.x86.kernel.smpboot import arch_disable_smp_support, smp_announce
from kmmdoc.linux.kfunc import early_param, kfunc
from kmmdoc.linux.lib.cmdline import get_option
from kmmdoc.linux.state import Kernel


@early_param("nosmp")
@kfunc
def nosmp(k: Kernel, value: str | None) -> int:
    """nosmp: start no other CPU."""
    k.setup_max_cpus = 0
    arch_disable_smp_support(k)
    return 0


@early_param("nr_cpus")
@kfunc
def nrcpus(k: Kernel, value: str | None) -> int:
    """nr_cpus=N: no more than N CPUs can ever be."""
    _, nr_cpus, _ = get_option(value)
    if 0 < nr_cpus < k.nr_cpu_ids:
        k.nr_cpu_ids = nr_cpus
    return 0


@early_param("maxcpus")
@kfunc
def maxcpus(k: Kernel, value: str | None) -> int:
    """maxcpus=N: start no more than N CPUs now."""
    found, number, _ = get_option(value)
    if found:
        k.setup_max_cpus = number
    if k.setup_max_cpus == 0:
        arch_disable_smp_support(k)
    return 0


@kfunc
def setup_nr_cpu_ids(k: Kernel) -> None:
    """Count CPU numbers up to the highest possible CPU; without any the search ends behind the mask."""
    k.nr_cpu_ids = max(k.cpu_possible_mask, default=k.build.number("NR_CPUS")) + 1


@kfunc
def smp_init(k: Kernel) -> None:
    """Bring up every present CPU, as far as maxcpus= allows.

    Simplified: what a new CPU allocates for itself is not modelled.
    """
    for cpu in sorted(k.cpu_present_mask):
        if cpu >= k.nr_cpu_ids or len(k.cpu_online_mask) >= k.setup_max_cpus:
            break
        k.cpu_online_mask.add(cpu)
        k.cpu_active_mask.add(cpu)
    smp_announce(k)
