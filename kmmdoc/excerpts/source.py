"""Which text of the kernel is used: what the user named, or what was fetched; remembered between runs.

Everything is kept in one folder for the user: KMMDOC_CACHE, or kmmdoc below XDG_CACHE_HOME or ~/.cache.
`source.json` there says what to use. The project's own folder never holds a line of the kernel.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kmmdoc.excerpts.facts import Facts, v3_18
from kmmdoc.excerpts.fetch import Fetcher, FetchError, Progress, places_of
from kmmdoc.excerpts.trees import (
    FetchedTree,
    FolderTree,
    MemoryTree,
    Tree,
    read_archive,
    write_atomically,
    write_small_archive,
)
from kmmdoc.model.errors import KmmdocError

RETRY_AFTER = 600.0
"""Seconds for which a build that could not reach the text does not try again by itself."""

MIRROR = "KMMDOC_MIRROR"
"""Environment variable with a mirror for the fetching that a build does by itself."""


@dataclass(frozen=True)
class Status:
    """The text in use. `kind`: tree, tarball, fetched or none."""

    kind: str
    place: str
    """Folder or archive; "" without a text."""
    label: str
    present: int = 0
    """How many of the known files it has."""
    same: int = 0
    """How many of them are v3.18's byte for byte."""
    known: int = 0

    @property
    def line(self) -> str:
        """The status in one sentence."""
        if self.kind == "none":
            return "no kernel source: pages show the notes with links to the public source browser"
        return f"{self.label}: {self.present} of {self.known} files, {self.same} as in v3.18; {self.place}"


def cache_folder() -> Path:
    """The user's folder for what is fetched and remembered. It need not exist."""
    own = os.environ.get("KMMDOC_CACHE")
    if own:
        return Path(own).expanduser()
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base).expanduser() if base else Path.home() / ".cache") / "kmmdoc"


def _state(cache: Path) -> dict[str, Any]:
    try:
        state = json.loads((cache / "source.json").read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, ValueError) as error:
        raise KmmdocError(cache / "source.json", None, f"cannot be read ({error}); remove it") from error
    return state if isinstance(state, dict) else {}


def _remember(cache: Path, **state: Any) -> None:
    try:
        write_atomically(cache / "source.json", (json.dumps(state, indent=1) + "\n").encode())
    except OSError as error:
        raise KmmdocError(cache, None, f"cannot be written: {error.strerror}") from error


