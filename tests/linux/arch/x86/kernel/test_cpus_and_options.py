"""Options about CPUs and interrupt controllers. Expected values follow from the kernel's source."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any

from kmmdoc.linux.arch.x86.kernel.head64 import x86_64_start_kernel
from kmmdoc.linux.link import link
from kmmdoc.linux.state import Kernel, KernelPanic
from kmmdoc.machines.resolve import resolve
from kmmdoc.model.scenario import AcpiTable, E820Entry, Efi, EfiMemory, Lapic, Machine, MpTable, Scenario
from kmmdoc.model.trace import dmesg

GIB = 1 << 30
ACPI = (
    AcpiTable("RSDP", 0xF5000, 20),
    AcpiTable("RSDT", GIB - 0x1000, 52),
    AcpiTable("APIC", GIB - 0xE00, 144),
)
MP = MpTable((0xF5BA0, 16), (0xF5BB0, 0xC8))


def machine(cpus: int = 4, **more: Any) -> Machine:
    """A PC of 1 GiB."""
    e820 = (
        E820Entry(0, 0x9FC00, 1),
        E820Entry(0xF0000, 0x10000, 2),
        E820Entry(0x100000, GIB - 0x10000 - 0x100000, 1),
        E820Entry(GIB - 0x10000, 0x10000, 2),
    )
    lapics = tuple(Lapic(i, i, True) for i in range(cpus))
    return replace(Machine("pc", e820, acpi_tables=ACPI, mp_table=MP, lapics=lapics), **more)


def boot(command_line: str, **more: Any) -> tuple[Kernel, list[str]]:
    """The kernel after a boot of that machine, and its log."""
    link()
    k = Kernel(Scenario(machine(**more), resolve("qemu-2g").build, command_line))
    with suppress(KernelPanic):
        x86_64_start_kernel(k)
    return k, [line.rstrip() for line in dmesg(k.events)]


def has(log: list[str], text: str) -> bool:
    return any(text in line for line in log)


def test_noapic_takes_the_controllers_of_the_mp_table():
    # ACPI is not asked for them. The CPUs came from ACPI, so the MP table is read for the rest alone.
    k, log = boot("noapic")
    assert has(log, "ACPI: Skipping IOAPIC probe due to 'noapic' option.")
    assert not has(log, "ACPI: IOAPIC (")
    assert not has(log, "Processor #")
    assert has(log, "Processors: 4")
    assert len(k.ioapics) == 1
    assert k.nr_cpu_ids == 4


def test_noapic_without_an_mp_table_leaves_none():
    k, _ = boot("noapic", mp_table=None)
    assert k.ioapics == []


def test_apic_takes_noapic_back():
    k, log = boot("noapic apic", mp_table=None)
    assert len(k.ioapics) == 1
    assert has(log, "Using ACPI (MADT) for SMP configuration information")


def test_acpi_noirq():
    _, log = boot("acpi=noirq")
    assert not has(log, "ACPI: IOAPIC (")
    assert not has(log, "Skipping IOAPIC")
    assert has(log, "IOAPIC[0]: ")


def test_nosmp_gives_the_other_cpus_up():
    # Four are present until other CPUs would be started; possible is one, since none is to be started.
    k, log = boot("nosmp")
    assert has(log, "smpboot: 4 Processors exceeds max_cpus limit of 0")
    assert has(log, "smpboot: Allowing 1 CPUs, 0 hotplug CPUs")
    assert has(log, "smpboot: SMP mode deactivated")
    assert (k.cpu_possible_mask, k.cpu_present_mask, k.cpu_online_mask) == ({0}, {0}, {0})


def test_nolapic_takes_the_cpus_of_the_mp_table_and_gives_them_up():
    k, log = boot("nolapic")
    assert not has(log, "ACPI: Local APIC address")
    assert not has(log, "ACPI: LAPIC (")
    assert has(log, "Processor #3")
    assert has(log, "smpboot: Allowing 4 CPUs, 0 hotplug CPUs")
    assert k.nr_cpu_ids == 4
    assert k.cpu_online_mask == {0}


def test_without_any_list_of_cpus_there_is_one():
    k, log = boot("acpi=off", mp_table=None)
    assert has(log, "smpboot: SMP motherboard not detected")
    assert k.nr_cpu_ids == 1


def test_nr_cpus_keeps_the_boot_cpu():
    # CPUs 2 and 3 are refused and count as disabled: 2 + 2 are possible, and cut to 2 again.
    k, log = boot("nr_cpus=2")
    assert has(log, "limit of 2 reached.  Processor 2/0x2 ignored.")
    assert has(log, "limit of 2 reached.  Processor 3/0x3 ignored.")
    assert has(log, "smpboot: 4 Processors exceeds NR_CPUS limit of 2")
    assert k.cpu_possible_mask == k.cpu_present_mask == {0, 1}


def test_disable_cpu_apicid():
    # The number in the message counts the CPUs seen before: 0 and 1. The boot CPU cannot be left out.
    k, log = boot("disable_cpu_apicid=2")
    assert has(log, "APIC: Disabling requested cpu. Processor 2/0x2 ignored.")
    assert k.x86_cpu_to_apicid == {0: 0, 1: 1, 2: 3}
    assert boot("disable_cpu_apicid=0")[0].num_processors == 4


def test_freed_locks():
    # The table of locks stays when the kernel was patched for one CPU and more may come.
    freed = "Freeing SMP alternatives memory"
    assert not has(boot("maxcpus=1")[1], freed)
    assert has(boot("maxcpus=1 noreplace-smp")[1], freed)
    assert has(boot("maxcpus=1 possible_cpus=1")[1], freed)


def test_swiotlb_reads_numbers_as_c_does():
    # 0x1001 = 4097 slabs of 2 KiB, rounded up to a segment of 128: 4224. A comma may be left out.
    k, _ = boot("swiotlb=0x1001,force")
    assert (k.io_tlb_nslabs, k.swiotlb_force) == (4224, 1)
    assert boot("swiotlb=force")[0].swiotlb_force == 1
    assert boot("swiotlb=010")[0].io_tlb_nslabs == 128


def test_reserve():
    # From 0x10000 on an address means memory. A range that is taken already does not count.
    k, _ = boot("reserve=0x300,32,0xd0000000,0x1000,0xd0000800,16")
    port = k.ioport_resource.child
    while port is not None and port.start < 0x300:
        port = port.sibling
    assert port is not None
    assert (port.start, port.end, port.name) == (0x300, 0x31F, "reserved")
    assert k.reserved == 2


def test_retained_initrd():
    initrd = (0x38000000, 0x345678)
    # 0x345678 bytes end in page 0x346: 838 pages of 4 KiB.
    assert has(boot("", initrd=initrd)[1], "Freeing initrd memory: 3352K")
    assert not has(boot("retain_initrd", initrd=initrd)[1], "Freeing initrd memory")


def test_present_cpus_that_are_not_possible_stay_off():
    k, log = boot("possible_cpus=2")
    assert k.cpu_present_mask == {0, 1, 2, 3}
    assert k.cpu_online_mask == {0, 1}
    # for_each_present_cpu() ends at nr_cpu_ids, so that nobody tries the others and complains.
    assert not any("as may-hotadd at boot time" in line for line in log)


def test_noefi_leaves_uefis_map_alone():
    # The map itself is reserved before the options are read; it is neither mapped nor believed afterwards.
    at = GIB - 0x30000
    efi = Efi((EfiMemory(4, 0xF, 0x30000000, 0x30100000),), at, 48)
    kept, _ = boot("add_efi_memmap memory_corruption_check=0", efi=efi)
    left, _ = boot("add_efi_memmap noefi memory_corruption_check=0", efi=efi)
    assert kept.efi_boot
    assert left.efi_boot
    assert left.efi_memmap == []
    assert not any("efi: mem" in line for line in dmesg(left.events))
    assert any("efi: mem" in line for line in dmesg(kept.events))
