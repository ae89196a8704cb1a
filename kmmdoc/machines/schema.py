"""The machine file: what may stand in it, with its types. docs/machine-file.md describes it for readers.

A machine file is TOML. Addresses and sizes are integers (hexadecimal is native in TOML) in bytes. Only
`e820` must be given; what is left out has the value of a plain PC.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from kmmdoc.model.scenario import Machine

Address = Annotated[int, Meta(ge=0)]
Size = Annotated[int, Meta(ge=0)]
Byte = Annotated[int, Meta(ge=0, lt=256)]
Id = Annotated[int, Meta(ge=0, lt=1 << 32)]


def _plain(name: str) -> int:
    """What a Machine has where nothing is said."""
    return int(Machine.__dataclass_fields__[name].default)  # type: ignore[arg-type]


class Strict(Struct, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """A table in which a key that is not declared is an error."""


class Range(Strict):
    """Bytes `[start, start + size)`."""

    start: Address
    size: Size


class E820(Range):
    """An entry of the firmware's memory map; `type` as the kernel prints it, or its number."""

    type: str | int


class Initrd(Range):
    """The initial RAM disk as the boot loader placed it."""


class SetupNode(Strict):
    """A node of the boot loader's setup_data list: a 16 byte header at `start`, then `length` bytes."""

    start: Address
    type: Id
    length: Annotated[int, Meta(ge=0, lt=1 << 32)]


class Boot(Strict):
    """What the boot loader tells (the boot protocol's header)."""

    loader: Byte = _plain("type_of_loader")
    code32_start: Address = _plain("code32_start")
    kernel_alignment: Size = _plain("kernel_alignment")
    alt_mem_k: Annotated[int, Meta(ge=0, lt=1 << 32)] = 0
    ext_mem_k: Annotated[int, Meta(ge=0, lt=1 << 32)] = 0
    initrd: Initrd | None = None
    setup_data: list[SetupNode] = []


class MpTable(Strict):
    """The MP floating pointer structure and the configuration table it points to."""

    pointer: Range
    config: Range | None = None


class Rom(Strict):
    """An option ROM that firmware left between 0xc0000 and 0xeffff."""

    start: Address
    size: Size
    name: str


class Bios(Strict):
    """What firmware left in low memory."""

    low_memory_kib: Annotated[int, Meta(ge=0, le=640)] = _plain("low_memory_kib")
    ebda: Annotated[int, Meta(ge=0, lt=1 << 20)] = _plain("ebda")
    dmi: bool = True
    mp_table: MpTable | None = None
    roms: list[Rom] = []
    graphics_stolen: Range | None = None


class Cpu(Strict):
    """A CPU by its local APIC, as the MADT lists it."""

    apic_id: Id
    acpi_id: Id | None = None
    enabled: bool = True


class MpProcessor(Strict):
    """A CPU as the MP table lists it."""

    apic_id: Id
    boot: bool = False


class Mtrr(Range):
    """A variable MTRR in use; `type` as the kernel prints it."""

    type: str


class Cpus(Strict):
    """Processors and interrupt controllers."""

    lapics: list[Cpu] = []
    mp_processors: list[MpProcessor] = []
    ioapics: Annotated[int, Meta(ge=0, le=128)] = 1
    flags: list[str] | None = None
    max_phys_bits: Annotated[int, Meta(ge=32, le=52)] = _plain("max_phys_bits")
    mtrr_default: str = "write-back"
    mtrrs: list[Mtrr] = []
    mtrr_tom2: Address = 0


class AcpiTable(Strict):
    """An ACPI table as firmware placed it."""

    name: Annotated[str, Meta(min_length=1, max_length=4)]
    start: Address
    size: Size


class NodeMemory(Range):
    """SRAT: this memory belongs to proximity domain `pxm`."""

    pxm: Id
    hotplug: bool = False


class NodeCpu(Strict):
    """SRAT: the CPU of this local APIC belongs to proximity domain `pxm`."""

    pxm: Id
    apic_id: Id


class Numa(Strict):
    """What firmware says about nodes: the ACPI tables SRAT and SLIT."""

    cpus: list[NodeCpu] = []
    memory: list[NodeMemory] = []
    distances: list[list[Byte]] | None = None


class EfiDescriptor(Range):
    """A descriptor of the UEFI memory map; `type` by name or number, `attribute` its bits."""

    type: str | int
    attribute: Size = 0xF


class Efi(Strict):
    """A UEFI boot: where the memory map lies, and its descriptors."""

    memmap: list[EfiDescriptor]
    memmap_start: Address = 0
    memmap_size: Size = 0
    descriptor_size: Annotated[int, Meta(ge=40, le=4096)] = 48


class MachineFile(Strict):
    """A whole machine file."""

    e820: list[E820]
    name: str = ""
    title: str = ""
    description: str = ""
    source: str = ""
    command_line: str = ""
    e820_overlaps: bool = False
    boot: Boot = msgspec.field(default_factory=Boot)
    bios: Bios = msgspec.field(default_factory=Bios)
    cpu: Cpus = msgspec.field(default_factory=Cpus)
    acpi: list[AcpiTable] = []
    numa: Numa = msgspec.field(default_factory=Numa)
    efi: Efi | None = None
