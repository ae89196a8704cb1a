"""MACHINE on the command line."""

import shutil
from pathlib import Path

import pytest

from kmmdoc.machines.resolve import resolve, resolve_with_notes
from kmmdoc.model.errors import KmmdocError

TRUTH = Path(__file__).parent.parent / "data" / "truth"
LINE = (
    "ignore_loglevel loglevel=8 console=ttyS0 earlyprintk=serial panic=-1 root=/dev/sda rootfstype=ext4 ro"
    " init=/init"
)
DEBUG = LINE.replace("panic=-1", "panic=-1 memblock=debug")


@pytest.mark.parametrize(
    "name", ["qemu-2g", TRUTH / "m2g-c4", TRUTH / "m2g-c4" / "dmesg.txt", TRUTH / "m2g-c4" / "inputs.json"]
)
def test_all_ways_to_name_one_machine(name):
    scenario = resolve(str(name))
    assert scenario.command_line == LINE
    assert scenario.machine.ram_bytes == 0x9FC00 + 0x7FEE0000
    assert resolve(str(name), memblock_debug=True).command_line == DEBUG
    assert resolve(str(name), "mem=1g").command_line == "mem=1g"
    assert resolve(str(name), "mem=1g", memblock_debug=True).command_line == "mem=1g memblock=debug"


def test_a_machine_file(tmp_path):
    path = tmp_path / "tiny.toml"
    path.write_text('e820 = [{ start = 0, size = 0x8000000, type = "usable" }]')
    assert resolve(str(path)).machine.name == "tiny"


def test_a_file_does_not_hide_a_bundled_machine(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("qemu-2g").write_text("not a machine")
    assert resolve("qemu-2g").machine.name == "qemu-2g"
    with pytest.raises(KmmdocError, match="no e820 map"):
        resolve("./qemu-2g")


def test_oddities_are_notes(tmp_path):
    path = tmp_path / "odd.toml"
    path.write_text(
        'e820 = [{ start = 0, size = 0x8000000, type = "usable" }]\n'
        "[boot]\ninitrd = { start = 0x9000000, size = 1 }"
    )
    assert resolve_with_notes(str(path)).notes == ["boot.initrd: does not lie in usable memory"]


def test_unknown_names():
    with pytest.raises(KmmdocError, match=r"did you mean qemu-2g\?"):
        resolve("qemu2g")
    with pytest.raises(KmmdocError, match="neither a bundled machine, a file nor a folder"):
        resolve("/nowhere/at/all")


def test_a_folder_without_inputs(tmp_path):
    shutil.copy(TRUTH / "m2g-c4" / "dmesg.txt", tmp_path)
    with pytest.raises(KmmdocError, match=r"inputs\.json"):
        resolve(str(tmp_path))


def test_command_lines_that_no_boot_loader_could_pass():
    with pytest.raises(KmmdocError, match="2047 bytes"):
        resolve("qemu-2g", "x" * 2048)
    with pytest.raises(KmmdocError, match="control character"):
        resolve("qemu-2g", "a\nb")
