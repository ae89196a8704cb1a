"""The command line as a whole: statuses, errors in one line, closed pipes, what it imports."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import kmmdoc
from kmmdoc.cli import command_names, main
from kmmdoc.cli.output import table, write_file
from kmmdoc.model.errors import KmmdocError

ROOT = Path(kmmdoc.__file__).parent.parent
TRUTH = Path(__file__).parent.parent / "data" / "truth"


def run(*words, **options):
    """kmmdoc as a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "kmmdoc", *map(str, words)],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=False, **options,
    )  # fmt: skip


def test_every_command_file_is_a_command():
    files = {path.stem for path in (ROOT / "kmmdoc" / "cli" / "commands").glob("*.py")} - {"__init__"}
    assert set(command_names()) == files


def test_version(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"kmmdoc {kmmdoc.__version__}\n"


def test_help_names_every_command(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    words = capsys.readouterr().out.split()
    assert set(command_names()) <= set(words)


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ([], "COMMAND"),
        (["bott"], "bott"),
        (["boot"], "MACHINE"),
        (["boot", "nowhere"], "nowhere"),
        (["boot", "qemu-2g", "--dmes"], "--dmes"),
        (["boot", "qemu-2g", "--dmesg", "--calls"], "--calls"),
        (["boot", "nowhere.toml"], "nowhere.toml"),
        (["machine", "from-dmesg", "nowhere.log"], "nowhere.log"),
        (["machine", "from-dmesg", str(ROOT / "pyproject.toml")], "no e820 map"),
        (["machine", "show", "qemu-2g", "-o", "/nowhere/file"], "/nowhere/file"),
        (["build", "docx"], "docx"),
        (["build", "--lang", "tlh"], "tlh"),
        (["build", "--machine", "nowhere"], "nowhere"),
        (["build", "--report", "/nowhere.toml"], "/nowhere.toml"),
        (["serve", "--out", "/nowhere"], "/nowhere/site"),
        (["source", "use", "/nowhere"], "/nowhere"),
    ],
)
def test_what_is_wrong_with_the_input_is_one_line_and_status_2(words, named, capsys):
    assert main(words) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("kmmdoc: ")
    assert err.count("\n") == 1
    assert named in err


def test_a_closed_pipe_is_no_error():
    reading, writing = os.pipe()
    os.close(reading)
    process = subprocess.run(
        [sys.executable, "-m", "kmmdoc", "machines"],
        cwd=ROOT, stdout=writing, stderr=subprocess.PIPE, text=True, timeout=60, check=False,
    )  # fmt: skip
    os.close(writing)
    assert process.returncode == 141
    assert process.stderr == ""


def test_listing_machines_imports_neither_simulator_nor_sphinx():
    code = (
        "import sys; from kmmdoc.cli import main; main(['machines']);"
        "print([m for m in sys.modules if m.startswith(('kmmdoc.linux', 'sphinx', 'rich', 'typst'))],"
        " file=sys.stderr)"
    )
    process = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    assert process.stderr.strip() == "[]"


def test_machines(capsys):
    assert main(["machines"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["NAME", "RAM", "CPUS", "NODES", "WHAT"]
    row = next(line for line in lines if line.startswith("qemu-2g "))
    assert row.split()[:5] == ["qemu-2g", "2.00", "GiB", "4", "1"]


def test_machines_as_json(capsys):
    assert main(["machines", "--json"]) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["qemu-2g"]["bytes"] == 0x9FC00 + 0x7FEE0000
    assert (rows["maxcpus8-m1g-c2"]["cpus"], rows["maxcpus8-m1g-c2"]["possible_cpus"]) == (2, 8)
    assert rows["numa2-m4g-c4"]["nodes"] == 2


def test_machine_from_dmesg_makes_a_file_that_is_a_machine(tmp_path, capsys):
    target = tmp_path / "made.toml"
    assert main(["machine", "from-dmesg", str(TRUTH / "numa2-m4g-c4" / "dmesg.txt"), "-o", str(target)]) == 0
    assert capsys.readouterr().out == ""
    assert main(["machine", "show", str(target)]) == 0
    assert "pxm = 1" in capsys.readouterr().out
    assert [path.name for path in tmp_path.iterdir()] == ["made.toml"]


def test_a_file_that_cannot_be_written_leaves_nothing(tmp_path):
    (tmp_path / "folder").mkdir()
    with pytest.raises(KmmdocError, match="cannot be written"):
        write_file(tmp_path / "folder", "text")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_a_table_without_rows():
    assert table(["a", "b"], []) == ["a  b"]
