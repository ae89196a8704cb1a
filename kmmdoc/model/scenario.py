"""What a boot starts from: a machine (firmware, boot loader, CPU) and a kernel build.

Everything here is input. Nothing in it is an outcome of the boot: no region, zone or free list.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kmmdoc.model.errors import KmmdocError

E820_RAM, E820_RESERVED, E820_ACPI, E820_NVS, E820_UNUSABLE = 1, 2, 3, 4, 5

EFI_TYPES = (
    "Reserved",
    "Loader Code",
    "Loader Data",
    "Boot Code",
    "Boot Data",
    "Runtime Code",
    "Runtime Data",
    "Conventional Memory",
    "Unusable Memory",
    "ACPI Reclaim Memory",
    "ACPI Memory NVS",
    "Memory Mapped I/O",
    "MMIO Port Space",
    "PAL Code",
)
"""Names of the UEFI memory types as the log prints them, by their number."""

BASELINE_CPU_FLAGS: frozenset[str] = frozenset(
    {"fpu", "de", "pse", "tsc", "msr", "pae", "mce", "cx8", "apic", "sep", "mtrr", "pge", "mca", "cmov"}
    | {"pat", "pse36", "clflush", "mmx", "fxsr", "sse", "sse2", "syscall", "nx", "lm"}
    | {"cx16"}
)
"""What x86-64 CPUs can do (cx16: all but the first of them); assumed where a machine does not say."""


@dataclass(frozen=True, slots=True)
class E820Entry:
    """One entry of the firmware's memory map: bytes `[addr, addr + size)` of `type` (E820_RAM = 1 ...)."""

    addr: int
    size: int
    type: int


@dataclass(frozen=True, slots=True)
class EfiMemory:
    """One descriptor of a UEFI memory map: `type` and `attribute` as in the UEFI specification."""

    type: int
    attribute: int
    start: int
    end: int  # exclusive


@dataclass(frozen=True, slots=True)
class Efi:
    """What a UEFI boot hands over: the memory map's descriptors and where the map itself lies."""

    memmap: tuple[EfiMemory, ...]
    memmap_addr: int = 0
    memmap_size: int = 0
    memdesc_size: int = 48


@dataclass(frozen=True, slots=True)
class SetupData:
    """One node of the boot loader's setup_data list: `[addr, addr + 16 + len)`."""

    addr: int
    type: int
    len: int


@dataclass(frozen=True, slots=True)
class MpTable:
    """The MP floating pointer and, where there is one, the configuration table it points to."""

    pointer: tuple[int, int]  # base, size
    config: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class AcpiTable:
    """One ACPI table as firmware placed it."""

    name: str
    base: int
    size: int


@dataclass(frozen=True, slots=True)
class Lapic:
    """One local APIC entry of the MADT: a CPU that is, or may become, present."""

    acpi_id: int
    apic_id: int
    enabled: bool


@dataclass(frozen=True, slots=True)
class MpProcessor:
    """One processor entry of the MP table: the CPUs of a machine that is booted without ACPI."""

    apic_id: int
    boot: bool


@dataclass(frozen=True, slots=True)
class SratCpu:
    """SRAT: this local APIC belongs to this proximity domain."""

    pxm: int
    apic_id: int


@dataclass(frozen=True, slots=True)
class SratMemory:
    """SRAT: bytes `[base, end)` belong to this proximity domain."""

    pxm: int
    base: int
    end: int
    hotplug: bool = False


@dataclass(frozen=True, slots=True)
class Rom:
    """An option ROM that firmware left in 0xc0000-0xeffff, as probe_roms() would find it."""

    start: int
    end: int  # inclusive, as in the resource tree
    name: str


