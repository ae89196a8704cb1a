"""arch/x86/platform/efi/quirks.c: firmware that goes on using memory it has given back."""

from __future__ import annotations

from dataclasses import replace

from kmmdoc.linux.arch.x86.include.asm.e820 import E820_RAM
from kmmdoc.linux.arch.x86.kernel.e820.table import e820_all_mapped
from kmmdoc.linux.arch.x86.platform.efi.efi import (
    EFI_BOOT_SERVICES_CODE,
    EFI_BOOT_SERVICES_DATA,
    efi_unmap_memmap,
)
from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.mm.memblock import memblock_is_region_reserved, memblock_reserve
from kmmdoc.linux.mm.nobootmem_free import free_bootmem_late
from kmmdoc.linux.state import KERN_INFO, Kernel


@kfunc
def efi_reserve_boot_services(k: Kernel) -> None:
    """Keep the memory of UEFI's boot services until its address map was changed, wherever that is possible.

    Where it is not, the descriptor is emptied, so that nothing is given back later.
    """
    text, end = k.pa_symbol("_text"), k.pa_symbol("_end")
    for i, md in enumerate(k.efi_memmap):
        if md.type not in (EFI_BOOT_SERVICES_CODE, EFI_BOOT_SERVICES_DATA):
            continue
        size = md.end - md.start
        if (
            (md.end > text and md.start <= end)
            or not e820_all_mapped(k, md.start, md.end, E820_RAM)
            or memblock_is_region_reserved(k, md.start, size)
        ):
            k.efi_memmap[i] = replace(md, end=md.start)
            if k.memblock_debug:
                text_ = f"Could not reserve boot range [0x{md.start:010x}-0x{md.end - 1:010x}]\n"
                k.printk(KERN_INFO, text_)
        else:
            memblock_reserve(k, md.start, size)


@kfunc
def efi_free_boot_services(k: Kernel) -> None:
    """Give back the memory of UEFI's boot services that was kept."""
    for md in k.efi_memmap:
        if md.type in (EFI_BOOT_SERVICES_CODE, EFI_BOOT_SERVICES_DATA) and md.end > md.start:
            free_bootmem_late(k, md.start, md.end - md.start)
    efi_unmap_memmap(k)
