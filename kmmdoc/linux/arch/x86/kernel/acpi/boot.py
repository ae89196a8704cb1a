"""arch/x86/kernel/acpi/boot.c: CPUs, interrupt controllers and timers from ACPI's tables."""

from __future__ import annotations

from kmmdoc.linux.arch.x86.include.asm.cpufeature import cpu_has_apic
from kmmdoc.linux.arch.x86.kernel.apic.apic import generic_processor_info, register_lapic_address
from kmmdoc.linux.arch.x86.kernel.apic.io_apic import mp_register_ioapic
from kmmdoc.linux.kfunc import early_param, kfunc
from kmmdoc.linux.mm.nobootmem import __alloc_bootmem
from kmmdoc.linux.state import KERN_DEBUG, KERN_ERR, KERN_INFO, KERN_WARNING, Kernel
from kmmdoc.model.scenario import AcpiTable, Lapic

EINVAL, ENODEV = 22, 19
LAPIC_ADDRESS = 0xFEE00000
IOAPIC_ADDRESS = 0xFEC00000
HPET_RESOURCE_NAME_SIZE = 9
SMP_CACHE_BYTES = 64


def acpi_table(k: Kernel, signature: str) -> AcpiTable | None:
    """The table with that signature, as the kernel's list of tables would give it."""
    if k.acpi_disabled:
        return None
    return next((table for table in k.machine.acpi_tables if table.name == signature), None)


@kfunc
def acpi_boot_table_init(k: Kernel) -> None:
    """Find ACPI's tables; without them ACPI is off.

    Simplified: the tables are firmware's, so they are not read but listed, without the names of their maker.
    """
    if k.acpi_disabled:
        return
    if not any(table.name == "RSDP" for table in k.machine.acpi_tables):
        k.printk(KERN_ERR, "ACPI BIOS Error (bug): A valid RSDP was not found\n")
        k.acpi_disabled = True
        return
    for table in k.machine.acpi_tables:
        k.printk(KERN_INFO, f"ACPI: {table.name} 0x{table.base:016X} {table.size:06X}\n")


@kfunc
def acpi_parse_madt(k: Kernel) -> int:
    """Read where the local APICs are mapped; -EINVAL for a CPU that has none."""
    if not cpu_has_apic(k):
        return -EINVAL
    k.printk(KERN_DEBUG, f"ACPI: Local APIC address 0x{LAPIC_ADDRESS:08x}\n")
    return 0


@kfunc
def early_acpi_process_madt(k: Kernel) -> None:
    """With a MADT, map the local APIC and count on it."""
    if acpi_table(k, "APIC") is None:
        return
    acpi_parse_madt(k)
    if cpu_has_apic(k):
        register_lapic_address(k, LAPIC_ADDRESS)
        k.acpi_lapic = k.smp_found_config = True


@kfunc
def early_acpi_boot_init(k: Kernel) -> int:
    """The first look at the MADT, before NUMA start-up. 1 when ACPI is off."""
    if k.acpi_disabled:
        return 1
    early_acpi_process_madt(k)
    return 0


@kfunc
def acpi_register_lapic(k: Kernel, id: int, enabled: bool) -> None:
    """Take over one CPU of the MADT; a disabled one counts for later hotplug."""
    if not enabled:
        k.disabled_cpus += 1
        return
    generic_processor_info(k, id)


@kfunc
def acpi_parse_lapic(k: Kernel, lapic: Lapic) -> int:
    """One local APIC entry of the MADT."""
    state = "enabled" if lapic.enabled else "disabled"
    k.printk(
        KERN_INFO, f"ACPI: LAPIC (acpi_id[0x{lapic.acpi_id:02x}] lapic_id[0x{lapic.apic_id:02x}] {state})\n"
    )
    acpi_register_lapic(k, lapic.apic_id, lapic.enabled)
    return 0


