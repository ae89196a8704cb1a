"""Facts of firmware that a boot log tells."""

from kmmdoc.machines.bootlog import EDK2_POOL_HEADER, Line, efi_of, max_phys_bits
from kmmdoc.model.scenario import EfiMemory

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
