"""`kmmdoc boot` with the simulated kernel."""

import json
from itertools import pairwise
from pathlib import Path

import pytest

from kmmdoc.cli import main

TRUTH = Path(__file__).parent.parent / "data" / "truth" / "m2g-c4"


def test_summary(capsys):
    assert main(["boot", "qemu-2g"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("qemu-2g: 2 GiB, 4 CPUs, booted with Linux 3.18.0")
    assert "Zones" in out
    assert "Where the memory went" in out


def test_summary_as_json(capsys):
    assert main(["boot", "qemu-2g", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["machine"] == "qemu-2g"
    assert [zone["zone"] for zone in result["zones"]] == ["DMA", "DMA32"]


def test_log_of_a_recorded_folder(capsys):
    assert main(["boot", str(TRUTH), "--dmesg"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "BIOS-e820: [mem 0x0000000000100000-0x000000007ffdffff] usable" in lines
    assert not any(line.startswith("memblock_reserve") for line in lines)


def test_memblock_debug_log(capsys):
    assert main(["boot", str(TRUTH), "--memblock-debug"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("memblock_reserve: [0x0") for line in lines)


def test_snapshots_are_in_the_recorded_schema(tmp_path, capsys):
    target = tmp_path / "snapshots.json"
    assert main(["boot", "qemu-2g", "--snapshots", str(target)]) == 0
    assert capsys.readouterr().out == ""
    ours = {s["stage"]: s for s in json.loads(target.read_text())["stages"]}
    recorded = {s["stage"]: s for s in json.loads((TRUTH / "snapshots.json").read_text())["stages"]}
    assert set(ours) <= set(recorded)
    first = "at_setup_arch_entry"
    assert ours[first]["memblock"]["reserved"] == recorded[first]["memblock"]["reserved"]


@pytest.mark.parametrize("as_json", [False, True])
def test_calls(as_json, capsys):
    assert main(["boot", "qemu-2g", "--calls", *(["--json"] if as_json else [])]) == 0
    out = capsys.readouterr().out
    if as_json:
        rows = json.loads(out)
        assert rows[0] == [0, "x86_64_start_kernel", 1]
        assert all(b[0] - a[0] <= 1 for a, b in pairwise(rows))
    else:
        assert out.splitlines()[0] == "x86_64_start_kernel"


def test_command_line_options(capsys):
    assert main(["boot", "qemu-2g", "--json", "--command-line", "quiet", "--append", "mem=1g"]) == 0
    assert json.loads(capsys.readouterr().out)["command_line"] == "quiet mem=1g"
