"""A machine from the boot log of any x86-64 kernel.

Read are only the lines in which the kernel repeats what firmware, boot loader and CPU told it: the e820
map, command line, RAM disk, ACPI and MP tables, local APICs, SRAT, the UEFI memory map, what the CPU can
do. What a log does not say has the value of a plain PC, and a note says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from kmmdoc.machines import bootlog
from kmmdoc.machines.bootlog import Line
from kmmdoc.machines.check import E820_NAMES, require_sound
from kmmdoc.machines.firmware import option_roms
from kmmdoc.model.errors import KmmdocError
from kmmdoc.model.quantities import MAX_PHYSMEM_BITS, PAGE_SIZE
from kmmdoc.model.scenario import (
    BASELINE_CPU_FLAGS,
    E820_RAM,
    AcpiTable,
    E820Entry,
    EfiMemory,
    Lapic,
    Machine,
    MpTable,
    SetupData,
    SratCpu,
    SratMemory,
)

_HEX = r"0x([0-9a-fA-F]+)"
_MEM = rf"\[mem {_HEX}-{_HEX}\]"
_E820 = re.compile(rf"BIOS-[\w-]+: {_MEM} (.+?)\s*$")
_E820_OLD = re.compile(r"BIOS-[\w-]+: ([0-9a-f]+) - ([0-9a-f]+) \((.+)\)\s*$")
_SETUP_DATA = re.compile(rf"e820: update {_MEM} usable ==> usable$")
_RAMDISK = re.compile(rf"RAMDISK: {_MEM}")
_MOVED = re.compile(rf"Move RAMDISK from {_MEM} to ")
_MP_TABLE = re.compile(rf"found SMP MP-table at {_MEM}")
_ACPI = re.compile(r"ACPI: (\S{4}) (?:0x)?([0-9A-Fa-f]{8,16}) (?:0x)?([0-9A-Fa-f]{5,8})(?: \(|$)")
_LAPIC = re.compile(r"ACPI: LAPIC \(acpi_id\[0x(\w+)\] lapic_id\[0x(\w+)\] (enabled|disabled)\)")
_X2APIC = re.compile(r"ACPI: X2APIC \(apic_id\[0x(\w+)\] uid\[0x(\w+)\] (enabled|disabled)\)")
_ALLOWING = re.compile(r"smpboot: Allowing (\d+) CPUs, (\d+) hotplug CPUs")
_SRAT_CPU = re.compile(r"SRAT: PXM (\d+) -> APIC 0x([0-9a-f]+) -> Node \d+")
_SRAT_MEMORY = re.compile(rf"SRAT: Node \d+ PXM (\d+) {_MEM}( hotplug)?")
_E820_NUMBERS = {name: number for number, name in E820_NAMES.items()}
_SETUP_DATA_HEADER = 16
_SETUP_PCI = 3
_GRUB = 0x72
_MIN_KERNEL_BYTES = 16 << 20


@dataclass(slots=True)
class FromLog:
    """A machine made from a log, and what had to be assumed."""

    machine: Machine
    notes: list[str] = field(default_factory=list)


def machine_from_dmesg(path: str | Path) -> FromLog:
    """The machine of the boot whose log is at `path`.

    The log may have time stamps, priorities and syslog's prefixes or not, and any line ends. Where it
    holds several boots, the first with an e820 map counts. KmmdocError names the file, and the line
    where one cannot be read.
    """
    path = Path(path)
    try:
        lines = _one_boot(bootlog.read_log(path), path)
        result = _machine(path.stem, lines)
    except KmmdocError as error:
        raise KmmdocError(path, error.where, error.reason) from None
    require_sound(result.machine, path, firmware=True)
    return result


def _one_boot(lines: list[Line], path: Path) -> list[Line]:
    """The lines of the first boot in the log that has an e820 map."""
    starts = [i for i, line in enumerate(lines) if line.text.startswith("Linux version ")]
    bounds = [0, *(starts[1:] if starts else []), len(lines)]
    for begin, end in pairwise(bounds):
        if any(line.text.startswith("BIOS-e") for line in lines[begin:end]):
            return lines[begin:end]
    raise KmmdocError(path, None, "no e820 map: the log has no line that begins with BIOS-e820")


def _machine(name: str, lines: list[Line]) -> FromLog:
    notes: list[str] = []
    e820 = tuple(_e820(line) for line in lines if line.text.startswith(("BIOS-e", "BIOS-8")))
    command_line = bootlog.command_line(lines)
    if command_line is None:
        notes.append("the log has no command line: taken as empty")
    memmap = bootlog.efi_memory(lines)
    efi_boot = bool(memmap) or any(line.text.startswith("efi: EFI v") for line in lines)
    if efi_boot and not memmap:
        notes.append("a UEFI boot whose log does not print the UEFI memory map: booted without it")
    code32_start = _efi_kernel(memmap)
    initrd = _initrd(lines, notes)
    acpi = _acpi_tables(lines)
    if any(table.name == "SLIT" for table in acpi):
        notes.append("the log does not print the distances of the SLIT: the default distances are used")
    plain = Machine("", ())
    loader = _GRUB if command_line and "BOOT_IMAGE=" in command_line else plain.type_of_loader
    return FromLog(
        Machine(
            name=name,
            e820_map=e820,
            command_line=command_line or "",
            description=next((x.text for x in lines if x.text.startswith("DMI: ")), ""),
            source=_source(lines),
            type_of_loader=loader,
            code32_start=code32_start,
            initrd=initrd,
            setup_data=tuple(
                SetupData(int(m[1], 16), _SETUP_PCI, int(m[2], 16) + 1 - int(m[1], 16) - _SETUP_DATA_HEADER)
                for m in _matches(_SETUP_DATA, "e820: update", lines)
            ),
            efi=bootlog.efi_of(memmap, (code32_start,), initrd),
            **_low_memory(e820, efi_boot),
            mp_table=_mp_table(lines),
            acpi_tables=acpi,
            dmi=bootlog.has_dmi(lines),
            lapics=_lapics(lines, notes),
            mp_processors=bootlog.mp_processors(lines),
            ioapics=bootlog.count_ioapics(lines) or plain.ioapics,
            srat_cpus=tuple(
                SratCpu(int(m[1]), int(m[2], 16)) for m in _matches(_SRAT_CPU, "SRAT: PXM", lines)
            ),
            srat_memory=tuple(
                SratMemory(int(m[1]), int(m[2], 16), int(m[3], 16) + 1, m[4] is not None)
                for m in _matches(_SRAT_MEMORY, "SRAT: Node", lines)
            ),
            roms=option_roms(lines, loader),
            cpu_flags=_cpu_flags(lines),
            max_phys_bits=bootlog.max_phys_bits(lines, plain.max_phys_bits),
            **bootlog.memory_types(lines),
        ),
        notes,
    )


def _matches(pattern: re.Pattern[str], prefix: str, lines: Iterable[Line]) -> list[re.Match[str]]:
    found = (pattern.match(line.text) for line in lines if line.text.startswith(prefix))
    return [match for match in found if match]


def _source(lines: list[Line]) -> str:
    kernel = next((x.text for x in lines if x.text.startswith("Linux version ")), "")
    return f"a boot log of {' '.join(kernel.split()[:3])}" if kernel else "a boot log"


def _e820(line: Line) -> E820Entry:
    """One line of the map: `[mem 0x0-0x9fbff] usable`, or as old kernels wrote it, `0 - 9fc00 (usable)`."""
    if match := _E820.match(line.text):
        start, end = int(match[1], 16), int(match[2], 16) + 1
    elif match := _E820_OLD.match(line.text):
        start, end = int(match[1], 16), int(match[2], 16)
    else:
        raise KmmdocError("", line.number, f"cannot read this entry of the e820 map: {line.text}")
    kind = match[3]
    if kind in _E820_NUMBERS:
        number = _E820_NUMBERS[kind]
    elif found := re.search(r"type (\d+)", kind):
        number = int(found[1])
    else:
        raise KmmdocError("", line.number, f'"{kind}" is no type of memory that e820 knows')
    if end < start:
        raise KmmdocError("", line.number, "an entry of the e820 map ends before it starts")
    return E820Entry(start, end - start, number)


def _initrd(lines: list[Line], notes: list[str]) -> tuple[int, int] | None:
    """Address and size of the RAM disk. Where it was not moved, the log gives its end rounded to a page."""
    for match in _matches(_MOVED, "Move RAMDISK", lines):
        return int(match[1], 16), int(match[2], 16) + 1 - int(match[1], 16)
    for match in _matches(_RAMDISK, "RAMDISK", lines):
        size = int(match[2], 16) + 1 - int(match[1], 16)
        notes.append(f"the log gives the initrd's size in whole pages: {size // PAGE_SIZE} pages are used")
        return int(match[1], 16), size
    return None


def _mp_table(lines: list[Line]) -> MpTable | None:
    """Where the pointer was found; the log does not print where the configuration table is."""
    for match in _matches(_MP_TABLE, "found SMP MP-table", lines):
        return MpTable((int(match[1], 16), int(match[2], 16) + 1 - int(match[1], 16)), None)
    return None


def _acpi_tables(lines: list[Line]) -> tuple[AcpiTable, ...]:
    """The tables firmware left; those that are made while running (at addresses of the kernel) are not."""
    tables: dict[int, AcpiTable] = {}
    for match in _matches(_ACPI, "ACPI: ", lines):
        base = int(match[2], 16)
        if base < 1 << MAX_PHYSMEM_BITS:
            tables.setdefault(base, AcpiTable(match[1], base, int(match[3], 16)))
    return tuple(tables.values())


def _lapics(lines: list[Line], notes: list[str]) -> tuple[Lapic, ...]:
    found = [
        *(
            Lapic(int(m[1], 16), int(m[2], 16), m[3] == "enabled")
            for m in _matches(_LAPIC, "ACPI: LAPIC", lines)
        ),
        *(
            Lapic(int(m[2], 16), int(m[1], 16), m[3] == "enabled")
            for m in _matches(_X2APIC, "ACPI: X2", lines)
        ),
    ]
    if found or any(line.text.startswith("Processor #") for line in lines):
        return tuple(found)
    for match in _matches(_ALLOWING, "smpboot: Allowing", lines):
        total, absent = int(match[1]), int(match[2])
        notes.append(f"the log lists no local APICs: {total} CPUs taken as APIC ids 0 to {total - 1}")
        return tuple(Lapic(i, i, i < total - absent) for i in range(total))
    notes.append("the log says nothing about CPUs: one is assumed")
    return (Lapic(0, 0, True),)


def _low_memory(e820: tuple[E820Entry, ...], efi: bool) -> dict[str, Any]:
    """What the BIOS data area says of low memory.

    Simplified: a log does not print it. A BIOS lets its map's first usable entry end where the extended
    BIOS data area begins; UEFI leaves the data area empty, for which the kernel has its own limit.
    """
    if efi:
        return {"low_memory_kib": 0, "ebda": 0}
    first = next((e for e in e820 if e.type == E820_RAM and e.addr < PAGE_SIZE), None)
    if first is None or not 0x20000 <= (end := first.addr + first.size) <= 0xA0000:
        return {}
    return {"low_memory_kib": end >> 10, "ebda": end if end < 0xA0000 else 0}


def _efi_kernel(memmap: tuple[EfiMemory, ...]) -> int:
    """Where the compressed kernel lay: by UEFI, in loader data that is large enough and well aligned.

    Simplified: without such a range, and for every BIOS boot, at 1 MiB as the boot protocol has it.
    """
    for item in memmap:
        large = item.end - item.start >= _MIN_KERNEL_BYTES
        if item.type == bootlog.EFI_LOADER_DATA and large and not item.start % 0x200000:
            return item.start
    return 0x100000


def _cpu_flags(lines: list[Line]) -> frozenset[str]:
    """Flags as far as a log tells them: NX, and pages of 1 GiB."""
    flags = set(BASELINE_CPU_FLAGS)
    for line in lines:
        if line.text.startswith("NX (Execute Disable) protection: ") and "missing in CPU" in line.text:
            flags.discard("nx")
        elif line.text.startswith("Using GB pages for direct mapping"):
            flags.add("pdpe1gb")
    return frozenset(flags)
