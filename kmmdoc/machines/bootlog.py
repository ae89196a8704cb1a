"""Reading a kernel's boot log: its lines without what syslog and time stamps put before them, and the
facts of firmware that they print.

A log is only a source of *inputs* here: what firmware, boot loader and CPU told the kernel. What the
kernel made of it (zones, reservations, free memory) is never read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kmmdoc.model.errors import KmmdocError
from kmmdoc.model.quantities import PAGE_SIZE
from kmmdoc.model.scenario import EFI_TYPES, Efi, EfiMemory, MpProcessor, Mtrr

EFI_LOADER_DATA = 2
EFI_ATTRIBUTES = {
    "UC": 1,
    "WC": 2,
    "WT": 4,
    "WB": 8,
    "UCE": 0x10,
    "WP": 0x1000,
    "RP": 0x2000,
    "XP": 0x4000,
    "RUN": 1 << 63,
}
"""Attribute bits of a UEFI memory descriptor, by the short names that the log prints."""

EDK2_POOL_HEADER = 24
"""Bytes that EDK II's pool allocator puts before what it hands out."""

_PREFIX = re.compile(
    r"""^(?:<\d+>)?                                                     # <6>
        (?:[A-Z][a-z]{2}\s+\d+\s[\d:.]+\s|\d{4}-\d\d-\d\d[T ]\S+\s)?    # syslog's date, classic or ISO
        (?:\S+\s+)??(?:kernel:\s*)?(?:<\d+>)?                           # host, "kernel:"
        \[\s*\d+\.\d+\]\s?                                              # time stamp
    """,
    re.VERBOSE,
)
_SYSLOG = re.compile(r"^(?:[A-Z][a-z]{2}\s+\d+\s[\d:.]+\s|\d{4}-\d\d-\d\d[T ]\S+\s)\S+\skernel:\s?")
_EFI_MEMORY = re.compile(r"efi:\s+mem\d+: \[(.*)\] range=\[0x([0-9a-f]+)-0x([0-9a-f]+)\)")
_MTRR = re.compile(r"  \d+ base ([0-9A-F]+) mask ([0-9A-F]+) (.+)")
_TOM2 = re.compile(r"TOM2: ([0-9a-f]{16}) aka")
_STOLEN = re.compile(r"Reserving Intel graphics stolen memory at 0x([0-9a-f]+)-0x([0-9a-f]+)")
_PROCESSOR = re.compile(r"Processor #(\d+)( \(Bootup-CPU\))?$")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a log: its number in the file (from 1) and its text without any prefix."""

    number: int
    text: str


def bare(line: str) -> str:
    """`line` without priority, syslog header and time stamp.

    >>> bare("<6>[    0.000000] e820: last_pfn = 0x7ffe0")
    'e820: last_pfn = 0x7ffe0'
    >>> bare("May 25 18:40:02 localhost kernel: [    0.000000] Zone ranges:")
    'Zone ranges:'
    """
    line = line.rstrip("\r\n")
    if line.startswith("["):
        end = line.find("] ")
        if 0 < end < 20 and line[1:end].strip().replace(".", "", 1).isdigit():
            return line[end + 2 :]
    if match := _PREFIX.match(line) or _SYSLOG.match(line):
        return line[match.end() :]
    if line.startswith("<") and line[2:3] == ">":
        return line[3:]
    return line


def read_log(path: Path) -> list[Line]:
    """The lines of the log at `path`, undecodable bytes replaced; KmmdocError if it cannot be read."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise KmmdocError(path, None, error.strerror or "cannot be read") from None
    if b"\0\0" in data[:4096]:
        raise KmmdocError(path, None, "not a text file")
    text = data.decode("utf-8", errors="replace")
    return [Line(number, bare(line)) for number, line in enumerate(text.split("\n"), 1) if line]


def command_line(lines: list[Line]) -> str | None:
    """What the boot loader passed to the kernel, or None where the log does not say."""
    for marker in ("Command line: ", "Kernel command line: "):
        for line in lines:
            if line.text.startswith(marker):
                return line.text[len(marker) :]
    return None


def count_ioapics(lines: list[Line]) -> int:
    """How many IO-APICs firmware declared."""
    return sum(line.text.startswith("IOAPIC[") for line in lines)


def has_dmi(lines: list[Line]) -> bool:
    """Did firmware leave SMBIOS or DMI tables?"""
    return any(line.text.startswith(("SMBIOS ", "DMI: ", "DMI present", "Legacy DMI ")) for line in lines)


