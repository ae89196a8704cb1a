"""arch/x86/kernel/smpboot.c: how many CPUs to make room for."""

from __future__ import annotations

from kmmdoc.linux.kernel import KERN_INFO, KERN_WARNING, Kernel
from kmmdoc.linux.kfunc import early_param, kfunc
from kmmdoc.linux.lib.cmdline import get_option


@kfunc
def native_smp_prepare_boot_cpu(k: Kernel) -> None:
    """The boot CPU takes its own per-cpu area and descriptor table into use."""


@early_param("possible_cpus")
@kfunc
def _setup_possible_cpus(k: Kernel, value: str | None) -> int:
    """possible_cpus=N: make room for N CPUs, whatever firmware says."""
    found, number, _ = get_option(value)
    if found:
        k.setup_possible_cpus = number
    return 0


@kfunc
def prefill_possible_map(k: Kernel) -> None:
    """Decide which CPUs are possible.

    Those present and, for later hotplug, those that firmware lists as disabled.
    """
    k.num_processors = k.num_processors or 1
    if k.setup_possible_cpus == -1:
        possible = k.num_processors
        if k.setup_max_cpus:
            possible += k.disabled_cpus
    else:
        possible = k.setup_possible_cpus
    k.total_cpus = max(possible, k.num_processors + k.disabled_cpus)
    if possible > k.nr_cpu_ids:
        text = f"smpboot: {possible} Processors exceeds NR_CPUS limit of {k.nr_cpu_ids}\n"
        k.printk(KERN_WARNING, text)
        possible = k.nr_cpu_ids
    limit = k.setup_max_cpus or 1
    if not k.setup_max_cpus and possible > limit:
        text = f"smpboot: {possible} Processors exceeds max_cpus limit of {k.setup_max_cpus}\n"
        k.printk(KERN_WARNING, text)
        possible = limit
    hotplug = max(possible - k.num_processors, 0)
    k.printk(KERN_INFO, f"smpboot: Allowing {possible} CPUs, {hotplug} hotplug CPUs\n")
    k.cpu_possible_mask = set(range(possible))
    k.nr_cpu_ids = possible


@kfunc
def smp_announce(k: Kernel) -> None:
    """Say how many CPUs run."""
    nodes = len({k.x86_cpu_to_node_map[cpu] for cpu in k.cpu_online_mask})
    text = f"x86: Booted up {nodes} node{'s' if nodes > 1 else ''}, {len(k.cpu_online_mask)} CPUs\n"
    k.printk(KERN_INFO, text)


@kfunc
def arch_disable_smp_support(k: Kernel) -> None:
    """No interrupt controllers are set up when no other CPU is to be started."""
