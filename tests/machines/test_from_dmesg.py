"""A machine from a boot log, however the log was kept."""

from dataclasses import replace
from pathlib import Path

import pytest

from kmmdoc.machines.bootlog import bare
from kmmdoc.machines.from_dmesg import machine_from_dmesg
from kmmdoc.machines.recorded import load_recorded
from kmmdoc.machines.toml import parse_machine, to_toml
from kmmdoc.model.errors import KmmdocError
from kmmdoc.model.scenario import E820Entry, Lapic, MpTable, SetupData

TRUTH = Path(__file__).parent.parent / "data" / "truth"
E820 = "BIOS-e820: [mem 0x0000000000000000-0x000000003fffffff] usable\n"


def made(tmp_path, text):
    path = tmp_path / "boot.log"
    path.write_text(text)
    return machine_from_dmesg(path)


@pytest.mark.parametrize("folder", ["m2g-c4", "numa2-m4g-c4", "uefi-m1g"])
def test_the_log_tells_what_firmware_told(folder):
    """Of these machines the log lacks only what the kernel never prints: the sizes that BIOS calls gave,
    the MP configuration table's place, CPU flags; and of the UEFI machine the BIOS data area."""
    recorded = load_recorded(TRUTH / folder).machine
    found = machine_from_dmesg(TRUTH / folder / "dmesg.txt").machine
    unprinted = {
        key: getattr(recorded, key)
        for key in ("name", "source", "description", "alt_mem_k", "ext_mem_k", "cpu_flags")
    }
    if recorded.mp_table:
        unprinted["mp_table"] = MpTable(recorded.mp_table.pointer, None)
    if folder == "uefi-m1g":
        unprinted |= {"low_memory_kib": 0, "ebda": 0}
    assert replace(found, **unprinted) == replace(recorded, **unprinted)
    assert parse_machine(to_toml(found), "x") == found


STAMPED = (TRUTH / "numa2-m4g-c4" / "dmesg.txt").read_text()


@pytest.mark.parametrize(
    "kept",
    [
        lambda line: line.split("] ", 1)[1] if line.startswith("[") else line,
        lambda line: f"<6>{line}",
        lambda line: f"{line}\r",
        lambda line: f"Nov 22 13:31:43 host kernel: {line}",
        lambda line: f"2026-11-22T13:31:43.123456+00:00 host kernel: {line}",
        lambda line: f"Nov  2 13:31:43 host kernel: <6>{line}",
    ],
    ids=["no time stamps", "priorities", "CRLF", "syslog", "ISO syslog", "syslog with priorities"],
)
def test_prefixes_do_not_matter(tmp_path, kept):
    plain = machine_from_dmesg(TRUTH / "numa2-m4g-c4" / "dmesg.txt").machine
    text = "\n".join(kept(line) for line in STAMPED.splitlines())
    assert replace(made(tmp_path, text).machine, name=plain.name) == plain


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("[    0.000000] Zone ranges:", "Zone ranges:"),
        ("[12345.678901]   DMA      empty", "  DMA      empty"),
        ("<6>Zone ranges:", "Zone ranges:"),
        ("Zone ranges:", "Zone ranges:"),
        ("  DMA      [mem 0x00001000-0x00ffffff]", "  DMA      [mem 0x00001000-0x00ffffff]"),
        ("Nov 22 13:31:43 host kernel: Zone ranges:", "Zone ranges:"),
    ],
)
def test_bare_lines(line, text):
    assert bare(line) == text


def test_old_logs_end_ranges_with_the_first_byte_after(tmp_path):
    text = "BIOS-e820: 0000000000000000 - 000000000009fc00 (usable)\n BIOS-e820: ignored\n"
    text += "BIOS-e820: 0000000000100000 - 0000000040000000 (usable)\n"
    machine = made(tmp_path, text).machine
    assert machine.e820_map == (E820Entry(0, 0x9FC00, 1), E820Entry(0x100000, 0x3FF00000, 1))
    assert (machine.low_memory_kib, machine.ebda) == (639, 0x9FC00)


def test_types(tmp_path):
    text = "".join(
        f"BIOS-e820: [mem {i << 30:#018x}-{(i + 1 << 30) - 1:#018x}] {kind}\n"
        for i, kind in enumerate(["usable", "reserved", "ACPI data", "ACPI NVS", "unusable", "type 12"])
    )
    assert [entry.type for entry in made(tmp_path, text).machine.e820_map] == [1, 2, 3, 4, 5, 12]