def mp_processors(lines: list[Line]) -> tuple[MpProcessor, ...]:
    """The processors of the MP table, where the kernel used that table (without ACPI)."""
    found = (_PROCESSOR.match(line.text) for line in lines if line.text.startswith("Processor #"))
    return tuple(MpProcessor(int(m.group(1)), m.group(2) is not None) for m in found if m)


def max_phys_bits(lines: list[Line], default: int) -> int:
    """Width of a physical address: the masks of the variable MTRRs reach up to its highest bit."""
    found = (_MTRR.match(line.text) for line in lines if line.text.startswith("  "))
    widest = max((int(m[2], 16).bit_length() for m in found if m), default=0)
    return min(widest, 52) if widest >= 32 else default


def memory_types(lines: list[Line]) -> dict[str, Any]:
    """What the log says of MTRRs and of graphics memory, as values of a Machine.

    The variable MTRRs are kept where memory is uncachable without them: nowhere else do they matter. The
    lowest bit of a mask is the size of its range.
    """
    found: dict[str, Any] = {}
    mtrrs = []
    for line in lines:
        if line.text.startswith("MTRR default type: uncachable"):
            found["mtrr_default"] = "uncachable"
        elif match := _MTRR.match(line.text):
            base, mask = int(match[1], 16), int(match[2], 16)
            mtrrs.append(Mtrr(base, mask & -mask, match[3].strip()))
        elif match := _TOM2.match(line.text):
            found["mtrr_tom2"] = int(match[1], 16)
        elif match := _STOLEN.match(line.text):
            start = int(match[1], 16)
            found["graphics_stolen"] = (start, int(match[2], 16) + 1 - start)
    return found | {"mtrrs": tuple(mtrrs)} if "mtrr_default" in found else found


def efi_memory(lines: list[Line]) -> tuple[EfiMemory, ...]:
    """The descriptors of the UEFI memory map, in its order; empty for a BIOS boot."""
    return tuple(_efi_descriptor(line) for line in lines if line.text.startswith("efi: mem"))


def _efi_descriptor(line: Line) -> EfiMemory:
    match = _EFI_MEMORY.match(line.text)
    if match is None:
        raise KmmdocError("boot log", line.number, f"cannot read this UEFI memory descriptor: {line.text}")
    kind, *attributes = (part.strip() for part in match.group(1).split("|"))
    if kind in EFI_TYPES:
        number = EFI_TYPES.index(kind)
    elif kind.startswith("type="):
        number = int(kind.removeprefix("type="))
    else:
        raise KmmdocError("boot log", line.number, f"no such UEFI memory type: {kind}")
    bits = 0
    for name in attributes:
        bits |= (
            int(name.removeprefix("attr="), 0) if name.startswith("attr=") else EFI_ATTRIBUTES.get(name, 0)
        )
    return EfiMemory(number, bits, int(match.group(2), 16), int(match.group(3), 16))


def efi_of(
    memmap: tuple[EfiMemory, ...],
    avoid: tuple[int, ...],
    initrd: tuple[int, int] | None = None,
    descriptor_bytes: int = 48,
) -> Efi | None:
    """What the kernel's EFI stub hands over: `memmap` and where the map itself lies; None without a map.

    `avoid` are physical addresses inside loader data that is something else (the kernel, its command line);
    `initrd` (address, bytes) is loader data too, and may share a descriptor with the map.

    Simplified: 3.18 does not print the map's address. The stub takes it from the firmware's pool as loader
    data, just before it leaves boot services; so it is found as the highest loader data that holds none of
    `avoid` and is large enough, behind the pool header of EDK II. Firmware with another pool differs by
    those few bytes.
    """
    if not memmap:
        return None
    size = len(memmap) * descriptor_bytes
    at = 0
    for item in memmap:
        if item.type != EFI_LOADER_DATA or any(item.start <= address < item.end for address in avoid):
            continue
        for start, end in _without(item.start, item.end, initrd):
            if end - start >= EDK2_POOL_HEADER + size:
                at = max(at, start + EDK2_POOL_HEADER)
    return Efi(memmap, at, size if at else 0, descriptor_bytes)


def _without(start: int, end: int, taken: tuple[int, int] | None) -> tuple[tuple[int, int], ...]:
    """What is left of bytes `[start, end)` without the pages of `taken` (address, bytes)."""
    if taken is None:
        return ((start, end),)
    first = taken[0] // PAGE_SIZE * PAGE_SIZE
    last = -(-(taken[0] + taken[1]) // PAGE_SIZE) * PAGE_SIZE
    return (start, min(end, first)), (max(start, last), end)
