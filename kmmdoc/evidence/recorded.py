"""What a recorded boot says happened: the snapshots, the logs and the order of calls of a folder."""

from __future__ import annotations

import json
import re
import tarfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from kmmdoc.model.errors import KmmdocError
from kmmdoc.model.snapshot import Snapshot

RECORDS = Path(__file__).parent / "records.tar.xz"
SEQUENCES = Path(__file__).parent / "sequences.tar.xz"
_STAMP = re.compile(r"^(<\d+>)?\[\s*\d+\.\d+\] ?")


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text())
    except OSError as error:
        raise KmmdocError(path, None, error.strerror or str(error)) from None
    except ValueError as error:
        raise KmmdocError(path, getattr(error, "lineno", None), f"not JSON: {error}") from None


def recorded_snapshots(folder: Path) -> dict[str, Snapshot]:
    """The snapshots of `folder` by stage name, page runs included; KmmdocError where there are none."""
    data = _json(folder / "snapshots.json")
    stages = data.get("stages") if isinstance(data, dict) else None
    if not isinstance(stages, list):
        raise KmmdocError(folder / "snapshots.json", "stages", "not a list of snapshots")
    beside = folder / "pages.json"
    data = _json(beside) if beside.exists() else {}
    runs = data.get("stages", {}) if isinstance(data, dict) else None
    if not isinstance(runs, dict):
        raise KmmdocError(beside, "stages", "not an object with the page runs of each stage")
    snapshots = {}
    for i, stage in enumerate(stages):
        name = stage.get("stage") if isinstance(stage, dict) else None
        if not isinstance(name, str):
            raise KmmdocError(folder / "snapshots.json", f"stages[{i}]", "not a snapshot with a stage's name")
        if "file" in (stage.get("pages") or ()):
            stage = stage | {"pages": {"runs": runs.get(name, [])}}
        snapshots[name] = Snapshot.from_json(stage)
    return snapshots


def log_lines(text: str) -> list[str]:
    """The lines of a boot log without time stamps, levels and trailing space."""
    return [_STAMP.sub("", line).rstrip() for line in text.splitlines()]


def recorded_calls(path: Path) -> dict[str, Any]:
    """A recorded sequence of calls; KmmdocError where `path` holds none."""
    data = _json(path)
    if not isinstance(data, dict) or not isinstance(data.get("calls"), list):
        raise KmmdocError(path, "calls", "not a list of calls")
    return data


@contextmanager
def _unpacked(archive: Path) -> Iterator[list[Path]]:
    with TemporaryDirectory(prefix="kmmdoc-") as place:
        with tarfile.open(archive) as packed:
            packed.extractall(place)  # our own archive; a filter can be named from Python 3.11.4 on only
        yield sorted(Path(place).iterdir())


def bundled_records() -> AbstractContextManager[list[Path]]:
    """The recorded boots that come with kmmdoc, unpacked into folders for as long as they are looked at."""
    return _unpacked(RECORDS)


def bundled_sequences() -> AbstractContextManager[list[Path]]:
    """The recorded sequences of allocator calls that come with kmmdoc, likewise, a file each."""
    return _unpacked(SEQUENCES)


def record_names() -> list[str]:
    """Names of the recorded boots that come with kmmdoc, sorted."""
    with tarfile.open(RECORDS) as archive:
        return sorted({name.partition("/")[0] for name in archive.getnames()})