@kfunc
def acpi_parse_madt_lapic_entries(k: Kernel) -> int:
    """Every CPU of the MADT, in its order."""
    if not cpu_has_apic(k):
        return -ENODEV
    register_lapic_address(k, LAPIC_ADDRESS)
    for lapic in k.machine.lapics:
        acpi_parse_lapic(k, lapic)
    if not k.machine.lapics:
        k.printk(KERN_ERR, "ACPI: No LAPIC entries present\n")
        return -ENODEV
    return 0


@kfunc
def acpi_parse_ioapic(k: Kernel, id: int, address: int, gsi_base: int) -> int:
    """One interrupt controller of the MADT."""
    k.printk(KERN_INFO, f"ACPI: IOAPIC (id[0x{id:02x}] address[0x{address:08x}] gsi_base[{gsi_base}])\n")
    mp_register_ioapic(k, id, address)
    return 0


@kfunc
def acpi_parse_madt_ioapic_entries(k: Kernel) -> int:
    """Every interrupt controller of the MADT. -ENODEV without any, or where they are not to be used."""
    if k.acpi_disabled or k.acpi_noirq or not cpu_has_apic(k):
        return -ENODEV
    if k.skip_ioapic_setup:
        k.printk(KERN_INFO, "ACPI: Skipping IOAPIC probe due to 'noapic' option.\n")
        return -ENODEV
    for i in range(k.machine.ioapics):
        acpi_parse_ioapic(k, i, IOAPIC_ADDRESS + (i << 12), i * 24)
    if not k.machine.ioapics:
        k.printk(KERN_ERR, "ACPI: No IOAPIC entries present\n")
        return -ENODEV
    return 0


@kfunc
def acpi_process_madt(k: Kernel) -> None:
    """Read the MADT for good: CPUs and interrupt controllers. Without one, an MP table is not used either."""
    if acpi_table(k, "APIC") is not None:
        acpi_parse_madt(k)
        if not acpi_parse_madt_lapic_entries(k):
            k.acpi_lapic = True
            if not acpi_parse_madt_ioapic_entries(k):
                k.acpi_ioapic = k.smp_found_config = True
    elif k.smp_found_config:
        k.printk(KERN_WARNING, "ACPI: No APIC-table, disabling MPS\n")
        k.smp_found_config = False
    if k.acpi_lapic and k.acpi_ioapic:
        k.printk(KERN_INFO, "Using ACPI (MADT) for SMP configuration information\n")
    elif k.acpi_lapic:
        k.printk(KERN_INFO, "Using ACPI for processor (LAPIC) configuration information\n")


@kfunc
def acpi_parse_hpet(k: Kernel) -> int:
    """Take memory for the timer's entry in the resource tree, its name included.

    Simplified: the table is taken to name a place in memory. The kernel takes none for an address of zero,
    one that is known to be bogus, or one in another address space.
    """
    __alloc_bootmem(k, k.build.sizeof("resource") + HPET_RESOURCE_NAME_SIZE, SMP_CACHE_BYTES, 0)
    return 0


@kfunc
def acpi_boot_init(k: Kernel) -> int:
    """Read from ACPI what the kernel needs to know early. 1 when ACPI is off."""
    if k.acpi_disabled:
        return 1
    acpi_process_madt(k)
    if acpi_table(k, "HPET") is not None:
        acpi_parse_hpet(k)
    return 0


@early_param("acpi")
@kfunc
def parse_acpi(k: Kernel, value: str | None) -> int:
    """acpi=off: use none of it. acpi=noirq: take no interrupt controllers from it."""
    if value is None:
        return -EINVAL
    if value == "off":
        k.acpi_disabled = k.acpi_noirq = True
        return 0
    if value == "noirq":
        k.acpi_noirq = True
        return 0
    if value == "force":
        k.acpi_disabled = False
        return 0
    return 0 if value in ("strict", "rsdt", "copy_dsdt", "nocmcff") else -EINVAL


@early_param("pci")
@kfunc
def parse_pci(k: Kernel, value: str | None) -> int:
    """pci=noacpi: do not route interrupts by ACPI."""
    if value == "noacpi":
        k.acpi_noirq = True
    return 0
