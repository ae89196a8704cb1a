"""arch/x86/kernel/mpparse.c: the MP table, older firmware's list of CPUs and interrupt controllers."""

from __future__ import annotations

from kmmdoc.linux.arch.x86.kernel.apic.apic import generic_processor_info, register_lapic_address
from kmmdoc.linux.arch.x86.kernel.apic.io_apic import mp_register_ioapic
from kmmdoc.linux.arch.x86.kernel.e820.use import early_reserve_e820
from kmmdoc.linux.kfunc import early_param, kfunc
from kmmdoc.linux.lib.cmdline import memparse
from kmmdoc.linux.mm.memblock import memblock_reserve
from kmmdoc.linux.state import KERN_ERR, KERN_INFO, Kernel, __va
from kmmdoc.model.scenario import MpProcessor

APIC_DEFAULT_PHYS_BASE = 0xFEE00000
IO_APIC_DEFAULT_PHYS_BASE = 0xFEC00000
_RUN = 16


@kfunc
def MP_processor_info(k: Kernel, apic_id: int, boot: bool) -> None:
    """Take over one CPU of the table."""
    if boot:
        k.boot_cpu_physical_apicid = apic_id
    k.printk(KERN_INFO, f"Processor #{apic_id}{' (Bootup-CPU)' if boot else ''}\n")
    generic_processor_info(k, apic_id)


def mp_processors(k: Kernel) -> tuple[MpProcessor, ...]:
    """The enabled CPUs that the table lists; where the machine does not say, those that ACPI would list."""
    enabled = [cpu.apic_id for cpu in k.machine.lapics if cpu.enabled]
    return k.machine.mp_processors or tuple(MpProcessor(apic, i == 0) for i, apic in enumerate(enabled))


@kfunc
def default_get_smp_config(k: Kernel, early: int) -> None:
    """Read CPUs and interrupt controllers out of the MP table, as far as ACPI did not give them.

    Simplified: the names of the maker, the version and the buses of the table are not known and not printed.
    Where the table lies may be unknown too; it is there all the same.
    """
    if not k.smp_found_config or k.machine.mp_table is None:
        return
    if k.acpi_lapic and (early or k.acpi_ioapic):
        return
    if early:
        return
    if not k.acpi_lapic:
        register_lapic_address(k, APIC_DEFAULT_PHYS_BASE)
        for cpu in mp_processors(k):
            MP_processor_info(k, cpu.apic_id, cpu.boot)
    for i in range(k.machine.ioapics):
        mp_register_ioapic(k, i, IO_APIC_DEFAULT_PHYS_BASE + (i << 12))
    if not k.num_processors:
        k.printk(KERN_ERR, "MPTABLE: no processors registered!\n")
        k.smp_found_config = False
        text = "BIOS bug, MP table errors detected!...\n... disabling SMP support. (tell your hw vendor)\n"
        k.printk(KERN_ERR, text)
        return
    k.printk(KERN_INFO, f"Processors: {k.num_processors}\n")


@kfunc
def get_mpc_size(k: Kernel, physptr: int) -> int:
    """Bytes of the configuration table at `physptr`, from its header."""
    table = k.machine.mp_table
    return table.config[1] if table is not None and table.config is not None else 0


@kfunc
def smp_scan_config(k: Kernel, base: int, length: int) -> int:
    """Look for the pointer to the MP table in bytes `[base, base + length)`.

    Reserve it and the table. 1 if found.
    """
    table = k.machine.mp_table
    if table is None or not base <= table.pointer[0] < base + length or (table.pointer[0] - base) % _RUN:
        return 0
    mem, size = table.pointer
    k.smp_found_config = True
    k.printk(
        KERN_INFO,
        f"found SMP MP-table at [mem {mem:#010x}-{mem + size - 1:#010x}] mapped at [{__va(mem):016x}]\n",
    )
    memblock_reserve(k, mem, size)
    if table.config is not None:
        memblock_reserve(k, table.config[0], get_mpc_size(k, table.config[0]))
    return 1


@kfunc
def default_find_smp_config(k: Kernel) -> None:
    """Look for the MP table where it may be: the first KiB, the last KiB of 640, the BIOS, and the EBDA."""
    for base, length in ((0, 0x400), (639 * 0x400, 0x400), (0xF0000, 0x10000)):
        if smp_scan_config(k, base, length):
            return
    if k.machine.ebda:
        smp_scan_config(k, k.machine.ebda, 0x400)


@early_param("update_mptable")
@kfunc
def update_mptable_setup(k: Kernel, value: str | None) -> int:
    """update_mptable: correct the MP table for a next kernel."""
    k.enable_update_mptable = True
    return 0


@early_param("alloc_mptable")
@kfunc
def parse_alloc_mptable_opt(k: Kernel, value: str | None) -> int:
    """alloc_mptable[=SIZE]: the same, in memory of its own."""
    k.enable_update_mptable = k.alloc_mptable = True
    if value is not None:
        k.mpc_new_length = memparse(value)[0]
    return 0


@kfunc
def early_reserve_e820_mpc_new(k: Kernel) -> None:
    """Take memory for a corrected MP table, if the command line asks for one."""
    if k.enable_update_mptable and k.alloc_mptable:
        k.mpc_new_phys = early_reserve_e820(k, k.mpc_new_length, 4)
