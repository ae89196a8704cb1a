"""Machine files: TOML to Machine and back."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import msgspec

from kmmdoc.machines import schema
from kmmdoc.machines.check import E820_NAMES, findings, require_sound
from kmmdoc.model.errors import KmmdocError
from kmmdoc.model.scenario import (
    BASELINE_CPU_FLAGS,
    EFI_TYPES,
    AcpiTable,
    E820Entry,
    Efi,
    EfiMemory,
    Lapic,
    Machine,
    MpProcessor,
    MpTable,
    Mtrr,
    Rom,
    SetupData,
    SratCpu,
    SratMemory,
)

_E820_NUMBERS = {name: number for number, name in E820_NAMES.items()}
_AT = re.compile(r"^(?P<reason>.*?)(?: - at `(?P<path>[^`]*)`)?$", re.DOTALL)
_LINE = re.compile(r"^(?P<reason>.*) \(at line (?P<line>\d+), column \d+\)$")


def read_machine(path: str | Path) -> Machine:
    """The machine of the file at `path`; KmmdocError names the key or line that is wrong."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise KmmdocError(path, None, error.strerror or "cannot be read") from None
    except UnicodeDecodeError:
        raise KmmdocError(path, None, "not a machine file: it is not UTF-8 text") from None
    return parse_machine(text, str(path), Path(path).stem)


