"""arch/x86/kernel/acpi/boot.c: CPUs, interrupt controllers and timers from ACPI's tables."""

from __future__ import annotations

from kmmdoc.linux.arch.x86.kernel.apic.apic import generic_processor_info, register_lapic_address
from kmmdoc.linux.arch.x86.kernel.apic.io_apic import mp_register_ioapic
from kmmdoc.linux.kernel import KERN_ERR, KERN_INFO, KERN_WARNING, Kernel
from kmmdoc.linux.kfunc import early_param, kfunc
from kmmdoc.linux.mm.nobootmem import __alloc_bootmem
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
    """Read where the local APICs are mapped."""
    k.printk(KERN_INFO, f"ACPI: Local APIC address 0x{LAPIC_ADDRESS:08x}\n")
    return 0


@kfunc
def early_acpi_process_madt(k: Kernel) -> None:
    """With a MADT, map the local APIC and count on it."""
    if acpi_table(k, "APIC") is None:
        return
    acpi_parse_madt(k)
    if "apic" in k.machine.cpu_flags:
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
    if "apic" not in k.machine.cpu_flags:
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
def acpi_process_madt(k: Kernel) -> None:
    """Read the MADT for good: CPUs and interrupt controllers. Without one, an MP table is not used either."""
    if acpi_table(k, "APIC") is not None:
        acpi_parse_madt(k)
        if not acpi_parse_madt_lapic_entries(k):
            k.acpi_lapic = True
            for i in range(k.machine.ioapics):
                acpi_parse_ioapic(k, i, IOAPIC_ADDRESS + (i << 12), i * 24)
            if k.machine.ioapics:
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
    """Take memory for the timer's entry in the resource tree, its name included."""
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
    """acpi=off: use none of it. Other words change nothing here."""
    if value is None:
        return -EINVAL
    if value == "off":
        k.acpi_disabled = True
        return 0
    if value == "force":
        k.acpi_disabled = False
        return 0
    return 0 if value in ("strict", "rsdt", "noirq", "copy_dsdt") else -EINVAL


@early_param("pci")
@kfunc
def parse_pci(k: Kernel, value: str | None) -> int:
    """pci=noacpi: do not route interrupts by ACPI."""
    return 0
