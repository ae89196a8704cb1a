"""arch/x86/kernel/apic/io_apic.c: interrupt controllers of the board, as far as they take memory."""

from __future__ import annotations

from kmmdoc.linux.arch.x86.mm.pgtable import set_fixmap_nocache
from kmmdoc.linux.kfunc import early_param, kfunc
from kmmdoc.linux.mm.nobootmem import __alloc_bootmem
from kmmdoc.linux.state import KERN_INFO, Kernel, __pa
from kmmdoc.model.quantities import PAGE_SIZE

FIX_IO_APIC_BASE_0 = 516
IOAPIC_RESOURCE_NAME_SIZE = 11
SMP_CACHE_BYTES = 64
PINS = 24


@kfunc
def disable_ioapic_support(k: Kernel) -> None:
    """Leave the controllers alone: ACPI is not asked for them, and none is started.

    Those that an MP table lists are taken over all the same.
    """
    k.skip_ioapic_setup = True


@early_param("noapic")
@kfunc
def parse_noapic(k: Kernel, value: str | None) -> int:
    """noapic: do not use the board's interrupt controllers."""
    disable_ioapic_support(k)
    return 0


@kfunc
def ioapic_setup_resources(k: Kernel) -> None:
    """Take memory for the controllers' entries in the resource tree, names included."""
    if k.ioapics:
        size = (IOAPIC_RESOURCE_NAME_SIZE + k.build.sizeof("resource")) * len(k.ioapics)
        __alloc_bootmem(k, size, SMP_CACHE_BYTES, 0)


@kfunc
def native_io_apic_init_mappings(k: Kernel) -> None:
    """Map every controller, or a page in its stead when there is no configuration to trust."""
    ioapic_setup_resources(k)
    for i, (_, address) in enumerate(k.ioapics):
        phys = address
        if not k.smp_found_config:
            phys = __pa(__alloc_bootmem(k, PAGE_SIZE, PAGE_SIZE, 0))
        set_fixmap_nocache(k, FIX_IO_APIC_BASE_0 + i, phys)


@kfunc
def mp_register_ioapic(k: Kernel, id: int, address: int) -> None:
    """Take over a controller that firmware lists, and map it.

    Simplified: its version and its number of pins are those of the one that PC emulators have.
    """
    i = len(k.ioapics)
    set_fixmap_nocache(k, FIX_IO_APIC_BASE_0 + i, address)
    k.ioapics.append((id, address))
    first = i * PINS
    k.printk(
        KERN_INFO,
        f"IOAPIC[{i}]: apic_id {id}, version 32, address 0x{address:x}, GSI {first}-{first + PINS - 1}\n",
    )
