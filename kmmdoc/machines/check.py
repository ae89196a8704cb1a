"""What is wrong, or odd, about a machine.

Errors are inputs that no machine can have or that have no one meaning. Warnings are what real firmware
does and the kernel copes with. What the kernel itself would refuse (a panic for want of memory, say) is
neither: it is an outcome, and the boot shows it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from kmmdoc.model.errors import KmmdocError
from kmmdoc.model.quantities import MAX_PHYSMEM_BITS, size_text
from kmmdoc.model.scenario import E820_RAM, E820Entry, Machine

E820MAX = 128
COMMAND_LINE_SIZE = 2048
E820_NAMES = {1: "usable", 2: "reserved", 3: "ACPI data", 4: "ACPI NVS", 5: "unusable"}
"""The types of e820 entries as the kernel prints them."""


class Finding(NamedTuple):
    """Something about a machine: `where` is the key of the machine file that it is about."""

    error: bool
    where: str
    reason: str


def findings(machine: Machine, *, overlaps: bool = False, firmware: bool = False) -> list[Finding]:
    """Everything wrong or odd about `machine`, errors first.

    With `overlaps`, e820 entries that overlap with different types are a warning (the kernel lets the
    higher type win). With `firmware`, real firmware told all of it: then that, and CPUs without a node, are
    as they are and no mistake of somebody's.
    """
    found = [
        *_memory_map(machine, overlaps or firmware),
        *_boot(machine),
        *_cpus(machine),
        *_nodes(machine, firmware),
    ]
    return sorted(found, key=lambda finding: not finding.error)


def require_sound(
    machine: Machine, file: str | Path, *, overlaps: bool = False, firmware: bool = False
) -> None:
    """KmmdocError for the first error of `machine`, which came from `file`."""
    for finding in findings(machine, overlaps=overlaps, firmware=firmware):
        if finding.error:
            raise KmmdocError(file, finding.where, finding.reason)


def _memory_map(machine: Machine, overlaps: bool) -> Iterator[Finding]:
    entries = machine.e820_map
    if not any(entry.type == E820_RAM and entry.size for entry in entries):
        yield Finding(True, "e820", "no usable memory")
    if len(entries) > E820MAX:
        yield Finding(True, "e820", f"{len(entries)} entries, boot_params has room for {E820MAX}")
    for number, entry in enumerate(entries):
        where = f"e820[{number}]"
        if entry.type < 1:
            yield Finding(True, f"{where}.type", f"{entry.type} is not a type of memory")
        if entry.size < 0 or entry.addr < 0:
            yield Finding(True, where, "a negative address or size")
        elif entry.addr + entry.size > 1 << MAX_PHYSMEM_BITS:
            yield Finding(
                True,
                where,
                f"ends at {entry.addr + entry.size:#x}, past the {MAX_PHYSMEM_BITS} bits of an address",
            )
        elif not entry.size:
            yield Finding(False, where, "is empty; the kernel drops it")
    for a, b in _overlapping(entries):
        first, second = entries[a], entries[b]
        both = f"overlaps e820[{a}] ({_range(first)})"
        if first.type == second.type:
            yield Finding(False, f"e820[{b}]", f"{both}, which has the same type; the kernel merges them")
        else:
            kinds = f"{_name(second.type)} there, {_name(first.type)} here"
            reason = f"{both} with another type ({kinds})"
            if not overlaps:
                reason += "; where firmware really says so, set e820_overlaps = true"
            yield Finding(not overlaps, f"e820[{b}]", reason)


def _overlapping(entries: tuple[E820Entry, ...]) -> Iterator[tuple[int, int]]:
    """Pairs of indices (lower first) of entries that share a byte."""
    order = sorted(range(len(entries)), key=lambda i: (entries[i].addr, i))
    active: list[int] = []
    for i in order:
        entry = entries[i]
        if not entry.size:
            continue
        active = [j for j in active if entries[j].addr + entries[j].size > entry.addr]
        yield from ((min(i, j), max(i, j)) for j in active)
        active.append(i)


def _name(kind: int) -> str:
    return E820_NAMES.get(kind, f"type {kind}")


def _range(entry: E820Entry) -> str:
    return f"{entry.addr:#x}-{entry.addr + entry.size - 1:#x}"


def command_line_problem(text: str) -> str | None:
    """Why no boot loader could pass `text` as the command line; None where one could."""
    if any(ord(letter) < 32 for letter in text):
        return "holds a control character"
    if len(text.encode(errors="surrogateescape")) >= COMMAND_LINE_SIZE:
        return f"longer than the kernel's {COMMAND_LINE_SIZE - 1} bytes"
    return None


def _boot(machine: Machine) -> Iterator[Finding]:
    if problem := command_line_problem(machine.command_line):
        yield Finding(True, "command_line", problem)
    align = machine.kernel_alignment
    if align < 0x200000 or align & (align - 1):
        yield Finding(True, "boot.kernel_alignment", f"{align:#x} is not a power of two from 2 MiB up")
    if machine.initrd is not None:
        start, size = machine.initrd
        if not size:
            yield Finding(True, "boot.initrd.size", "an initrd of no bytes")
        elif start + size > 1 << MAX_PHYSMEM_BITS:
            yield Finding(True, "boot.initrd", f"ends at {start + size:#x}, past {MAX_PHYSMEM_BITS} bits")
        elif not _inside_ram(machine, start, start + size):
            yield Finding(False, "boot.initrd", "does not lie in usable memory")
    for number, table in enumerate(machine.acpi_tables):
        if table.base + table.size > 1 << MAX_PHYSMEM_BITS:
            yield Finding(True, f"acpi[{number}]", f"{table.name} lies past {MAX_PHYSMEM_BITS} bits")
    if machine.efi is not None:
        for number, item in enumerate(machine.efi.memmap):
            if item.end <= item.start:
                yield Finding(True, f"efi.memmap[{number}]", "is empty or ends before it starts")


def _inside_ram(machine: Machine, start: int, end: int) -> bool:
    at = start
    for entry in sorted(machine.e820_map, key=lambda e: e.addr):
        if entry.type == E820_RAM and entry.addr <= at < entry.addr + entry.size:
            at = entry.addr + entry.size
    return at >= end


def _cpus(machine: Machine) -> Iterator[Finding]:
    counts = Counter(cpu.apic_id for cpu in machine.lapics if cpu.enabled)
    for number, cpu in enumerate(machine.lapics):
        if cpu.enabled and counts.pop(cpu.apic_id, 1) > 1:
            yield Finding(True, f"cpu.lapics[{number}]", f"two CPUs have APIC id {cpu.apic_id}")
    if machine.lapics and not any(cpu.enabled for cpu in machine.lapics):
        yield Finding(True, "cpu.lapics", "no CPU is enabled")


def _nodes(machine: Machine, firmware: bool) -> Iterator[Finding]:
    domains = {item.apic_id for item in machine.srat_cpus}
    known = {cpu.apic_id for cpu in machine.lapics}
    if machine.srat_cpus or machine.srat_memory:
        for number, cpu in enumerate(machine.lapics):
            if cpu.enabled and cpu.apic_id not in domains:
                reason = f"the CPU of APIC id {cpu.apic_id} has no node in numa.cpus"
                yield Finding(not firmware, f"cpu.lapics[{number}]", reason)
        if not machine.srat_memory:
            yield Finding(not firmware, "numa.memory", "CPUs have nodes, but no memory has")
    for number, item in enumerate(machine.srat_cpus):
        if known and item.apic_id not in known:
            yield Finding(False, f"numa.cpus[{number}]", f"no CPU has APIC id {item.apic_id}")
    for number, memory in enumerate(machine.srat_memory):
        where = f"numa.memory[{number}]"
        if memory.end <= memory.base:
            yield Finding(True, where, "is empty or ends before it starts")
        elif memory.end > 1 << MAX_PHYSMEM_BITS:
            yield Finding(True, where, f"ends at {memory.end:#x}, past {MAX_PHYSMEM_BITS} bits")
        for other in machine.srat_memory[:number]:
            if other.pxm != memory.pxm and other.base < memory.end and memory.base < other.end:
                both = f"overlaps memory of domain {other.pxm} ({size_text(other.end - other.base)})"
                yield Finding(False, where, f"{both}; the kernel then ignores the whole table")
    yield from _distances(machine)


def _distances(machine: Machine) -> Iterator[Finding]:
    if machine.slit is None:
        return
    rows = len(machine.slit)
    for number, row in enumerate(machine.slit):
        if len(row) != rows:
            yield Finding(
                True, f"numa.distances[{number}]", f"{len(row)} distances, the table has {rows} rows"
            )
        elif row[number] != 10 or any(d <= 10 for i, d in enumerate(row) if i != number):
            yield Finding(
                False,
                f"numa.distances[{number}]",
                "not 10 to itself and more to others: the kernel ignores it",
            )
