"""arch/x86/kernel/e820.c, where the map comes from: boot parameters and the options mem= and memmap=."""

from __future__ import annotations

from kmmdoc.linux.arch.x86.include.asm.e820 import (
    E820_ACPI,
    E820_RAM,
    E820_RESERVED,
    E820_X_MAX,
    E820MAX,
    HIGH_MEMORY,
    LOWMEMSIZE,
    e820entry,
)
from kmmdoc.linux.arch.x86.kernel.e820.query import e820_end_of_ram_pfn
from kmmdoc.linux.arch.x86.kernel.e820.table import (
    U64_MAX,
    e820_add_region,
    e820_print_map,
    e820_remove_range,
    sanitize_e820_map,
)
from kmmdoc.linux.kfunc import early_param, kfunc
from kmmdoc.linux.lib.cmdline import memparse
from kmmdoc.linux.state import KERN_INFO, KERN_WARNING, Kernel

KFILE = "arch/x86/kernel/e820.c"
EINVAL = 22


@kfunc
def __append_e820_map(k: Kernel, biosmap: list[e820entry]) -> int:
    """Append the boot loader's entries to the table.

    -1 at one that runs past the end of the address space.
    """
    for e in biosmap:
        if e.addr > (e.addr + e.size) & U64_MAX:
            return -1
        e820_add_region(k, e.addr, e.size, e.type)
    return 0


@kfunc
def append_e820_map(k: Kernel, biosmap: list[e820entry]) -> int:
    """Take over the boot loader's map; -1 when it has fewer than two entries, for then it is not believed."""
    return -1 if len(biosmap) < 2 else __append_e820_map(k, biosmap)


@kfunc
def parse_e820_ext(k: Kernel, extmap: list[e820entry]) -> None:
    """Add the entries that did not fit into boot_params and came in a setup_data node."""
    __append_e820_map(k, extmap)
    sanitize_e820_map(k, k.e820.map, E820_X_MAX)
    k.printk(KERN_INFO, "e820: extended physical RAM map:\n")
    e820_print_map(k, "extended")


@early_param("mem")
@kfunc
def parse_memopt(k: Kernel, value: str | None) -> int:
    """mem=SIZE: use no RAM above SIZE."""
    if value is None:
        return -EINVAL
    if value == "nopentium":
        k.printk(KERN_WARNING, "mem=nopentium ignored! (only supported on x86_32)\n")
        return -EINVAL
    k.e820_userdef = True
    mem_size, _ = memparse(value)
    if not mem_size:
        return -EINVAL
    e820_remove_range(k, mem_size, U64_MAX - mem_size, E820_RAM, True)
    return 0


_ADDED = {"@": E820_RAM, "#": E820_ACPI, "$": E820_RESERVED}


@kfunc
def parse_memmap_one(k: Kernel, text: str) -> int:
    """One part of memmap=: SIZE@START adds RAM, SIZE#START ACPI data, SIZE$START reserved; SIZE is as mem=.

    `exactmap` empties the table first.
    """
    if text.startswith("exactmap"):
        k.saved_max_pfn = e820_end_of_ram_pfn(k)
        k.e820.map = []
        k.e820_userdef = True
        return 0
    mem_size, used = memparse(text)
    if not used:
        return -EINVAL
    k.e820_userdef = True
    type = _ADDED.get(text[used : used + 1])
    if type is None:
        e820_remove_range(k, mem_size, U64_MAX - mem_size, E820_RAM, True)
    else:
        start_at, more = memparse(text[used + 1 :])
        used += 1 + more
        e820_add_region(k, start_at, mem_size, type)
    return 0 if used == len(text) else -EINVAL


@early_param("memmap")
@kfunc
def parse_memmap_opt(k: Kernel, value: str | None) -> int:
    """memmap=PART[,PART...]: change the memory map by hand."""
    for part in value.split(",") if value is not None else ():
        parse_memmap_one(k, part)
    return 0


@kfunc
def finish_e820_parsing(k: Kernel) -> None:
    """After the early options.

    If they changed the map, sanitise and print it, or panic if that cannot be done.
    """
    if k.e820_userdef:
        if sanitize_e820_map(k, k.e820.map, E820_X_MAX) < 0:
            k.panic("Invalid user supplied memory map")
        k.printk(KERN_INFO, "e820: user-defined physical RAM map:\n")
        e820_print_map(k, "user")


@kfunc
def default_machine_specific_memory_setup(k: Kernel) -> str:
    """Fill the table from boot_params and return who it came from.

    A map of fewer than two entries is replaced by one made up from the older BIOS calls: low memory, and
    the larger of the two sizes they give for what lies above 1 MiB.
    """
    sanitize_e820_map(k, k.boot_params.e820_map, E820MAX)
    if append_e820_map(k, k.boot_params.e820_map) >= 0:
        return "BIOS-e820"
    boot = k.boot_params
    who, mem_k = (
        ("BIOS-88", boot.ext_mem_k) if boot.alt_mem_k < boot.ext_mem_k else ("BIOS-e801", boot.alt_mem_k)
    )
    k.e820.map = []
    e820_add_region(k, 0, LOWMEMSIZE, E820_RAM)
    e820_add_region(k, HIGH_MEMORY, mem_k << 10, E820_RAM)
    return who


@kfunc
def setup_memory_map(k: Kernel) -> None:
    """Make the memory map, keep firmware's version of it aside, and print it."""
    who = default_machine_specific_memory_setup(k)
    k.e820_saved.copy_from(k.e820)
    k.printk(KERN_INFO, "e820: BIOS-provided physical RAM map:\n")
    e820_print_map(k, who)