def test_the_first_of_several_boots(tmp_path):
    other = E820.replace("3fffffff", "7fffffff")
    text = f"Linux version 3.2\nno map here\nLinux version 3.18\n{E820}Linux version 3.19\n{other}"
    assert made(tmp_path, text).machine.e820_map == (E820Entry(0, 0x40000000, 1),)


def test_a_ram_disk(tmp_path):
    """The log rounds its end up to a page, except where the kernel had to move it."""
    ramdisk = "RAMDISK: [mem 0x35188000-0x368bbfff]\n"
    found = made(tmp_path, E820 + ramdisk)
    assert found.machine.initrd == (0x35188000, 0x1734000)
    assert any("5940 pages" in note for note in found.notes)
    moved = "Move RAMDISK from [mem 0x35188000-0x368bb123] to [mem 0x36000000-0x37733123]\n"
    assert made(tmp_path, E820 + ramdisk + moved).machine.initrd == (0x35188000, 0x1733124)


def test_setup_data_of_the_boot_loader(tmp_path):
    """A node's header is 16 bytes: 0x9d2cf018-0x9d2df057 is one of 65584 bytes."""
    machine = made(tmp_path, E820 + "e820: update [mem 0x9d2cf018-0x9d2df057] usable ==> usable\n").machine
    assert machine.setup_data == (SetupData(0x9D2CF018, 3, 65584),)


def test_processors_from_whatever_the_log_says(tmp_path):
    madt = "ACPI: LAPIC (acpi_id[0x01] lapic_id[0x00] enabled)\n"
    madt += "ACPI: LAPIC (acpi_id[0x02] lapic_id[0x10] disabled)\n"
    allowing = "smpboot: Allowing 2 CPUs, 1 hotplug CPUs\n"
    assert made(tmp_path, E820 + madt + allowing).machine.lapics == (Lapic(1, 0, True), Lapic(2, 16, False))
    assert made(tmp_path, E820 + allowing).machine.lapics == (Lapic(0, 0, True), Lapic(1, 1, False))
    found = made(tmp_path, E820)
    assert found.machine.lapics == (Lapic(0, 0, True),)
    assert any("one is assumed" in note for note in found.notes)


def test_width_of_physical_addresses(tmp_path):
    """A 39 bit CPU has masks up to 0x7fffffffff."""
    mask = "MTRR variable ranges enabled:\n  0 base 00C0000000 mask 7FC0000000 uncachable\n"
    assert made(tmp_path, E820 + mask).machine.max_phys_bits == 39


def test_acpi_tables_made_while_running_are_not_firmware(tmp_path):
    text = "ACPI: SSDT 0x000000007FFF02A0 0001CC (v01 VBOX   VBOXCPUT 00000002 INTL 20100528)\n"
    text += "ACPI: SSDT 0xFFFF880036E5A000 0003B6 (v01 PmRef  Cpu0Ist  00003000 INTL 20051117)\n"
    assert [t.base for t in made(tmp_path, E820 + text).machine.acpi_tables] == [0x7FFF02A0]


@pytest.mark.parametrize(
    ("text", "where", "reason"),
    [
        ("", None, "no e820 map"),
        ("hello\nworld\n", None, "no e820 map"),
        ("x\nBIOS-e820: [mem 0x00-0xzz] usable\n", 2, "cannot read"),
        ("BIOS-e820: [mem 0x0000000000000000-0x000000003fffffff] fast\n", 1, '"fast"'),
        ("BIOS-e820: [mem 0x0000000000001000-0x0000000000000000] usable\n", 1, "before it starts"),
        ("BIOS-e820: [mem 0x0000000000000000-0x000000003fffffff] reserved\n", "e820", "no usable memory"),
        (E820 + "efi: mem00: [Moon Dust|WB] range=[0x0-0x1000) (0MB)\n", 2, "Moon Dust"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, text, where, reason):
    with pytest.raises(KmmdocError) as caught:
        made(tmp_path, text)
    assert caught.value.file == str(tmp_path / "boot.log")
    assert caught.value.where == where
    assert reason in caught.value.reason


def test_files_that_are_no_logs(tmp_path):
    with pytest.raises(KmmdocError, match="No such file"):
        machine_from_dmesg(tmp_path / "none")
    (tmp_path / "binary").write_bytes(b"\x7fELF\0\0\0\0" * 10)
    with pytest.raises(KmmdocError, match="not a text file"):
        machine_from_dmesg(tmp_path / "binary")