def parse_machine(text: str, origin: str, name: str = "") -> Machine:
    """The machine that `text` describes. `origin` is named in errors, `name` is used where it has none."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        match = _LINE.match(str(error))
        line = int(match["line"]) if match else max(text.count("\n"), 1)
        raise KmmdocError(origin, line, match["reason"] if match else str(error)) from None
    try:
        file = msgspec.convert(data, schema.MachineFile)
    except msgspec.ValidationError as error:
        raise _validation_error(origin, str(error)) from None
    machine = _machine(file, origin, file.name or name)
    require_sound(machine, origin, overlaps=file.e820_overlaps)
    return machine


def _validation_error(origin: str, message: str) -> KmmdocError:
    match = _AT.match(message)
    assert match is not None  # the pattern matches every text
    where = (match["path"] or "").removeprefix("$").removeprefix(".")
    reason = match["reason"]
    if unknown := re.match(r"Object contains unknown field `(.*)`$", reason):
        where, reason = f"{where}.{unknown[1]}".lstrip("."), "no such key in a machine file"
    elif missing := re.match(r"Object missing required field `(.*)`$", reason):
        where, reason = f"{where}.{missing[1]}".lstrip("."), "this key is required"
    else:
        reason = reason.replace("`", "")
        reason = reason[:1].lower() + reason[1:]
    return KmmdocError(origin, where or None, reason)


def _machine(file: schema.MachineFile, origin: str, name: str) -> Machine:
    boot, bios, cpu, numa = file.boot, file.bios, file.cpu, file.numa
    return Machine(
        name=name,
        e820_map=tuple(
            E820Entry(e.start, e.size, _number(e.type, _E820_NUMBERS, origin, f"e820[{i}].type"))
            for i, e in enumerate(file.e820)
        ),
        command_line=file.command_line,
        title=file.title,
        description=file.description,
        source=file.source,
        alt_mem_k=boot.alt_mem_k,
        ext_mem_k=boot.ext_mem_k,
        type_of_loader=boot.loader,
        kernel_alignment=boot.kernel_alignment,
        code32_start=boot.code32_start,
        initrd=(boot.initrd.start, boot.initrd.size) if boot.initrd else None,
        setup_data=tuple(SetupData(s.start, s.type, s.length) for s in boot.setup_data),
        efi=_efi(file.efi, origin) if file.efi else None,
        low_memory_kib=bios.low_memory_kib,
        ebda=bios.ebda,
        mp_table=_mp_table(bios.mp_table) if bios.mp_table else None,
        acpi_tables=tuple(AcpiTable(t.name, t.start, t.size) for t in file.acpi),
        dmi=bios.dmi,
        lapics=tuple(
            Lapic(i if c.acpi_id is None else c.acpi_id, c.apic_id, c.enabled)
            for i, c in enumerate(cpu.lapics)
        ),
        mp_processors=tuple(MpProcessor(p.apic_id, p.boot) for p in cpu.mp_processors),
        ioapics=cpu.ioapics,
        roms=tuple(Rom(r.start, r.start + r.size - 1, r.name) for r in bios.roms),
        srat_cpus=tuple(SratCpu(c.pxm, c.apic_id) for c in numa.cpus),
        srat_memory=tuple(SratMemory(m.pxm, m.start, m.start + m.size, m.hotplug) for m in numa.memory),
        slit=tuple(map(tuple, numa.distances)) if numa.distances else None,
        cpu_flags=BASELINE_CPU_FLAGS if cpu.flags is None else frozenset(cpu.flags),
        max_phys_bits=cpu.max_phys_bits,
        mtrr_default=cpu.mtrr_default,
        mtrrs=tuple(Mtrr(m.start, m.size, m.type) for m in cpu.mtrrs),
        mtrr_tom2=cpu.mtrr_tom2,
        graphics_stolen=(stolen.start, stolen.size) if (stolen := bios.graphics_stolen) else None,
    )


def _number(value: str | int, names: dict[str, int], origin: str, where: str) -> int:
    if isinstance(value, int):
        return value
    if value not in names:
        raise KmmdocError(origin, where, f'"{value}" is none of {", ".join(names)}, nor a number')
    return names[value]


def _efi(efi: schema.Efi, origin: str) -> Efi:
    names = {name: number for number, name in enumerate(EFI_TYPES)}
    memmap = tuple(
        EfiMemory(
            _number(d.type, names, origin, f"efi.memmap[{i}].type"), d.attribute, d.start, d.start + d.size
        )
        for i, d in enumerate(efi.memmap)
    )
    return Efi(memmap, efi.memmap_start, efi.memmap_size, efi.descriptor_size)


def _mp_table(table: schema.MpTable) -> MpTable:
    config = (table.config.start, table.config.size) if table.config else None
    return MpTable((table.pointer.start, table.pointer.size), config)


# Writing.


def to_toml(machine: Machine, *, comment: str = "") -> str:
    """`machine` as a machine file that reads back equal; `comment` stands above it, a line each."""
    lines = [f"# {line}".rstrip() for line in comment.splitlines()]
    for key in ("name", "title", "description", "source", "command_line"):
        if value := getattr(machine, key):
            lines.append(f"{key} = {_text(value)}")
    entries = [
        {"start": e.addr, "size": e.size, "type": E820_NAMES.get(e.type, e.type)} for e in machine.e820_map
    ]
    lines += _rows("e820", entries)
    if _needs_overlaps(machine):
        lines.append("e820_overlaps = true")
    lines += _rows("acpi", [{"name": t.name, "start": t.base, "size": t.size} for t in machine.acpi_tables])
    for table, values in (
        ("boot", _boot_values(machine)),
        ("bios", _bios_values(machine)),
        ("cpu", _cpu_values(machine)),
        ("numa", _numa_values(machine)),
        ("efi", _efi_values(machine)),
    ):
        if values:
            lines += ["", f"[{table}]", *values]
    return "\n".join(lines) + "\n"


def _needs_overlaps(machine: Machine) -> bool:
    return findings(machine) != findings(machine, overlaps=True)


def _boot_values(machine: Machine) -> list[str]:
    lines = [
        f"loader = {machine.type_of_loader:#x}",
        f"code32_start = {machine.code32_start:#x}",
        f"kernel_alignment = {machine.kernel_alignment:#x}",
        f"alt_mem_k = {machine.alt_mem_k}",
        f"ext_mem_k = {machine.ext_mem_k}",
    ]
    if machine.initrd:
        lines.append(f"initrd = {_inline({'start': machine.initrd[0], 'size': machine.initrd[1]})}")
    nodes = [{"start": s.addr, "type": s.type, "length": s.len} for s in machine.setup_data]
    return lines + _rows("setup_data", nodes)


def _bios_values(machine: Machine) -> list[str]:
    lines = [
        f"low_memory_kib = {machine.low_memory_kib}",
        f"ebda = {machine.ebda:#x}",
        f"dmi = {_bool(machine.dmi)}",
    ]
    if table := machine.mp_table:
        parts = {"pointer": table.pointer} | ({"config": table.config} if table.config else {})
        lines += [
            f"mp_table.{key} = {_inline({'start': start, 'size': size})}"
            for key, (start, size) in parts.items()
        ]
    roms = [{"start": r.start, "size": r.end + 1 - r.start, "name": r.name} for r in machine.roms]
    if machine.graphics_stolen is not None:
        start, size = machine.graphics_stolen
        lines.append(f"graphics_stolen = {_inline({'start': start, 'size': size})}")
    return lines + _rows("roms", roms)


def _cpu_values(machine: Machine) -> list[str]:
    lines = _rows(
        "lapics",
        [{"acpi_id": c.acpi_id, "apic_id": c.apic_id, "enabled": c.enabled} for c in machine.lapics],
        decimal=True,
    )
    processors = [{"apic_id": p.apic_id, "boot": p.boot} for p in machine.mp_processors]
    lines += _rows("mp_processors", processors, decimal=True)
    lines += [f"ioapics = {machine.ioapics}", f"max_phys_bits = {machine.max_phys_bits}"]
    plain = Machine("", ())
    if machine.mtrr_default != plain.mtrr_default:
        lines.append(f"mtrr_default = {_text(machine.mtrr_default)}")
    lines += _rows("mtrrs", [{"start": m.base, "size": m.size, "type": m.type} for m in machine.mtrrs])
    if machine.mtrr_tom2:
        lines.append(f"mtrr_tom2 = {machine.mtrr_tom2:#x}")
    if machine.cpu_flags != BASELINE_CPU_FLAGS:
        flags = [_text(flag) for flag in sorted(machine.cpu_flags)]
        chunks = [", ".join(flags[i : i + 10]) for i in range(0, len(flags), 10)]
        lines += ["flags = [", *(f"    {chunk}," for chunk in chunks), "]"]
    return lines


def _numa_values(machine: Machine) -> list[str]:
    lines = _rows("cpus", [{"pxm": c.pxm, "apic_id": c.apic_id} for c in machine.srat_cpus], decimal=True)
    memory = []
    for m in machine.srat_memory:
        row: dict[str, Any] = {"pxm": m.pxm, "start": m.base, "size": m.end - m.base}
        memory.append(row | ({"hotplug": True} if m.hotplug else {}))
    lines += _rows("memory", memory)
    if machine.slit:
        lines += ["distances = [", *(f"    {list(row)}," for row in machine.slit), "]"]
    return lines


def _efi_values(machine: Machine) -> list[str]:
    if machine.efi is None:
        return []
    efi = machine.efi
    memmap = [
        {
            "start": m.start,
            "size": m.end - m.start,
            "type": EFI_TYPES[m.type] if m.type < len(EFI_TYPES) else m.type,
            "attribute": m.attribute,
        }
        for m in efi.memmap
    ]
    return [
        f"memmap_start = {efi.memmap_addr:#x}",
        f"memmap_size = {efi.memmap_size:#x}",
        f"descriptor_size = {efi.memdesc_size}",
        *(_rows("memmap", memmap) or ["memmap = []"]),
    ]


def _rows(key: str, rows: list[dict[str, Any]], *, decimal: bool = False) -> list[str]:
    """An array of inline tables, one a line; nothing where it is empty."""
    if not rows:
        return []
    return [f"{key} = [", *(f"    {_inline(row, decimal)}," for row in rows), "]"]


def _inline(row: dict[str, Any], decimal: bool = False) -> str:
    return "{ " + ", ".join(f"{key} = {_value(key, value, decimal)}" for key, value in row.items()) + " }"


def _value(key: str, value: Any, decimal: bool) -> str:
    if isinstance(value, bool):
        return _bool(value)
    if isinstance(value, str):
        return _text(value)
    return str(value) if decimal or key in ("pxm", "type", "length") else f"{value:#x}"


def _bool(value: bool) -> str:
    return "true" if value else "false"


def _text(value: str) -> str:
    """A TOML basic string."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if ord(c) >= 32 and c != "\x7f" else f"\\u{ord(c):04x}" for c in escaped) + '"'
