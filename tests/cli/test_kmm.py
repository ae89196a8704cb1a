"""The wrapper: what it starts, when it installs, what it says when it cannot."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

import kmmdoc

ROOT = Path(kmmdoc.__file__).parent.parent
LOCKS = ("requirements.lock", "requirements-dev.lock")
STUB = '#!/bin/sh\nprintf "%s|" "$(pwd)" "$@"\n'


@pytest.fixture
def project(tmp_path):
    """The wrapper beside an environment that is ready and whose Python only says how it was called."""
    here = (tmp_path / "a project").resolve()
    (here / ".venv" / "bin").mkdir(parents=True)
    shutil.copy(ROOT / "kmm", here)
    for lock in LOCKS:
        shutil.copy(ROOT / lock, here)
        shutil.copy(ROOT / lock, here / ".venv")
    (here / ".venv" / "kmm-place").write_text(f"{here}\n")
    python = here / ".venv" / "bin" / "python"
    python.write_text(STUB)
    python.chmod(0o755)
    return here


def kmm(project, *words, cwd=None, **environment):
    return subprocess.run(
        [project / "kmm", *words], cwd=cwd or project, env={**os.environ, **environment},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("words", "started"),
    [
        (["build"], "-m|kmmdoc|build|"),
        (["build", "html", "--lang", "zh_CN"], "-m|kmmdoc|build|html|--lang|zh_CN|"),
        (["test"], "-m|pytest|"),
        (["test", "-k", "a b"], "-m|pytest|-k|a b|"),
        (["boot", "qemu-2g", "--dmesg"], "-m|kmmdoc|boot|qemu-2g|--dmesg|"),
        (["--version"], "-m|kmmdoc|--version|"),
        ([], "-m|kmmdoc|"),
    ],
)
def test_what_is_started(project, words, started):
    result = kmm(project, *words)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == f"{project}|{started}"


def test_paths_are_those_of_the_caller_except_for_build_and_test(project, tmp_path):
    assert kmm(project, "boot", "my.toml", cwd=tmp_path).stdout.startswith(f"{tmp_path.resolve()}|")
    assert kmm(project, "build", cwd=tmp_path).stdout.startswith(f"{project}|")
    assert kmm(project, "test", cwd=tmp_path).stdout.startswith(f"{project}|")


def test_the_small_environment_is_enough_to_run_but_not_to_test(project):
    (project / ".venv" / "requirements-dev.lock").unlink()
    assert kmm(project, "boot", "x").returncode == 0
    assert "requirements-dev.lock" in kmm(project, "test", KMM_PYTHON="/nowhere").stderr


@pytest.mark.parametrize("change", ["lock", "place", "python"])
def test_an_environment_that_does_not_fit_is_not_used(project, change):
    venv = project / ".venv"
    if change == "lock":
        for lock in LOCKS:
            (project / lock).write_text("another==1\n")
    elif change == "place":
        (venv / "kmm-place").write_text("/elsewhere\n")
    else:
        (venv / "bin" / "python").unlink()
    result = kmm(project, "boot", "x", KMM_PYTHON="/nowhere")
    assert "-m|kmmdoc" not in result.stdout
    assert result.stderr.startswith("kmm: ")


def test_no_python(project):
    shutil.rmtree(project / ".venv")
    result = kmm(project, "boot", "x", KMM_PYTHON="/nowhere")
    assert result.returncode == 2
    assert result.stderr == "kmm: no Python 3.11 or newer was found (KMM_PYTHON=/path/to/python names one)\n"


@pytest.mark.parametrize("lock", LOCKS)
def test_the_lock_has_hashes_and_names_no_host(lock):
    lines = (ROOT / lock).read_text().splitlines()
    packages = [i for i, line in enumerate(lines) if line[:1].isalnum()]
    assert packages
    assert all("==" in lines[i] and "--hash=sha256:" in lines[i + 1] for i in packages)
    assert not any("://" in line or "index-url" in line or "find-links" in line for line in lines)


def test_the_locks_agree():
    def pins(lock):
        lines = (ROOT / lock).read_text().splitlines()
        return {line.rstrip(" \\") for line in lines if line[:1].isalnum()}

    assert pins("requirements.lock") < pins("requirements-dev.lock")
