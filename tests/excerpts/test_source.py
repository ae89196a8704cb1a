"""Trees and archives as sources, and what is remembered between runs."""

from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path

import pytest

from kmmdoc.excerpts import source
from kmmdoc.excerpts.facts import Facts
from kmmdoc.excerpts.trees import read_archive, version_of
from kmmdoc.model.errors import KmmdocError

from .conftest import make_facts

MAKEFILE = "VERSION = 3\nPATCHLEVEL = 18\nSUBLEVEL = 9\nEXTRAVERSION =\nNAME = Tapir\n"


@pytest.fixture
def files() -> dict[str, str]:
    return {"mm/memblock.c": "int blocks;\n", "include/a.h": "struct a {\n\tint b;\n};\n"}


@pytest.fixture
def facts(files: dict[str, str]) -> Facts:
    return make_facts(files)


@pytest.fixture
def tree(tmp_path: Path, files: dict[str, str]) -> Path:
    folder = tmp_path / "linux-3.18.9"
    for path, text in {**files, "Makefile": MAKEFILE, "mm/other.c": "int unused;\n"}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return folder


def pack(tree: Path, mode: str, name: str) -> Path:
    archive = tree.parent / name
    with tarfile.open(archive, f"w:{mode}") as tar:
        tar.add(tree, arcname=tree.name)
    return archive


def test_a_tree(tree: Path, facts: Facts, tmp_path: Path) -> None:
    (tree / "include/a.h").write_text("struct a {\n\tlong b;\n};\n")
    found = source.use(tree, cache=tmp_path / "c", facts=facts)
    assert (found.kind, found.place, found.present, found.same, found.known) == ("tree", str(tree), 2, 1, 2)
    assert found.label == "Linux 3.18.9 (folder linux-3.18.9)"
    assert found.line == f"{found.label}: 2 of 2 files, 1 as in v3.18; {tree}"
    current = source.current(cache=tmp_path / "c", facts=facts)
    assert current is not None
    assert current.raw("mm/other.c") == b"int unused;\n"
    assert current.raw("mm/none.c") is None


@pytest.mark.parametrize(
    ("mode", "name"), [("", "l.tar"), ("gz", "l.tar.gz"), ("bz2", "l.tar.bz2"), ("xz", "l.tar.xz")]
)
def test_an_archive_is_read_once_and_not_unpacked(
    tree: Path, facts: Facts, tmp_path: Path, mode: str, name: str
) -> None:
    archive, cache = pack(tree, mode, name), tmp_path / "c"
    read: list[int] = []
    found = source.use(archive, cache=cache, facts=facts, progress=lambda done, _: read.append(done))
    assert (found.kind, found.present, found.same) == ("tarball", 2, 2)
    assert found.label == f"Linux 3.18.9 (archive {name})"
    assert read
    assert [p.suffix for p in cache.rglob("*") if p.is_file() and p.name != "source.json"] == [".tar"]
    archive.write_bytes(b"")  # as large and as old as before it would be; now it is another file
    with pytest.raises(KmmdocError, match="source use"):
        source.current(cache=cache, facts=facts)


def test_the_small_copy_serves_as_long_as_the_archive_is_the_same(
    tree: Path, facts: Facts, tmp_path: Path
) -> None:
    archive, cache = pack(tree, "gz", "l.tar.gz"), tmp_path / "c"
    source.use(archive, cache=cache, facts=facts)
    seen = archive.stat()
    archive.write_bytes(b"\0" * seen.st_size)
    os.utime(archive, ns=(seen.st_atime_ns, seen.st_mtime_ns))
    current = source.current(cache=cache, facts=facts)
    assert current is not None
    assert current.raw("mm/memblock.c") == b"int blocks;\n"


def test_a_damaged_small_copy_is_made_again(tree: Path, facts: Facts, tmp_path: Path) -> None:
    archive, cache = pack(tree, "gz", "l.tar.gz"), tmp_path / "c"
    source.use(archive, cache=cache, facts=facts)
    (small,) = (cache / "archives").iterdir()
    small.write_bytes(small.read_bytes()[:600])
    current = source.current(cache=cache, facts=facts)
    assert current is not None
    assert current.raw("mm/memblock.c") == b"int blocks;\n"


def test_members_that_are_no_files_of_the_tree(tmp_path: Path) -> None:
    archive = tmp_path / "odd.tar"
    with tarfile.open(archive, "w") as tar:
        for name, content in [
            ("./l/mm/memblock.c", b"good"),
            ("mm/memblock.c", b"no"),
            ("l/../mm/memblock.c", b"bad"),
        ]:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
        link = tarfile.TarInfo("l/Makefile")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    found = read_archive(archive, ["mm/memblock.c", "memblock.c"])
    assert found.raw("mm/memblock.c") == b"good"
    assert found.raw("Makefile") is None


def test_wrong_places(tmp_path: Path, facts: Facts, tree: Path) -> None:
    empty, text, cut = tmp_path / "empty", tmp_path / "text.tar", tmp_path / "cut.tar.gz"
    empty.mkdir()
    text.write_text("This is no archive.\n" * 100)
    cut.write_bytes(pack(tree, "gz", "whole.tar.gz").read_bytes()[:-120])
    other = pack(empty, "xz", "other.tar.xz")
    for place, reason in [
        (tmp_path / "nothing", "no such file or folder"),
        (empty, r"no kernel tree: it has no mm/memblock\.c"),
        (text, "no readable tar archive"),
        (cut, "no readable tar archive"),
        (other, "holds no kernel tree"),
    ]:
        with pytest.raises(KmmdocError, match=reason) as error:
            source.use(place, cache=tmp_path / "c", facts=facts)
        assert error.value.file == str(place)
    assert not (tmp_path / "c" / "source.json").exists()


def test_a_tree_that_has_gone(tree: Path, facts: Facts, tmp_path: Path) -> None:
    source.use(tree, cache=tmp_path / "c", facts=facts)
    tree.rename(tmp_path / "elsewhere")
    with pytest.raises(KmmdocError, match="`kmmdoc source use` names another"):
        source.status(cache=tmp_path / "c", facts=facts)


def test_none_and_forget(tree: Path, facts: Facts, tmp_path: Path) -> None:
    cache = tmp_path / "c"
    assert source.status(cache=cache, facts=facts).kind == "none"
    source.use(tree, cache=cache, facts=facts)
    source.forget(cache=cache)
    assert source.current(cache=cache, facts=facts) is None
    assert source.status(cache=cache, facts=facts).kind == "none"


def test_a_spoilt_memory(tmp_path: Path) -> None:
    (tmp_path / "source.json").write_text("{")
    with pytest.raises(KmmdocError, match="remove it"):
        source.current(cache=tmp_path)


def test_where_the_cache_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.delenv("KMMDOC_CACHE", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert source.cache_folder() == Path("/home/me/.cache/kmmdoc")
    monkeypatch.setenv("XDG_CACHE_HOME", "/var/x")
    assert source.cache_folder() == Path("/var/x/kmmdoc")
    monkeypatch.setenv("KMMDOC_CACHE", "/var/own")
    assert source.cache_folder() == Path("/var/own")


def test_versions() -> None:
    assert version_of(MAKEFILE.encode()) == "Linux 3.18.9"
    assert version_of(b"VERSION = 3\nPATCHLEVEL = 18\nSUBLEVEL = 0\nEXTRAVERSION =\n") == "Linux 3.18"
    assert version_of(None) == "Linux, version unknown"