def use(
    place: Path,
    *,
    cache: Path | None = None,
    facts: Facts | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Status:
    """Take the text from an unpacked tree or a tar archive from now on.

    Of an archive the known files are kept in the user's cache, so that it is read through only once.
    KmmdocError where `place` is neither, or holds no kernel.
    """
    cache, facts = cache or cache_folder(), facts or v3_18()
    place = Path(place).expanduser().absolute()
    if place.is_dir():
        FolderTree(place)
        _remember(cache, kind="tree", place=str(place))
    elif place.is_file():
        _archive(place, cache, facts, progress)
        _remember(cache, kind="tarball", place=str(place))
    else:
        raise KmmdocError(place, None, "there is no such file or folder")
    return status(cache=cache, facts=facts)


def forget(*, cache: Path | None = None) -> None:
    """Use no text until the next `use` or `fetch`; builds do not fetch by themselves either."""
    _remember(cache or cache_folder(), kind="none")


def fetch(
    mirror: str | None = None,
    *,
    cache: Path | None = None,
    facts: Facts | None = None,
    progress: Progress | None = None,
    fetcher: Fetcher | None = None,
) -> Status:
    """Fetch the known files of v3.18, use them from now on. FetchError if one cannot be had."""
    cache, facts = cache or cache_folder(), facts or v3_18()
    fetcher = replace(fetcher or Fetcher(facts), facts=facts, places=places_of(mirror))
    try:
        fetcher.into(cache / facts.version, progress)
    except OSError as error:
        raise KmmdocError(cache, None, f"cannot be written: {error.strerror}") from error
    _remember(cache, kind="fetched", place=str(cache / facts.version))
    return status(cache=cache, facts=facts)


def current(*, cache: Path | None = None, facts: Facts | None = None) -> Tree | None:
    """The text in use, or None. KmmdocError where what the user named is gone or damaged."""
    cache, facts = cache or cache_folder(), facts or v3_18()
    state = _state(cache)
    kind, place = state.get("kind"), Path(str(state.get("place", "")))
    try:
        if kind == "tree":
            return FolderTree(place)
        if kind == "tarball":
            return _archive(place, cache, facts)
    except KmmdocError as error:
        raise KmmdocError(error.file, None, f"{error.reason} (`kmmdoc source use` names another)") from error
    if kind == "fetched":
        tree = FetchedTree(place, facts)
        return None if tree.missing() else tree
    return None


def status(*, cache: Path | None = None, facts: Facts | None = None) -> Status:
    """What is in use, and how much of it is v3.18's."""
    cache, facts = cache or cache_folder(), facts or v3_18()
    tree, state = current(cache=cache, facts=facts), _state(cache)
    if tree is None:
        return Status("none", "", "", known=len(facts.files))
    found = {path: tree.raw(path) for path in facts.files}
    same = sum(raw is not None and _sha(raw) == facts.files[path].sha256 for path, raw in found.items())
    present = sum(raw is not None for raw in found.values())
    return Status(state["kind"], state["place"], tree.label, present, same, len(facts.files))


def ensure_source(
    offline: bool,
    seconds: float = 4.0,
    *,
    say: Callable[[str], None] = lambda _: None,
    progress: Progress | None = None,
    cache: Path | None = None,
    facts: Facts | None = None,
    fetcher: Fetcher | None = None,
) -> Tree | None:
    """The text for a build: what is in use, else fetched now if the first file comes within `seconds`.

    Never raises for a network that is not there: `say` gets one line, the build goes on without.
    `offline` never tries. After a failure the next try is made RETRY_AFTER seconds later.
    """
    cache, facts = cache or cache_folder(), facts or v3_18()
    tree = current(cache=cache, facts=facts)
    if tree is not None:
        say(f"kernel source: {tree.label}")
        return tree
    without = "going on without; `kmmdoc source use TREE` or `kmmdoc source fetch` adds it"
    state = _state(cache)
    if offline or state.get("kind") == "none":
        say(f"kernel source: none, not fetched; {without}")
        return None
    if 0 <= time.time() - float(state.get("failed", 0)) < RETRY_AFTER:
        say(f"kernel source: could not be reached a few minutes ago; {without}")
        return None
    fetcher = replace(
        fetcher or Fetcher(facts, timeout=10, retries=1),
        facts=facts,
        places=places_of(os.environ.get(MIRROR)),
    )
    say(f"kernel source: fetching {len(facts.files)} files of {facts.version} (once; --offline never does)")
    try:
        fetched = fetcher.preferring(_probe(fetcher, seconds)).into(cache / facts.version, progress, limit=90)
        _remember(cache, kind="fetched", place=str(cache / facts.version))
    except (KmmdocError, OSError) as error:
        with contextlib.suppress(KmmdocError):  # a cache that cannot be written is what the message is about
            _remember(cache, **{**state, "failed": time.time()})
        say(f"kernel source: {error}; {without}")
        return None
    return fetched


def _probe(fetcher: Fetcher, seconds: float) -> str:
    """The place that has the smallest file within `seconds`, name look-up and all. FetchError if none."""
    smallest = min(fetcher.facts.files.values(), key=lambda f: f.size)
    quick = replace(fetcher, timeout=seconds / len(fetcher.places), retries=0)
    result: list[str | BaseException] = []

    def run() -> None:
        try:
            result.append(quick.one(smallest)[1])
        except BaseException as error:
            result.append(error)

    # A thread, since looking up a name may block for longer than any timeout that can be set.
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if not result:
        raise FetchError(
            fetcher.url(fetcher.places[0], smallest.path), None, f"no answer in {seconds:g} seconds"
        )
    if isinstance(result[0], BaseException):
        raise result[0]
    return result[0]


def _archive(
    place: Path, cache: Path, facts: Facts, progress: Callable[[int, int], None] | None = None
) -> MemoryTree:
    """The known files of an archive: from the small copy of this very file, else read through now."""
    try:
        seen = place.stat()
    except OSError as error:
        raise KmmdocError(place, None, f"cannot be read: {error.strerror}") from error
    key = _sha(f"{place}\0{seen.st_size}\0{seen.st_mtime_ns}\0{facts.version}".encode())[:16]
    small = cache / "archives" / f"{key}.tar"
    if small.is_file():
        try:
            return MemoryTree(read_archive(small, facts.files).files, f"archive {place.name}")
        except KmmdocError:
            small.unlink(missing_ok=True)
    tree = read_archive(place, facts.files, progress)
    try:
        write_small_archive(tree.files, small)
    except OSError as error:
        raise KmmdocError(small, None, f"cannot be written: {error.strerror}") from error
    return tree


def _sha(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()
