"""Option ROMs of known firmware. Sizes are those of the images in the packages that ship them."""

from kmmdoc.machines.bootlog import Line
from kmmdoc.machines.firmware import option_roms
from kmmdoc.model.scenario import Rom

SEABIOS = [
    Line(1, "DMI: QEMU Standard PC (i440FX + PIIX, 1996), BIOS 1.16.2-debian-1.16.2-1 04/01/2014"),
]


def test_seabios_places_its_roms_behind_each_other():
    """39936 bytes from 0xc0000 end at 0xc9bff; the next multiple of 2 KiB is 0xca000, and 1536 bytes more."""
    assert option_roms(SEABIOS, 0xB0) == (
        Rom(0xC0000, 0xC9BFF, "Video ROM"),
        Rom(0xCA000, 0xCA5FF, "Adapter ROM"),
    )


def test_another_boot_loader_is_no_rom():
    assert option_roms(SEABIOS, 0x72) == (Rom(0xC0000, 0xC9BFF, "Video ROM"),)


def test_unknown_firmware_and_logs_without_dmi():
    edk2 = Line(1, "DMI: QEMU Standard PC (i440FX + PIIX, 1996), BIOS 0.0.0 02/06/2015")
    assert option_roms([edk2], 0xB0) == ()
    assert option_roms([Line(1, "SMBIOS 2.8 present.")], 0xB0) == ()
