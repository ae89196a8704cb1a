"""Machine files: what is read, what is refused, and that writing is the inverse of reading."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kmmdoc.machines import bundled
from kmmdoc.machines.recorded import load_recorded
from kmmdoc.machines.toml import parse_machine, read_machine, to_toml
from kmmdoc.model.errors import KmmdocError
from kmmdoc.model.scenario import (
    BASELINE_CPU_FLAGS,
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

TRUTH = Path(__file__).parent.parent / "data" / "truth"
SMALL = """\
e820 = [
    { start = 0x0, size = 0x9fc00, type = "usable" },
    { start = 0x100000, size = 0x7f00000, type = "usable" },
]
"""


def test_the_smallest_machine():
    machine = parse_machine(SMALL, "small.toml", "small")
    assert machine == Machine("small", (E820Entry(0, 0x9FC00, 1), E820Entry(0x100000, 0x7F00000, 1)))
    assert machine.cpu_flags == BASELINE_CPU_FLAGS


def test_everything():
    machine = parse_machine(
        """
        name = "all"
        title = "T"
        description = "D"
        source = "S"
        command_line = "mem=1g"
        e820 = [{ start = 0, size = 0x1000000, type = 1 }, { start = 0x1000000, size = 1, type = "ACPI NVS" }]
        acpi = [{ name = "RSDP", start = 0xf59d0, size = 20 }]
        [boot]
        loader = 0x72
        code32_start = 0x1800000
        kernel_alignment = 0x1000000
        alt_mem_k = 5
        ext_mem_k = 6
        initrd = { start = 0x200000, size = 7 }
        setup_data = [{ start = 0x3000, type = 3, length = 4 }]
        [bios]
        low_memory_kib = 638
        ebda = 0x9f800
        dmi = false
        graphics_stolen = { start = 0xbda00000, size = 0x2000000 }
        mp_table = { pointer = { start = 0xf5ba0, size = 16 }, config = { start = 0xf5bb0, size = 200 } }
        roms = [{ start = 0xc0000, size = 0x9c00, name = "Video ROM" }]
        [cpu]
        lapics = [{ apic_id = 4, acpi_id = 9 }, { apic_id = 6, enabled = false }]
        mp_processors = [{ apic_id = 4, boot = true }]
        ioapics = 2
        flags = ["nx", "lm"]
        max_phys_bits = 46
        mtrr_default = "uncachable"
        mtrrs = [{ start = 0, size = 0x8000000, type = "write-back" }]
        mtrr_tom2 = 0x230000000
        [numa]
        cpus = [{ pxm = 3, apic_id = 4 }]
        memory = [{ pxm = 3, start = 0, size = 0x1000000, hotplug = true }]
        distances = [[10, 20], [20, 10]]
        [efi]
        memmap_start = 0x5018
        memmap_size = 96
        memmap = [{ start = 0, size = 0x1000, type = "Boot Code" }, { start = 4096, size = 1, type = 14 }]
        """,
        "all.toml",
    )
    assert machine == Machine(
        name="all",
        title="T",
        description="D",
        source="S",
        command_line="mem=1g",
        e820_map=(E820Entry(0, 0x1000000, 1), E820Entry(0x1000000, 1, 4)),
        acpi_tables=(AcpiTable("RSDP", 0xF59D0, 20),),
        type_of_loader=0x72,
        code32_start=0x1800000,
        kernel_alignment=0x1000000,
        alt_mem_k=5,
        ext_mem_k=6,
        initrd=(0x200000, 7),
        setup_data=(SetupData(0x3000, 3, 4),),
        low_memory_kib=638,
        ebda=0x9F800,
        dmi=False,
        mp_table=MpTable((0xF5BA0, 16), (0xF5BB0, 200)),
        roms=(Rom(0xC0000, 0xC9BFF, "Video ROM"),),
        lapics=(Lapic(9, 4, True), Lapic(1, 6, False)),
        mp_processors=(MpProcessor(4, True),),
        ioapics=2,
        cpu_flags=frozenset({"nx", "lm"}),
        max_phys_bits=46,
        mtrr_default="uncachable",
        mtrrs=(Mtrr(0, 0x8000000, "write-back"),),
        mtrr_tom2=0x230000000,
        graphics_stolen=(0xBDA00000, 0x2000000),
        srat_cpus=(SratCpu(3, 4),),
        srat_memory=(SratMemory(3, 0, 0x1000000, True),),
        slit=((10, 20), (20, 10)),
        efi=Efi((EfiMemory(3, 0xF, 0, 0x1000), EfiMemory(14, 0xF, 4096, 4097)), 0x5018, 96),
    )
    assert parse_machine(to_toml(machine), "x") == machine


@pytest.mark.parametrize(
    ("text", "where", "reason"),
    [
        ("e820 = [", 1, "Invalid value"),
        ("x = 1\ne820 = []\ny = = 2", 3, "value"),
        ("", "e820", "required"),
        ("e820 = []", "e820", "no usable memory"),
        ('e820 = [{ start = 0, size = 4096, type = "reserved" }]', "e820", "no usable memory"),
        (SMALL + "cpus = 4", "cpus", "no such key"),
        (SMALL + "[boot]\nramdisk = 1", "boot.ramdisk", "no such key"),
        (SMALL.replace("size = 0x9fc00", "sizes = 1"), "e820[0].sizes", "no such key"),
        (SMALL.replace("0x9fc00", '"640K"'), "e820[0].size", "expected int"),
        (SMALL.replace("0x9fc00", "1.5"), "e820[0].size", "expected int"),
        (SMALL.replace("0x9fc00", "true"), "e820[0].size", "expected int"),
        (SMALL.replace("0x9fc00", "-1"), "e820[0].size", ">= 0"),
        (SMALL.replace('"usable"', '"ram"', 1), "e820[0].type", '"ram" is none of usable'),
        (SMALL.replace('"usable"', "0", 1), "e820[0].type", "not a type"),
        (SMALL.replace("size = 0x9fc00, ", ""), "e820[0].size", "required"),
        (SMALL.replace("0x7f00000", "0x400000000000"), "e820[1]", "past the 46 bits"),
        (SMALL.replace("0x7f00000", "0x10000000000000000"), "e820[1]", "past the 46 bits"),
        (SMALL + "command_line = 7", "command_line", "expected str"),
        (SMALL + f'command_line = "{"x" * 2048}"', "command_line", "2047"),
        (SMALL + 'command_line = "a\\nb"', "command_line", "control character"),
        (SMALL + "[boot]\nkernel_alignment = 0x300000", "boot.kernel_alignment", "power of two"),
        (SMALL + "[boot]\ninitrd = { start = 1, size = 0 }", "boot.initrd.size", "no bytes"),
        (SMALL + "[bios]\nlow_memory_kib = 700", "bios.low_memory_kib", "<= 640"),
        (SMALL + "[cpu]\nlapics = [{ apic_id = 1, enabled = false }]", "cpu.lapics", "no CPU is enabled"),
        (SMALL + "[cpu]\nlapics = [{ apic_id = 1 }, { apic_id = 1 }]", "cpu.lapics[0]", "two CPUs"),
        (
            SMALL + "[cpu]\nlapics = [{ apic_id = 0 }, { apic_id = 1 }]\n[numa]\ncpus = [{ pxm = 0, "
            "apic_id = 0 }]\nmemory = [{ pxm = 0, start = 0, size = 0x8000000 }]",
            "cpu.lapics[1]",
            "has no node",
        ),
        (SMALL + "[numa]\nmemory = [{ pxm = 0, start = 4096, size = 0 }]", "numa.memory[0]", "empty"),
        (SMALL + "[numa]\ncpus = [{ pxm = 0, apic_id = 0 }]", "numa.memory", "no memory has"),
        (SMALL + "[numa]\ndistances = [[10, 20]]", "numa.distances[0]", "2 distances, the table has 1 rows"),
        (SMALL + "[efi]\nmemmap = [{ start = 0, size = 1, type = 'x' }]", "efi.memmap[0].type", "is none of"),
    ],
)
def test_what_is_wrong_is_named(text, where, reason):
    with pytest.raises(KmmdocError) as caught:
        parse_machine(text, "m.toml")
    assert caught.value.file == "m.toml"
    assert caught.value.where == where
    assert reason in caught.value.reason


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(KmmdocError, match="No such file"):
        read_machine(tmp_path / "none.toml")
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(KmmdocError, match="not UTF-8"):
        read_machine(tmp_path / "binary.toml")


OVERLAP = SMALL.replace("]\n", '    { start = 0x9f000, size = 0x1000, type = "reserved" },\n]\n')


def test_conflicting_entries_are_refused_unless_the_firmware_really_says_so():
    with pytest.raises(KmmdocError, match=r"e820\[2\]: overlaps e820\[0\] .*e820_overlaps = true"):
        parse_machine(OVERLAP, "m.toml")
    machine = parse_machine(OVERLAP + "e820_overlaps = true\n", "m.toml")
    assert machine.e820_map[2] == E820Entry(0x9F000, 0x1000, 2)
    assert parse_machine(to_toml(machine), "m.toml") == machine


def test_overlaps_of_one_type_are_merged_by_the_kernel_and_allowed():
    text = OVERLAP.replace('"reserved"', '"usable"')
    assert len(parse_machine(text, "m.toml").e820_map) == 3


@pytest.mark.parametrize("name", bundled.names())
def test_bundled_machines_are_written_as_they_read(name):
    machine = bundled.load(name)
    assert machine.name == name
    assert machine.title
    assert parse_machine(to_toml(machine), name) == machine


@pytest.mark.parametrize(
    ("name", "folder"), [("qemu-2g", "m2g-c4"), ("numa2-m4g-c4", "numa2-m4g-c4"), ("uefi-m1g", "uefi-m1g")]
)
def test_bundled_machines_are_the_recorded_ones(name, folder):
    machine = bundled.load(name)
    assert replace(machine, name=folder, title="", source="") == load_recorded(TRUTH / folder).machine


addresses = st.integers(0, (1 << 46) - (1 << 33))
sizes = st.integers(1, 1 << 33)
texts = st.text(st.characters(min_codepoint=32, exclude_categories=["Cs"]), max_size=30)


nodes = st.builds(SetupData, addresses, st.integers(0, 9), st.integers(0, 99))
apic_ids = st.lists(st.integers(0, 255), unique=True)


@st.composite
def machines(draw):
    ends = sorted(draw(st.lists(st.integers(1, 1 << 46), min_size=2, max_size=12, unique=True)))
    pairs = list(pairwise(ends))
    kinds = draw(st.lists(st.integers(1, 12), min_size=len(pairs), max_size=len(pairs)))
    kinds[0] = 1
    return Machine(
        name=draw(texts.filter(bool)),
        title=draw(texts),
        command_line=draw(texts),
        e820_map=tuple(E820Entry(a, b - a, kind) for (a, b), kind in zip(pairs, kinds, strict=True)),
        initrd=draw(st.none() | st.tuples(addresses, sizes)),
        setup_data=tuple(draw(st.lists(nodes))),
        lapics=tuple(Lapic(i, n, True) for i, n in enumerate(draw(apic_ids))),
        ioapics=draw(st.integers(0, 128)),
        cpu_flags=draw(st.frozensets(texts, max_size=40)),
        roms=tuple(Rom(a, a + n - 1, "r") for a, n in draw(st.lists(st.tuples(addresses, sizes)))),
        efi=draw(
            st.none()
            | st.builds(
                lambda items: Efi(tuple(EfiMemory(t, attr, a, a + n) for t, attr, a, n in items)),
                st.lists(st.tuples(st.integers(0, 20), st.integers(0, (1 << 64) - 1), addresses, sizes)),
            )
        ),
    )  # fmt: skip


@given(machines())
def test_writing_is_the_inverse_of_reading(machine):
    assert parse_machine(to_toml(machine), "x") == machine
