"""arch/x86/kernel/setup.c: setup_arch(), the order in which the architecture comes up."""

from __future__ import annotations

from kmmdoc.linux.arch.x86.include.asm.e820 import ISA_END_ADDRESS
from kmmdoc.linux.arch.x86.kernel.acpi.boot import acpi_boot_init, acpi_boot_table_init, early_acpi_boot_init
from kmmdoc.linux.arch.x86.kernel.apic.apic import init_apic_mappings
from kmmdoc.linux.arch.x86.kernel.apic.io_apic import native_io_apic_init_mappings
from kmmdoc.linux.arch.x86.kernel.check import setup_bios_corruption_check
from kmmdoc.linux.arch.x86.kernel.cpu.mtrr.cleanup import mtrr_trim_uncached_memory
from kmmdoc.linux.arch.x86.kernel.e820.query import (
    e820_end_of_low_ram_pfn,
    e820_end_of_ram_pfn,
    e820_mark_nosave_regions,
    e820_setup_gap,
)
from kmmdoc.linux.arch.x86.kernel.e820.setup import finish_e820_parsing, setup_memory_map
from kmmdoc.linux.arch.x86.kernel.e820.use import (
    e820_reserve_resources,
    memblock_find_dma_reserve,
    memblock_x86_fill,
)
from kmmdoc.linux.arch.x86.kernel.early_quirks import early_quirks
from kmmdoc.linux.arch.x86.kernel.mpparse import (
    default_find_smp_config,
    default_get_smp_config,
    early_reserve_e820_mpc_new,
)
from kmmdoc.linux.arch.x86.kernel.probe_roms import probe_roms
from kmmdoc.linux.arch.x86.kernel.setup.brk import reserve_brk
from kmmdoc.linux.arch.x86.kernel.setup.crash import reserve_crashkernel
from kmmdoc.linux.arch.x86.kernel.setup.initrd import early_reserve_initrd, reserve_initrd
from kmmdoc.linux.arch.x86.kernel.setup.trim import (
    e820_add_kernel_range,
    e820_reserve_setup_data,
    memblock_x86_reserve_range_setup_data,
    parse_setup_data,
    trim_bios_range,
    trim_low_memory_range,
    trim_platform_memory_ranges,
)
from kmmdoc.linux.arch.x86.kernel.smpboot import prefill_possible_map
from kmmdoc.linux.arch.x86.kernel.vsyscall_64 import map_vsyscall
from kmmdoc.linux.arch.x86.mm.init import early_alloc_pgt_buf, init_mem_mapping
from kmmdoc.linux.arch.x86.mm.init_64 import cleanup_highmap, paging_init
from kmmdoc.linux.arch.x86.mm.ioremap import early_ioremap_init
from kmmdoc.linux.arch.x86.mm.numa import init_cpu_to_node
from kmmdoc.linux.arch.x86.mm.numa_64 import initmem_init
from kmmdoc.linux.arch.x86.mm.setup_nx import x86_configure_nx, x86_report_nx
from kmmdoc.linux.arch.x86.platform.efi.efi import efi_init, efi_memblock_x86_reserve_range
from kmmdoc.linux.arch.x86.platform.efi.quirks import efi_reserve_boot_services
from kmmdoc.linux.arch.x86.realmode.init import reserve_real_mode, setup_real_mode
from kmmdoc.linux.drivers.firmware.dmi_scan import dmi_memdev_walk, dmi_scan_machine
from kmmdoc.linux.include.linux.ioport import (
    IORESOURCE_BUSY,
    IORESOURCE_IO,
    IORESOURCE_MEM,
    resource,
)
from kmmdoc.linux.init.main import parse_early_param
from kmmdoc.linux.kernel.printk.printk import setup_log_buf
from kmmdoc.linux.kernel.resource import insert_resource, request_resource
from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.mm.memblock import memblock_reserve, memblock_set_current_limit
from kmmdoc.linux.state import KERN_INFO, Kernel, __va
from kmmdoc.model.quantities import PAGE_SHIFT, PAGE_SIZE

KFILE = "arch/x86/kernel/setup.c"


_STANDARD_IO = (
    ("dma1", 0x00, 0x1F),
    ("pic1", 0x20, 0x21),
    ("timer0", 0x40, 0x43),
    ("timer1", 0x50, 0x53),
    ("keyboard", 0x60, 0x60),
    ("keyboard", 0x64, 0x64),
    ("dma page reg", 0x80, 0x8F),
    ("pic2", 0xA0, 0xA1),
    ("dma2", 0xC0, 0xDF),
    ("fpu", 0xF0, 0xFF),
)


