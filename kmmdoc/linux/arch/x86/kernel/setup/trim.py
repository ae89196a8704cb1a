"""arch/x86/kernel/setup.c, putting the memory map right and reserving what is known to be unsafe."""

from __future__ import annotations

from kmmdoc.linux.arch.x86.include.asm.bootparam import SETUP_DATA_HEADER, SETUP_E820_EXT
from kmmdoc.linux.arch.x86.include.asm.e820 import (
    BIOS_BEGIN,
    BIOS_END,
    E820_RAM,
    E820_RESERVED,
    E820_RESERVED_KERN,
    E820_X_MAX,
)
from kmmdoc.linux.arch.x86.kernel.e820.setup import parse_e820_ext
from kmmdoc.linux.arch.x86.kernel.e820.table import (
    e820_add_region,
    e820_all_mapped,
    e820_print_map,
    e820_remove_range,
    e820_update_range,
    sanitize_e820_map,
)
from kmmdoc.linux.kfunc import early_param, kfunc
from kmmdoc.linux.lib.cmdline import memparse
from kmmdoc.linux.mm.memblock import memblock_reserve
from kmmdoc.linux.state import KERN_INFO, KERN_WARNING, Kernel
from kmmdoc.model.quantities import PAGE_SIZE

KFILE = "arch/x86/kernel/setup.c"
EINVAL = 22


@kfunc
def parse_setup_data(k: Kernel) -> None:
    """Take over what the boot loader put into its list of setup_data: more of the memory map."""
    for node in k.boot_params.setup_data:
        if node.type == SETUP_E820_EXT:
            parse_e820_ext(k, k.boot_params.e820_ext)


@kfunc
def e820_reserve_setup_data(k: Kernel) -> None:
    """Mark the list's memory as RAM that must not be used, in both maps."""
    if not k.boot_params.setup_data:
        return
    for node in k.boot_params.setup_data:
        e820_update_range(k, node.addr, SETUP_DATA_HEADER + node.len, E820_RAM, E820_RESERVED_KERN)
    sanitize_e820_map(k, k.e820.map, E820_X_MAX)
    k.e820_saved.copy_from(k.e820)
    k.printk(KERN_INFO, "extended physical RAM map:\n")
    e820_print_map(k, "reserve setup_data")


@kfunc
def memblock_x86_reserve_range_setup_data(k: Kernel) -> None:
    """Reserve the list's memory."""
    for node in k.boot_params.setup_data:
        memblock_reserve(k, node.addr, SETUP_DATA_HEADER + node.len)


@kfunc
def trim_platform_memory_ranges(k: Kernel) -> None:
    """Reserve memory that certain graphics chips trample on.

    Simplified: no machine description names such a chip, so nothing is reserved.
    """


@kfunc
def trim_bios_range(k: Kernel) -> None:
    """Take the first page, the BIOS's, and what it owns between 640 KiB and 1 MiB out of the RAM."""
    e820_update_range(k, 0, PAGE_SIZE, E820_RAM, E820_RESERVED)
    e820_remove_range(k, BIOS_BEGIN, BIOS_END - BIOS_BEGIN, E820_RAM, True)
    sanitize_e820_map(k, k.e820.map, E820_X_MAX)


@kfunc
def e820_add_kernel_range(k: Kernel) -> None:
    """Make sure that what the kernel itself runs in counts as RAM, whatever the map or the user says."""
    start = k.pa_symbol("_text")
    size = k.pa_symbol("_end") - start
    if e820_all_mapped(k, start, start + size, E820_RAM):
        return
    k.printk(KERN_WARNING, ".text .data .bss are not marked as E820_RAM!\n")
    e820_remove_range(k, start, size, E820_RAM, False)
    e820_add_region(k, start, size, E820_RAM)


@early_param("reservelow")
@kfunc
def parse_reservelow(k: Kernel, value: str | None) -> int:
    """reservelow=SIZE: keep away from memory below SIZE."""
    if value is None:
        return -EINVAL
    k.reserve_low = min(max(memparse(value)[0], 4096), 640 * 1024)
    return 0


@kfunc
def trim_low_memory_range(k: Kernel) -> None:
    """Reserve the lowest memory, 64 KiB unless told otherwise: some firmware writes to it."""
    memblock_reserve(k, 0, -(-k.reserve_low // PAGE_SIZE) * PAGE_SIZE)