@dataclass(frozen=True, slots=True)
class Mtrr:
    """A variable memory type range register in use: bytes `[base, base + size)` are of `type`.

    Types are named as in the log: "write-back", "uncachable" and so on.
    """

    base: int
    size: int
    type: str


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine as the kernel meets it at x86_64_start_kernel.

    Sizes and addresses are in bytes unless told; `alt_mem_k` and `ext_mem_k` are in KiB, as the boot
    protocol gives them. `initrd` is (address, bytes). `code32_start` is where the boot loader put the
    compressed kernel. `mtrr_default` is the type of memory that no MTRR covers, `mtrr_tom2` what AMD's second
    top of memory is where it makes memory cacheable (0: nowhere); `graphics_stolen` (address, bytes) belongs
    to an Intel graphics chip. `mp_processors` are read only when there is no MADT; empty means as `lapics`.
    `setup_sects` and the like are left out: memory initialisation does not read them.
    """

    name: str
    e820_map: tuple[E820Entry, ...]
    command_line: str = ""
    title: str = ""
    description: str = ""
    source: str = ""
    alt_mem_k: int = 0
    ext_mem_k: int = 0
    type_of_loader: int = 0xB0
    kernel_alignment: int = 0x200000
    code32_start: int = 0x100000
    initrd: tuple[int, int] | None = None
    setup_data: tuple[SetupData, ...] = ()
    efi: Efi | None = None
    low_memory_kib: int = 639
    ebda: int = 0x9FC00
    mp_table: MpTable | None = None
    acpi_tables: tuple[AcpiTable, ...] = ()
    dmi: bool = True
    lapics: tuple[Lapic, ...] = ()
    mp_processors: tuple[MpProcessor, ...] = ()
    ioapics: int = 1
    roms: tuple[Rom, ...] = ()
    srat_cpus: tuple[SratCpu, ...] = ()
    srat_memory: tuple[SratMemory, ...] = ()
    slit: tuple[tuple[int, ...], ...] | None = None
    cpu_flags: frozenset[str] = BASELINE_CPU_FLAGS
    max_phys_bits: int = 40
    mtrr_default: str = "write-back"
    mtrrs: tuple[Mtrr, ...] = ()
    mtrr_tom2: int = 0
    graphics_stolen: tuple[int, int] | None = None

    @property
    def ram_bytes(self) -> int:
        """Usable memory as firmware lists it, in bytes."""
        return sum(entry.size for entry in self.e820_map if entry.type == E820_RAM)

    @property
    def present_cpus(self) -> int:
        """CPUs that are there at boot."""
        return sum(cpu.enabled for cpu in self.lapics) or len(self.mp_processors) or 1

    @property
    def nodes(self) -> int:
        """Proximity domains that firmware names, or the one node of a machine without any."""
        return len({c.pxm for c in self.srat_cpus} | {m.pxm for m in self.srat_memory}) or 1


@dataclass(frozen=True, slots=True)
class Field:
    """One member of a structure: offset and size in bytes."""

    name: str
    type: str
    offset: int
    size: int


@dataclass(frozen=True, slots=True)
class Struct:
    """The layout of a structure in this build."""

    name: str
    size: int
    fields: tuple[Field, ...]

    def offset(self, member: str) -> int:
        """Offset of `member` in bytes, or KeyError."""
        for item in self.fields:
            if item.name == member:
                return item.offset
        raise KeyError(f"struct {self.name} has no member {member}")


@dataclass(frozen=True)
class KernelBuild:
    """One compiled kernel: symbols, sections, per-cpu symbols, configuration and structure layouts.

    `symbols` maps a name to its virtual address; `sections` a section name to (address, bytes);
    `percpu` a per-cpu variable to its offset in the static per-cpu area.
    """

    name: str
    version: str
    symbols: Mapping[str, int]
    sections: Mapping[str, tuple[int, int]]
    percpu: Mapping[str, int]
    config: Mapping[str, str]
    structs: Mapping[str, Struct]
    enums: Mapping[str, Mapping[str, int]]
    banner: str = ""
    origin: str = "build"

    def symbol(self, name: str) -> int:
        """Virtual address of `name`; KmmdocError where the build does not have it."""
        try:
            return self.symbols[name]
        except KeyError:
            raise KmmdocError(self.origin, name, "this kernel build has no such symbol") from None

    def sizeof(self, struct: str) -> int:
        """Size in bytes of `struct NAME`; KmmdocError where the build does not say.

        Of a structure whose own layout is not given the size is known where another one has it as a member.
        """
        if struct in self.structs:
            return self.structs[struct].size
        for outer in self.structs.values():
            for item in outer.fields:
                if item.type == f"struct {struct}":
                    return item.size
        reason = "this kernel build does not give the layout of that structure"
        raise KmmdocError(self.origin, struct, reason)

    def enabled(self, option: str) -> bool:
        """Is CONFIG_`option` built in?"""
        return self.config.get(option) == "y"

    def number(self, option: str) -> int:
        """The integer value of CONFIG_`option`; KmmdocError where it is not set or not a number."""
        try:
            return int(self.config[option], 0)
        except (KeyError, ValueError):
            raise KmmdocError(
                self.origin, f"CONFIG_{option}", "not set to a number in this kernel build"
            ) from None


@dataclass(frozen=True, slots=True)
class Scenario:
    """One boot: a machine, a kernel build and the command line that is really used."""

    machine: Machine
    build: KernelBuild
    command_line: str

    @property
    def kernel_load(self) -> int:
        """Physical address of _text: where the decompressor puts the kernel.

        A relocatable kernel is decompressed to where the boot loader put the compressed one, rounded up to
        the boot header's alignment, but never below the address it was configured for; any other kernel
        to that address. (The address it was configured for is CONFIG_PHYSICAL_START rounded up to
        CONFIG_PHYSICAL_ALIGN. 3.18's address randomisation is not configured in the bundled build.)
        """
        align = self.build.number("PHYSICAL_ALIGN")
        wanted = -(-self.build.number("PHYSICAL_START") // align) * align
        if not self.build.enabled("RELOCATABLE"):
            return wanted
        align = self.machine.kernel_alignment
        return max(wanted, -(-self.machine.code32_start // align) * align)
