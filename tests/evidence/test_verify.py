"""Recorded boots held against their simulation, and what is said where they differ."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from kmmdoc.cli import main
from kmmdoc.evidence.compare import caller_of, compare_memblock, scope, without_caller
from kmmdoc.evidence.recorded import bundled_records, record_names
from kmmdoc.evidence.responsible import Responsible, writers
from kmmdoc.evidence.verify import verify
from kmmdoc.linux.kfunc import symbols
from kmmdoc.linux.link import link
from kmmdoc.machines.recorded import load_recorded
from kmmdoc.model.errors import KmmdocError
from kmmdoc.simulate import simulate

TRUTH = Path(__file__).parents[1] / "data" / "truth"
RECORD = TRUTH / "m2g-c4"


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A recorded folder that may be changed."""
    folder = tmp_path / "m2g-c4"
    shutil.copytree(RECORD, folder)
    return folder


def test_a_recorded_boot_is_predicted() -> None:
    result = verify(RECORD)
    assert result.compared > 7000
    assert result.differences == []
    assert {"dmesg", "memblock", "callers"} == set(dict(result.stages())["log"])


def test_every_bundled_record_is_compared_in_logs_and_snapshots() -> None:
    with bundled_records() as folders:
        assert [folder.name for folder in folders] == record_names()
        assert len(folders) >= 26
        for folder in folders:
            result = verify(folder)
            assert result.compared > 5000, folder.name
            # What the compiler inlined is not in the recorded calls; all else must be as recorded.
            assert [d for d in result.differences if d.stage != "calls"] == [], folder.name


def test_a_changed_record_differs_there_and_a_function_is_named(copied: Path) -> None:
    data = json.loads((copied / "snapshots.json").read_text())
    stages = {stage["stage"]: stage for stage in data["stages"]}
    stages["after_initmem_init"]["memblock"]["reserved"]["cnt"] += 1
    stages["after_vmalloc_init"]["slub"]["caches"][0]["refcount"] += 1
    (copied / "snapshots.json").write_text(json.dumps(data))
    log = (copied / "dmesg.txt").read_text()
    assert "Zone ranges:" in log
    (copied / "dmesg.txt").write_text(log.replace("Zone ranges:", "Zone changes:"))
    found = {(d.stage, d.section, d.path): d for d in verify(copied).differences}
    assert found["after_initmem_init", "memblock", ".reserved.cnt"].function.startswith("memblock_")
    assert found["after_vmalloc_init", "slub", ".caches[0].refcount"].function
    (line,) = [d for d in found.values() if d.section == "dmesg"]
    assert (line.predicted, line.function) == ("Zone ranges:", "free_area_init_nodes")


def test_a_bare_log_is_compared() -> None:
    result = verify(RECORD / "dmesg.txt")
    assert set(result.scores) == {("log", "dmesg")}
    assert result.equal > 60
    debug = verify(RECORD / "dmesg-memblock-debug.txt")
    assert ("log", "memblock") in debug.scores


def test_a_log_of_another_kernel_gets_a_note(tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    text = (RECORD / "dmesg.txt").read_text()
    assert "Linux version 3.18.0 " in text
    path.write_text(text.replace("Linux version 3.18.0 ", "Linux version 3.19.5 "))
    assert any("Linux 3.19.5" in note for note in verify(path).notes)
    assert not any("the log is of Linux" in note for note in verify(RECORD / "dmesg.txt").notes)


def test_writers_are_functions_of_the_simulator_for_every_section_compared() -> None:
    link()
    named = {name for patterns in writers().values() for _, names in patterns for name in names}
    assert sorted(named - symbols.keys()) == []
    rules = scope()
    compared = {*rules["early"], *(s for part in rules["stages"].values() for s in part), "globals"}
    assert sorted(compared - writers().keys()) == []


def test_the_last_writer_before_the_snapshot_is_named() -> None:
    run = simulate(load_recorded(RECORD))
    responsible = Responsible(run)
    early = responsible.of_value("after_find_smp_config", "memblock", ".reserved.cnt")
    late = responsible.of_value("after_vfs_caches_init_early", "memblock", ".reserved.cnt")
    assert early.startswith("memblock_reserve (from ")
    assert late != early
    assert responsible.of_value("at_setup_arch_entry", "pcpu", ".slots") == ""


def test_lines_of_memblock_debug_and_their_callers() -> None:
    line = "memblock_reserve: [0x0000000009fc00-0x000000000fffff] flags 0x0 reserve_ebda_region+0x6f/0x71"
    assert caller_of(line) == "reserve_ebda_region"
    assert without_caller(line).endswith("flags 0x0")
    assert caller_of("MEMBLOCK configuration:") == ""
    ours = without_caller(line) + " somebody_else"
    lines, callers = compare_memblock([line], [ours])
    assert (lines.equal, callers.equal, callers.compared) == (1, 0, 1)


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("snapshots.json", "{", "not JSON"),
        ("snapshots.json", '{"stages": [3]}', r"stages\[0\]"),
        ("pages.json", "[]", "page runs"),
        ("inputs.json", "{}", "missing"),
    ],
)
def test_broken_records_are_named(copied: Path, name: str, text: str, reason: str) -> None:
    (copied / name).write_text(text)
    with pytest.raises(KmmdocError, match=reason) as caught:
        verify(copied)
    assert name in str(caught.value)


def test_a_folder_without_anything_to_compare(copied: Path) -> None:
    for name in ("dmesg.txt", "dmesg-memblock-debug.txt", "snapshots.json", "pages.json"):
        (copied / name).unlink()
    with pytest.raises(KmmdocError, match="nothing to compare"):
        verify(copied)


def test_the_command(copied: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", str(copied)]) == 0
    out = capsys.readouterr().out
    assert "after_vmalloc_init" in out
    log = (copied / "dmesg.txt").read_text().replace("Zone ranges:", "Zone changes:")
    (copied / "dmesg.txt").write_text(log)
    assert main(["verify", str(copied), str(RECORD)]) == 1
    out = capsys.readouterr().out
    assert "recorded nothing, predicted Zone ranges: [free_area_init_nodes]" in out
    assert "2 boots: " in out
    assert main(["verify", "--json", str(copied)]) == 1
    (data,) = json.loads(capsys.readouterr().out)
    assert data["compared"] - data["equal"] == len(data["differences"]) == 1
    assert main(["verify", "/no/such/folder"]) == 2
    assert "neither a recorded folder nor a boot log" in capsys.readouterr().err
