"""Where the kernel's text is read from: a folder, an archive that is not unpacked, or fetched files."""

from __future__ import annotations

import contextlib
import hashlib
import io
import lzma
import os
import re
import tarfile
import tempfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import IO, Protocol

from kmmdoc.excerpts.facts import Facts
from kmmdoc.model.errors import KmmdocError

_LARGEST = 8 << 20  # bytes of a source file that anybody reads
_MUST = "mm/memblock.c"


class Tree(Protocol):
    """A kernel tree, or the part of one that is known."""

    @property
    def label(self) -> str:
        """What it is, for a reader: the version and where it comes from."""

    def raw(self, path: str) -> bytes | None:
        """The file at `path`, relative to the tree; None if it is not there."""


def text_of(tree: Tree, path: str) -> str | None:
    """A file's text with Unix line ends. Bytes that are no UTF-8 come as surrogates, so that hashes hold."""
    raw = tree.raw(path)
    return None if raw is None else raw.decode("utf-8", "surrogateescape").replace("\r\n", "\n")


class FolderTree:
    """An unpacked kernel tree."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        if not folder.is_dir():
            raise KmmdocError(folder, None, "is no folder")
        if not (folder / _MUST).is_file():
            raise KmmdocError(folder, None, f"is no kernel tree: it has no {_MUST}")

    @property
    def label(self) -> str:
        return f"{version_of(self.raw('Makefile'))} (folder {self.folder.name})"

    def raw(self, path: str) -> bytes | None:
        try:
            return (self.folder / path).read_bytes()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None
        except OSError as error:
            raise KmmdocError(self.folder / path, None, f"cannot be read: {error.strerror}") from error


class MemoryTree:
    """Files held in memory: what was read from an archive, or a test's own."""

    def __init__(self, files: Mapping[str, bytes], origin: str) -> None:
        self.files, self.origin = files, origin

    @property
    def label(self) -> str:
        return f"{version_of(self.files.get('Makefile'))} ({self.origin})"

    def raw(self, path: str) -> bytes | None:
        return self.files.get(path)


class FetchedTree:
    """Files fetched one by one; each is what the facts say it is, or it is not there."""

    def __init__(self, folder: Path, facts: Facts) -> None:
        self.folder, self.facts = folder, facts

    @property
    def label(self) -> str:
        return f"Linux {self.facts.version.removeprefix('v')} (fetched, hashes checked)"

    def raw(self, path: str) -> bytes | None:
        fact = self.facts.files.get(path)
        if fact is None:
            return None
        try:
            raw = (self.folder / path).read_bytes()
        except OSError:
            return None
        return raw if hashlib.sha256(raw).hexdigest() == fact.sha256 else None

    def missing(self) -> list[str]:
        return [path for path in self.facts.files if self.raw(path) is None]


def version_of(makefile: bytes | None) -> str:
    """`Linux 3.18.9` from a kernel's top Makefile.

    >>> version_of(b"VERSION = 3\\nPATCHLEVEL = 18\\nSUBLEVEL = 0\\nEXTRAVERSION = -rc1\\n")
    'Linux 3.18-rc1'
    """
    fields: dict[str, str] = dict(
        re.findall(r"^(VERSION|PATCHLEVEL|SUBLEVEL|EXTRAVERSION)\s*=[ \t]*(\S*)", _text(makefile), re.M)
    )
    if "VERSION" not in fields:
        return "Linux, version unknown"
    numbers = [fields["VERSION"], fields.get("PATCHLEVEL", "0")]
    if fields.get("SUBLEVEL", "0") not in ("", "0"):
        numbers.append(fields["SUBLEVEL"])
    return "Linux " + ".".join(numbers) + fields.get("EXTRAVERSION", "")


def _text(raw: bytes | None) -> str:
    return (raw or b"").decode("utf-8", "replace")


def read_archive(
    archive: Path, wanted: Iterable[str], progress: Callable[[int, int], None] | None = None
) -> MemoryTree:
    """The wanted files of a kernel's tar archive (.tar, .gz, .bz2, .xz), read through once, nothing unpacked.

    `progress` is called with the bytes read so far and the archive's size. Reading stops as soon as
    everything wanted was seen. KmmdocError if it is no archive, is damaged, or holds no kernel.
    """
    missing = {*wanted, "Makefile"}
    files: dict[str, bytes] = {}
    try:
        with archive.open("rb") as file, tarfile.open(fileobj=_Watched(file, progress), mode="r|*") as tar:
            for path, member in _members(tar):
                if path in missing and member.size <= _LARGEST:
                    content = tar.extractfile(member)
                    if content is not None:
                        files[path] = content.read()
                        missing.discard(path)
                        if not missing:
                            break
    except (tarfile.TarError, lzma.LZMAError, zlib.error, EOFError) as error:
        raise KmmdocError(archive, None, f"is no readable tar archive: {error}") from error
    except OSError as error:
        raise KmmdocError(archive, None, f"cannot be read: {error.strerror or error}") from error
    if _MUST not in files:
        raise KmmdocError(archive, None, f"holds no kernel tree: no {_MUST} in it")
    return MemoryTree(files, f"archive {archive.name}")


def _members(tar: tarfile.TarFile) -> Iterator[tuple[str, tarfile.TarInfo]]:
    """The regular files of an archive with their paths below its top folder."""
    for member in tar:
        if member.isfile():
            parts = [p for p in PurePosixPath(member.name).parts if p != "."]
            yield "/".join(parts[1:]), member


class _Watched(io.RawIOBase):
    """A file that says how far it was read."""

    def __init__(self, file: IO[bytes], progress: Callable[[int, int], None] | None) -> None:
        self.file, self.progress = file, progress
        self.total = os.fstat(file.fileno()).st_size

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        data = self.file.read(size)
        if self.progress:
            self.progress(self.file.tell(), self.total)
        return data


def write_small_archive(files: Mapping[str, bytes], target: Path) -> None:
    """The files as an uncompressed archive, written beside and moved into place."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for path, content in sorted(files.items()):
            member = tarfile.TarInfo(f"linux/{path}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    write_atomically(target, buffer.getvalue())


def write_atomically(target: Path, content: bytes) -> None:
    """`content` in the file `target`, or the old file untouched; folders are made as needed."""
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.replace(name, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise
