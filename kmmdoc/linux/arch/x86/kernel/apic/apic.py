"""arch/x86/kernel/apic/apic.c: the CPUs' local interrupt controllers, and the CPUs that have one."""

from __future__ import annotations

from kmmdoc.linux.arch.x86.include.asm.cpufeature import cpu_has_apic
from kmmdoc.linux.arch.x86.mm.pgtable import set_fixmap_nocache
from kmmdoc.linux.kfunc import early_param, kfunc
from kmmdoc.linux.lib.cmdline import get_option
from kmmdoc.linux.state import KERN_INFO, KERN_WARNING, Kernel

ENODEV, EINVAL = 19, 22
APIC_DEFAULT_PHYS_BASE = 0xFEE00000
FIX_APIC_BASE = 515
BAD_APICID = 0xFFFF


@kfunc
def init_apic_mappings(k: Kernel) -> None:
    """Map the local APIC if nobody did so yet."""
    if not k.smp_found_config:
        if not cpu_has_apic(k):
            k.printk(KERN_INFO, "No local APIC present\n")
            k.printk(KERN_INFO, "APIC: disable apic facility\n")
        else:
            k.mp_lapic_addr = APIC_DEFAULT_PHYS_BASE
            if not k.acpi_lapic:
                register_lapic_address(k, k.mp_lapic_addr)
    if k.boot_cpu_physical_apicid == -1:
        k.boot_cpu_physical_apicid = boot_apicid(k)


def boot_apicid(k: Kernel) -> int:
    """What the boot CPU reads out of its own local APIC.

    The first enabled CPU in firmware's list is taken for it.
    """
    return next((cpu.apic_id for cpu in k.machine.lapics if cpu.enabled), 0)


@kfunc
def register_lapic_address(k: Kernel, address: int) -> None:
    """Map the local APIC at `address` and ask it for the boot CPU's id."""
    k.mp_lapic_addr = address
    set_fixmap_nocache(k, FIX_APIC_BASE, address)
    if k.boot_cpu_physical_apicid == -1:
        k.boot_cpu_physical_apicid = boot_apicid(k)


@kfunc
def generic_processor_info(k: Kernel, apicid: int) -> int:
    """Give the CPU with `apicid` a number.

    0 for the boot CPU, else the lowest free one; negative if there is no room.
    """
    detected = k.boot_cpu_physical_apicid in k.x86_cpu_to_apicid.values()
    limit = k.nr_cpu_ids
    unwanted = k.disabled_cpu_apicid
    if unwanted != BAD_APICID and unwanted == apicid != boot_apicid(k):
        cpu = k.num_processors + k.disabled_cpus
        k.printk(KERN_WARNING, f"APIC: Disabling requested cpu. Processor {cpu}/0x{apicid:x} ignored.\n")
        k.disabled_cpus += 1
        return -ENODEV
    if not detected and k.num_processors >= limit - 1 and apicid != k.boot_cpu_physical_apicid:
        cpu = limit + k.disabled_cpus - 1
        k.printk(
            KERN_WARNING,
            f"ACPI: NR_CPUS/possible_cpus limit of {limit} almost reached. Keeping one slot for boot cpu."
            f"  Processor {cpu}/0x{apicid:x} ignored.\n",
        )
        k.disabled_cpus += 1
        return -ENODEV
    if k.num_processors >= limit:
        cpu = limit + k.disabled_cpus
        k.printk(
            KERN_WARNING,
            f"ACPI: NR_CPUS/possible_cpus limit of {limit} reached.  Processor {cpu}/0x{apicid:x} ignored.\n",
        )
        k.disabled_cpus += 1
        return -EINVAL
    k.num_processors += 1
    if apicid == k.boot_cpu_physical_apicid:
        cpu = 0
    else:
        cpu = next(i for i in range(limit + 1) if i not in k.cpu_present_mask)
    k.x86_cpu_to_apicid[cpu] = apicid
    k.cpu_possible_mask.add(cpu)
    k.cpu_present_mask.add(cpu)
    return cpu


@early_param("disableapic")
@kfunc
def setup_disableapic(k: Kernel, value: str | None) -> int:
    """disableapic: do not use the local APIC."""
    k.disable_apic = True
    return 0


@early_param("nolapic")
@kfunc
def setup_nolapic(k: Kernel, value: str | None) -> int:
    """nolapic: the same."""
    k.disable_apic = True
    return 0


@early_param("apic")
@kfunc
def apic_set_verbosity(k: Kernel, value: str | None) -> int:
    """Plain apic takes noapic back. apic=verbose and apic=debug say more.

    Simplified: what they would say is not modelled.
    """
    if value is None:
        k.skip_ioapic_setup = False
        return 0
    if value in ("debug", "verbose"):
        return 0
    text = f"APIC Verbosity level {value} not recognised use apic=verbose or apic=debug\n"
    k.printk(KERN_WARNING, text)
    return -EINVAL


@early_param("disable_cpu_apicid")
@kfunc
def apic_set_disabled_cpu_apicid(k: Kernel, value: str | None) -> int:
    """disable_cpu_apicid=ID: leave out the CPU of that local APIC, unless it is the one that boots."""
    found, apicid, _ = get_option(value)
    if not found:
        return -EINVAL
    k.disabled_cpu_apicid = apicid
    return 0