@kfunc
def reserve_standard_io_resources(k: Kernel) -> None:
    """Claim the I/O ports that every PC has."""
    for name, start, end in _STANDARD_IO:
        request_resource(k, k.ioport_resource, resource(name, start, end, IORESOURCE_BUSY | IORESOURCE_IO))


def _image_resources(k: Kernel) -> list[resource]:
    """The parts of the kernel image as the resource tree shows them."""
    spans = (
        ("Kernel code", "_text", "_etext"),
        ("Kernel data", "_etext", "_edata"),
        ("Kernel bss", "__bss_start", "__bss_stop"),
    )
    flags = IORESOURCE_BUSY | IORESOURCE_MEM
    return [resource(name, k.pa_symbol(start), k.pa_symbol(end) - 1, flags) for name, start, end in spans]


def _collect_memory_map(k: Kernel) -> str:
    """setup_arch() up to the finished memory map. Returns the command line."""
    memblock_reserve(k, k.pa_symbol("_text"), k.build.symbol("__bss_stop") - k.build.symbol("_text"))
    early_reserve_initrd(k)
    k.printk(KERN_INFO, f"Command line: {k.boot_command_line}\n")
    early_ioremap_init(k)
    if k.machine.efi is not None:
        k.efi_boot = True
        efi_memblock_x86_reserve_range(k)
    k.iomem_resource.end = (1 << k.machine.max_phys_bits) - 1
    setup_memory_map(k)
    parse_setup_data(k)
    image = _image_resources(k)
    command_line = k.boot_command_line
    x86_configure_nx(k)
    parse_early_param(k)
    x86_report_nx(k)
    memblock_x86_reserve_range_setup_data(k)
    e820_reserve_setup_data(k)
    finish_e820_parsing(k)
    if k.efi_boot:
        efi_init(k)
    dmi_scan_machine(k)
    dmi_memdev_walk(k)
    probe_roms(k)
    for res in image:
        insert_resource(k, k.iomem_resource, res)
    e820_add_kernel_range(k)
    trim_bios_range(k)
    return command_line


def _fill_memblock(k: Kernel) -> None:
    """setup_arch() from the finished map to memblock with all memory in it and the early reservations."""
    k.max_pfn = e820_end_of_ram_pfn(k)
    if mtrr_trim_uncached_memory(k, k.max_pfn):
        k.max_pfn = e820_end_of_ram_pfn(k)
    if k.max_pfn > 1 << (32 - PAGE_SHIFT):
        k.max_low_pfn = e820_end_of_low_ram_pfn(k)
    else:
        k.max_low_pfn = k.max_pfn
    k.high_memory = __va(k.max_pfn * PAGE_SIZE - 1) + 1
    default_find_smp_config(k)
    early_alloc_pgt_buf(k)
    reserve_brk(k)
    cleanup_highmap(k)
    memblock_set_current_limit(k, ISA_END_ADDRESS)
    memblock_x86_fill(k)
    if k.efi_memmap:
        efi_reserve_boot_services(k)
    early_reserve_e820_mpc_new(k)
    setup_bios_corruption_check(k)
    reserve_real_mode(k)
    trim_platform_memory_ranges(k)
    trim_low_memory_range(k)


def _nodes_and_zones(k: Kernel) -> None:
    """setup_arch() from the direct map to the zones."""
    init_mem_mapping(k)
    setup_real_mode(k)
    memblock_set_current_limit(k, k.max_pfn_mapped << PAGE_SHIFT)
    setup_log_buf(k, 1)
    reserve_initrd(k)
    acpi_boot_table_init(k)
    early_acpi_boot_init(k)
    initmem_init(k)
    reserve_crashkernel(k)
    memblock_find_dma_reserve(k)
    paging_init(k)


@kfunc
def setup_arch(k: Kernel) -> str:
    """Find out what memory and which CPUs there are and set up everything the architecture needs for them.

    Returns the command line.

    Simplified: steps that neither take nor describe memory are left out (consoles, timers).
    """
    command_line = _collect_memory_map(k)
    _fill_memblock(k)
    _nodes_and_zones(k)
    map_vsyscall(k)
    early_quirks(k)
    acpi_boot_init(k)
    if k.smp_found_config:
        default_get_smp_config(k, 0)
    prefill_possible_map(k)
    init_cpu_to_node(k)
    init_apic_mappings(k)
    native_io_apic_init_mappings(k)
    e820_reserve_resources(k)
    e820_mark_nosave_regions(k, k.max_low_pfn)
    reserve_standard_io_resources(k)
    e820_setup_gap(k)
    return command_line
