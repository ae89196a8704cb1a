"""arch/x86/platform/efi/efi.c: the memory map of UEFI firmware."""

from __future__ import annotations

from kmmdoc.linux.arch.x86.include.asm.e820 import (
    E820_ACPI,
    E820_NVS,
    E820_RAM,
    E820_RESERVED,
    E820_UNUSABLE,
    E820_X_MAX,
)
from kmmdoc.linux.arch.x86.kernel.e820.table import e820_add_region, sanitize_e820_map
from kmmdoc.linux.arch.x86.mm.init_64 import supported
from kmmdoc.linux.arch.x86.mm.ioremap import FIRST_BTMAP
from kmmdoc.linux.arch.x86.mm.pgtable_ext import PAGE_KERNEL
from kmmdoc.linux.drivers.firmware.efi.efi import efi_runtime_disabled
from kmmdoc.linux.kfunc import early_param, kfunc
from kmmdoc.linux.mm.memblock import memblock_reserve
from kmmdoc.linux.state import KERN_INFO, Kernel
from kmmdoc.model.quantities import PAGE_SIZE
from kmmdoc.model.scenario import EFI_TYPES, EfiMemory

EFI_LOADER_CODE, EFI_LOADER_DATA = 1, 2
EFI_BOOT_SERVICES_CODE, EFI_BOOT_SERVICES_DATA = 3, 4
EFI_CONVENTIONAL_MEMORY, EFI_UNUSABLE_MEMORY = 7, 8
EFI_ACPI_RECLAIM_MEMORY, EFI_ACPI_MEMORY_NVS = 9, 10
EFI_MEMORY_WB = 0x8

_USABLE = (
    EFI_LOADER_CODE,
    EFI_LOADER_DATA,
    EFI_BOOT_SERVICES_CODE,
    EFI_BOOT_SERVICES_DATA,
    EFI_CONVENTIONAL_MEMORY,
)
_TYPES = {
    EFI_ACPI_RECLAIM_MEMORY: E820_ACPI,
    EFI_ACPI_MEMORY_NVS: E820_NVS,
    EFI_UNUSABLE_MEMORY: E820_UNUSABLE,
}
_ATTRIBUTES = ((1 << 63, "RUN"), (0x4000, "XP"), (0x2000, "RP"), (0x1000, "WP"), (0x10, "UCE"))
_CACHE = ((0x8, "WB"), (0x4, "WT"), (0x2, "WC"), (0x1, "UC"))


@early_param("add_efi_memmap")
@kfunc
def setup_add_efi_memmap(k: Kernel, value: str | None) -> int:
    """add_efi_memmap: add UEFI's map to the one the boot loader gave."""
    k.add_efi_memmap = True
    return 0


@kfunc
def do_add_efi_memmap(k: Kernel) -> None:
    """Add UEFI's map to the e820 table."""
    for md in k.efi_memmap:
        if md.type in _USABLE:
            e820_type = E820_RAM if md.attribute & EFI_MEMORY_WB else E820_RESERVED
        else:
            e820_type = _TYPES.get(md.type, E820_RESERVED)
        e820_add_region(k, md.start, md.end - md.start, e820_type)
    sanitize_e820_map(k, k.e820.map, E820_X_MAX)


@kfunc
def efi_memblock_x86_reserve_range(k: Kernel) -> int:
    """Reserve UEFI's map itself."""
    efi = k.machine.efi
    if efi is not None and efi.memmap_size:
        size = efi.memmap_size // efi.memdesc_size * efi.memdesc_size
        memblock_reserve(k, efi.memmap_addr, size)
    return 0


def _typeattr(md: EfiMemory) -> str:
    """Type and attributes of a descriptor as the log writes them."""
    name = EFI_TYPES[md.type] if md.type < len(EFI_TYPES) else f"type={md.type}"
    flags = "|".join(f"{text if md.attribute & bit else '':{len(text)}}" for bit, text in _ATTRIBUTES)
    cache = "|".join(text if md.attribute & bit else "  " for bit, text in _CACHE)
    return f"[{name:<19}|{flags}|{cache}]"


@kfunc
def print_efi_memmap(k: Kernel) -> None:
    """Print UEFI's map."""
    for i, md in enumerate(k.efi_memmap):
        mib = (md.end - md.start) >> 20
        span = f"[0x{md.start:016x}-0x{md.end:016x})"
        k.printk(KERN_INFO, f"efi: mem{i:02d}: {_typeattr(md)} range={span} ({mib}MB)\n")


def _memmap_pages(k: Kernel) -> tuple[int, int]:
    """First page and number of pages that UEFI's map lies in."""
    efi = k.machine.efi
    if efi is None or not efi.memmap_size:
        return 0, 0
    first = efi.memmap_addr // PAGE_SIZE
    return first, (efi.memmap_addr + efi.memmap_size - 1) // PAGE_SIZE + 1 - first


@kfunc
def efi_unmap_memmap(k: Kernel) -> None:
    """Let go of UEFI's map."""
    _, pages = _memmap_pages(k)
    k.init_pgt.unmap(FIRST_BTMAP, FIRST_BTMAP + pages * PAGE_SIZE)
    k.efi_memmap = []


@kfunc
def efi_memmap_init(k: Kernel) -> int:
    """Take UEFI's map into use, at the first temporary address, where it stays until the boot ends."""
    k.efi_memmap = list(k.machine.efi.memmap) if k.machine.efi is not None else []
    first, pages = _memmap_pages(k)
    k.init_pgt.map_run(FIRST_BTMAP, first * PAGE_SIZE, 1, pages, supported(k, PAGE_KERNEL))
    if k.add_efi_memmap:
        do_add_efi_memmap(k)
    return 0


@kfunc
def efi_init(k: Kernel) -> None:
    """Read UEFI's tables.

    Simplified: of all that UEFI offers, only its memory map is described and used.
    """
    if not efi_runtime_disabled(k) and not efi_memmap_init(k):
        print_efi_memmap(k)
