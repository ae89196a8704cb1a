"""arch/x86/kernel/smpboot.c: how many CPUs to make room for."""

from __future__ import annotations

from kmmdoc.linux.arch.x86.include.asm.cpufeature import cpu_has_apic
from kmmdoc.linux.kfunc import early_param, extern, kfunc
from kmmdoc.linux.lib.cmdline import get_option
from kmmdoc.linux.state import KERN_INFO, KERN_NOTICE, KERN_WARNING, Kernel

disable_ioapic_support = extern("disable_ioapic_support")


@kfunc
def arch_disable_smp_support(k: Kernel) -> None:
    """No interrupt controllers are set up when no other CPU is to be started."""
    disable_ioapic_support(k)


@kfunc
def disable_smp(k: Kernel) -> None:
    """Go on with one CPU: no other one is present or possible."""
    k.cpu_present_mask, k.cpu_possible_mask = {0}, {0}


@kfunc
def smp_sanity_check(k: Kernel, max_cpus: int) -> int:
    """Can other CPUs be started? -1 if firmware lists none, without a local APIC, or if none is wanted."""
    if not k.smp_found_config and not k.acpi_lapic:
        k.printk(KERN_NOTICE, "smpboot: SMP motherboard not detected\n")
        disable_smp(k)
        return -1
    if not cpu_has_apic(k):
        disable_ioapic_support(k)
        return -1
    if not max_cpus:
        k.printk(KERN_INFO, "smpboot: SMP mode deactivated\n")
        return -1
    return 0


@kfunc
def native_smp_prepare_cpus(k: Kernel, max_cpus: int) -> None:
    """Before other CPUs are started: make sure that this is possible, or give it up."""
    if smp_sanity_check(k, max_cpus) < 0:
        k.printk(KERN_INFO, "smpboot: SMP disabled\n")
        disable_smp(k)


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
    nodes = len(k.node_states["N_ONLINE"])
    text = f"x86: Booted up {nodes} node{'s' if nodes > 1 else ''}, {len(k.cpu_online_mask)} CPUs\n"
    k.printk(KERN_INFO, text)
