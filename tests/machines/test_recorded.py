"""What is taken from a recorded folder, and that nothing of its outcomes is."""

import json
import shutil
from pathlib import Path

import pytest

from kmmdoc.machines.recorded import load_recorded, with_memblock_debug
from kmmdoc.model.errors import KmmdocError
from kmmdoc.model.scenario import E820Entry, Efi, MpProcessor, MpTable, SratCpu, SratMemory

TRUTH = Path(__file__).parent.parent / "data" / "truth"


def test_inputs_become_a_machine():
    machine = load_recorded(TRUTH / "m2g-c4").machine
    assert machine.e820_map[3] == E820Entry(0x100000, 0x7FEE0000, 1)
    assert machine.mp_table == MpTable((0xF5BA0, 0x10), (0xF5BB0, 0xC8))
    assert [cpu.apic_id for cpu in machine.lapics] == [0, 1, 2, 3]
    assert machine.acpi_tables[0].name == "RSDP"
    assert machine.acpi_tables[0].base == 0xF59D0
    assert (machine.ioapics, machine.dmi, machine.efi, machine.initrd) == (1, True, None, None)


def test_nodes():
    machine = load_recorded(TRUTH / "numa2-m4g-c4").machine
    assert machine.srat_cpus[2] == SratCpu(1, 2)
    assert machine.srat_memory[-1] == SratMemory(1, 0x100000000, 0x140000000)
    assert machine.nodes == 2


def test_command_line_of_the_log_to_be_predicted():
    plain = load_recorded(TRUTH / "m2g-c4").command_line
    debug = load_recorded(TRUTH / "m2g-c4", log="dmesg-memblock-debug.txt").command_line
    assert plain.split() == [word for word in debug.split() if word != "memblock=debug"]
    assert "memblock=debug" in debug
    assert with_memblock_debug(plain) == debug
    assert load_recorded(TRUTH / "m2g-c4", "quiet").command_line == "quiet"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", "memblock=debug"),
        ("ro quiet", "ro quiet memblock=debug"),
        ("panic=-1 ro", "panic=-1 memblock=debug ro"),
        ("memblock=debug ro", "memblock=debug ro"),
    ],
)
def test_where_memblock_debug_goes(line, expected):
    assert with_memblock_debug(line) == expected


def test_uefi_memory_map():
    """The stub asks for the map last; 3.18 prints the map, not where it lies. 138 descriptors of 48 bytes
    are 0x19e0 bytes. Of the three ranges of loader data one holds the command line (at 0x9f000), one the
    kernel (at code32_start, 0x1800000); the third starts at 0x3df6e000."""
    scenario = load_recorded(TRUTH / "uefi-m1g")
    efi = scenario.machine.efi
    assert isinstance(efi, Efi)
    assert len(efi.memmap) == 138
    assert (efi.memmap_addr, efi.memmap_size) == (0x3DF6E018, 0x19E0)
    runtime = efi.memmap[90]  # [Runtime Data       |RUN|  |  |  |   |WB|WT|WC|UC]
    assert (runtime.type, runtime.attribute) == (6, 1 << 63 | 0xF)


def test_where_a_relocatable_kernel_is_put():
    """Rounded up to 2 MiB from where it was loaded, but not below the 16 MiB it is configured for."""
    assert load_recorded(TRUTH / "m2g-c4").kernel_load == 16 << 20
    assert load_recorded(TRUTH / "uefi-m1g").kernel_load == 0x1800000


def test_only_inputs_are_read(tmp_path):
    """With every outcome of the log gone, the scenario is the same."""
    source = TRUTH / "m2g-c4"
    shutil.copy(source / "inputs.json", tmp_path)
    firmware = ("Command line:", "BIOS-e820", "IOAPIC[", "SMBIOS", "DMI:")
    lines = (source / "dmesg.txt").read_text().splitlines(keepends=True)
    (tmp_path / "dmesg.txt").write_text("".join(x for x in lines if any(word in x for word in firmware)))
    bare, whole = load_recorded(tmp_path), load_recorded(source)
    assert bare.command_line == whole.command_line
    assert bare.machine.__class__.__slots__ == whole.machine.__class__.__slots__
    for name in whole.machine.__slots__:
        if name != "name":
            assert getattr(bare.machine, name) == getattr(whole.machine, name), name


def test_inputs_alone_are_enough(tmp_path):
    shutil.copy(TRUTH / "m2g-c4" / "inputs.json", tmp_path)
    scenario = load_recorded(tmp_path)
    assert scenario.command_line == load_recorded(TRUTH / "m2g-c4").command_line


def test_processors_of_the_mp_table(tmp_path):
    """A boot with acpi=off: the log names the processors of the MP table."""
    data = json.loads((TRUTH / "m2g-c4" / "inputs.json").read_text())
    (tmp_path / "inputs.json").write_text(json.dumps(data | {"lapics": [], "acpi_tables": []}))
    (tmp_path / "dmesg.txt").write_text(
        "[    0.000000] Processor #0 (Bootup-CPU)\n[    0.000000] Processor #2\n"
    )
    machine = load_recorded(tmp_path).machine
    assert machine.mp_processors == (MpProcessor(0, True), MpProcessor(2, False))
    assert machine.present_cpus == 2


def test_large_initrd_addresses_have_two_halves(tmp_path):
    data = json.loads((TRUTH / "m2g-c4" / "inputs.json").read_text())
    data["boot_params"]["hdr"] |= {"ramdisk_image": 0x1000, "ramdisk_size": 5}
    data["boot_params"] |= {"ext_ramdisk_image": 1}
    (tmp_path / "inputs.json").write_text(json.dumps(data))
    assert load_recorded(tmp_path).machine.initrd == (0x100001000, 5)


@pytest.mark.parametrize(
    ("content", "where", "reason"),
    [
        (None, None, "No such file"),
        ("{", 1, "not JSON"),
        ("{}", "boot_params", "missing"),
        ("[]", None, "not in the format"),
        ('{"boot_params": {"hdr": {"code32_start": "x"}}, "bios": {}}', None, "not in the format"),
    ],
)
def test_bad_inputs(tmp_path, content, where, reason):
    if content is not None:
        (tmp_path / "inputs.json").write_text(content)
    with pytest.raises(KmmdocError) as caught:
        load_recorded(tmp_path)
    assert caught.value.file.endswith("inputs.json")
    assert caught.value.where == where
    assert reason in caught.value.reason


def test_what_firmware_says_is_believed_but_must_be_a_machine(tmp_path):
    """Entries that overlap, and a CPU without a node, are what the kernel then has to cope with."""
    data = json.loads((TRUTH / "numa2-m4g-c4" / "inputs.json").read_text())
    data["srat_cpus"].pop()
    data["boot_params"]["e820_map"].append(["0x1000", "0x1000", "0x2"])
    (tmp_path / "inputs.json").write_text(json.dumps(data))
    machine = load_recorded(tmp_path).machine
    assert len(machine.srat_cpus) == 3
    data["boot_params"]["e820_map"] = [["0x0", "0x1000", "0x2"]]
    (tmp_path / "inputs.json").write_text(json.dumps(data))
    with pytest.raises(KmmdocError, match="no usable memory"):
        load_recorded(tmp_path)
