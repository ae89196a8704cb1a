"""A scenario from a folder in which a real boot was recorded.

Of such a folder only inputs are read: `inputs.json` (what firmware, boot loader and CPU gave), the
command line, and what the log prints of firmware. Everything else in it is an outcome. What the firmware
that the log names is known to leave in memory (its option ROMs) is added from firmware.toml.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from kmmdoc.machines import bootlog
from kmmdoc.machines.builds import load_build
from kmmdoc.machines.check import require_sound
from kmmdoc.machines.firmware import option_roms
from kmmdoc.model.errors import KmmdocError
from kmmdoc.model.scenario import (
    AcpiTable,
    E820Entry,
    Lapic,
    Machine,
    MpTable,
    Scenario,
    SetupData,
    SratCpu,
    SratMemory,
)

DEBUG_LOG = "dmesg-memblock-debug.txt"


def load_recorded(folder: str | Path, command_line: str | None = None, *, log: str = "dmesg.txt") -> Scenario:
    """The scenario of the boot recorded in `folder`, whose log `log` is to be predicted.

    `command_line` replaces the recorded one. Where the folder has no such log, the command line of
    inputs.json is used, with memblock=debug added when it is the log of that debugging boot.
    """
    machine = recorded_machine(folder)
    if command_line is None:
        path = Path(folder) / log
        found = bootlog.command_line(bootlog.read_log(path)) if path.is_file() else None
        if found is None:
            found = machine.command_line
            if log == DEBUG_LOG:
                found = with_memblock_debug(found)
        command_line = found
    return Scenario(machine, load_build(), command_line)


def with_memblock_debug(command_line: str) -> str:
    """`command_line` with memblock=debug: behind panic=-1, where the recordings have it, else at the end."""
    words = command_line.split(" ")
    if "memblock=debug" in words:
        return command_line
    at = words.index("panic=-1") + 1 if "panic=-1" in words else len(words)
    return " ".join([*words[:at], "memblock=debug", *words[at:]]).strip()


def recorded_machine(folder: str | Path) -> Machine:
    """The machine of the boot recorded in `folder`; KmmdocError where its inputs are missing or malformed."""
    path = Path(folder) / "inputs.json"
    try:
        data = json.loads(path.read_text())
    except OSError as error:
        raise KmmdocError(path, None, error.strerror or "cannot be read") from None
    except ValueError as error:
        raise KmmdocError(path, getattr(error, "lineno", None), f"not JSON: {error}") from None
    log = Path(folder) / "dmesg.txt"
    if not log.is_file():
        log = Path(folder) / DEBUG_LOG
    lines = bootlog.read_log(log) if log.is_file() else []
    try:
        machine = _machine(Path(folder).resolve().name, data, lines)
    except KeyError as error:
        raise KmmdocError(path, str(error.args[0]), "this key is missing") from None
    except (TypeError, ValueError, AttributeError) as error:
        raise KmmdocError(path, None, f"not in the format of a recorded boot: {error}") from None
    require_sound(machine, path, firmware=True)
    return machine


def _number(value: int | str) -> int:
    """Numbers stand as integers or as texts like "0x9fc00"."""
    return value if isinstance(value, int) else int(value, 0)


def _machine(name: str, data: dict[str, Any], lines: list[bootlog.Line]) -> Machine:
    boot, bios = data["boot_params"], data["bios"]
    header = boot["hdr"]
    code32_start = _number(header["code32_start"])
    initrd = (
        _number(header["ramdisk_image"]) | _number(boot.get("ext_ramdisk_image", 0)) << 32,
        _number(header["ramdisk_size"]) | _number(boot.get("ext_ramdisk_size", 0)) << 32,
    )
    extra: dict[str, Any] = {}
    if data["cpu_flags"]:
        extra["cpu_flags"] = frozenset(data["cpu_flags"])
    if lines:
        extra |= {
            "ioapics": bootlog.count_ioapics(lines),
            "dmi": bootlog.has_dmi(lines),
            "max_phys_bits": bootlog.max_phys_bits(lines, Machine("", ()).max_phys_bits),
            "mp_processors": bootlog.mp_processors(lines),
            **bootlog.memory_types(lines),
            "roms": option_roms(lines, _number(header["type_of_loader"])),
        }
    avoid = (code32_start, _number(header["cmd_line_ptr"]))
    return Machine(
        name=name,
        e820_map=tuple(E820Entry(*map(_number, entry)) for entry in boot["e820_map"]),
        command_line=boot["boot_command_line"],
        alt_mem_k=_number(boot["alt_mem_k"]),
        ext_mem_k=_number(boot["ext_mem_k"]),
        type_of_loader=_number(header["type_of_loader"]),
        code32_start=code32_start,
        kernel_alignment=_number(header["kernel_alignment"]),
        initrd=initrd if all(initrd) else None,
        setup_data=_setup_data(data),
        efi=bootlog.efi_of(bootlog.efi_memory(lines), avoid, initrd if all(initrd) else None),
        low_memory_kib=_number(bios["low_memory_kib"]),
        ebda=_number(bios["ebda"]),
        mp_table=_mp_table(data["mp_table"]),
        acpi_tables=tuple(
            AcpiTable(t["name"], _number(t["base"]), _number(t["size"])) for t in data["acpi_tables"]
        ),
        lapics=tuple(Lapic(c["acpi_id"], c["apic_id"], c["enabled"]) for c in data["lapics"]),
        srat_cpus=tuple(SratCpu(c["pxm"], c["apic_id"]) for c in data["srat_cpus"]),
        srat_memory=tuple(
            SratMemory(m["pxm"], _number(m["first"]), _number(m["last"]) + 1, m.get("hotplug", False))
            for m in data["srat_memory"]
        ),
        slit=tuple(tuple(row) for row in data["slit"]) if data["slit"] else None,
        **extra,
    )


def _mp_table(data: dict[str, Any] | None) -> MpTable | None:
    if data is None:
        return None

    def place(item: dict[str, Any]) -> tuple[int, int]:
        return _number(item["base"]), _number(item["size"])

    return MpTable(place(data["pointer"]), place(data["config"]) if data["config"] else None)


def _setup_data(data: dict[str, Any]) -> tuple[SetupData, ...]:
    """The boot loader's list, where the recording followed it."""
    return tuple(
        SetupData(_number(item["addr"]), _number(item["type"]), _number(item["len"]))
        for item in data["boot_params"].get("setup_data", ())
    )
