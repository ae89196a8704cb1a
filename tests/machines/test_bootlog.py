"""Facts of firmware that a boot log tells."""

from kmmdoc.machines.bootlog import EDK2_POOL_HEADER, Line, efi_of, max_phys_bits, memory_types
from kmmdoc.model.scenario import EfiMemory, Mtrr

LOADER_DATA = 2


def test_uefis_map_lies_beside_the_initrd():
    # One descriptor of loader data: two pages with the map, then the initrd of 0x4321 bytes to its end.
    memmap = (
        EfiMemory(LOADER_DATA, 0xF, 0x1800000, 0x2C12000),
        EfiMemory(LOADER_DATA, 0xF, 0x3D000000, 0x3D007000),
    )
    found = efi_of(memmap, (0x1800000,), (0x3D002000, 0x4321))
    assert found is not None
    assert found.memmap_addr == 0x3D000000 + EDK2_POOL_HEADER
    # The initrd first: what is behind its last page.
    found = efi_of(memmap, (0x1800000,), (0x3D000000, 0x4321))
    assert found is not None
    assert found.memmap_addr == 0x3D005000 + EDK2_POOL_HEADER


def test_width_of_an_address():
    # 0xFF80000000 has 40 bits.
    lines = [Line(1, "  0 base 0080000000 mask FF80000000 uncachable"), Line(2, "  1 disabled")]
    assert max_phys_bits(lines, 36) == 40
    assert max_phys_bits([], 36) == 36


def test_memory_types():
    # The lowest bit of mask F80000000 is 2 GiB, that of FFE000000 is 32 MiB.
    lines = [
        Line(1, "MTRR default type: uncachable"),
        Line(2, "  0 base 000000000 mask F80000000 write-back"),
        Line(3, "  3 base 0AE000000 mask FFE000000 uncachable"),
        Line(4, "  4 disabled"),
        Line(5, "TOM2: 0000000230000000 aka 8960M"),
        Line(6, "Reserving Intel graphics stolen memory at 0xbda00000-0xbf9fffff"),
    ]
    assert memory_types(lines) == {
        "mtrr_default": "uncachable",
        "mtrrs": (Mtrr(0, 2 << 30, "write-back"), Mtrr(0xAE000000, 32 << 20, "uncachable")),
        "mtrr_tom2": 0x230000000,
        "graphics_stolen": (0xBDA00000, 0x2000000),
    }
    assert memory_types([Line(1, "MTRR default type: write-back"), *lines[1:4]]) == {}
