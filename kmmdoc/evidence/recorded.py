"""What a recorded boot says happened: the snapshots, the logs and the order of calls of a folder."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from kmmdoc.model.errors import KmmdocError
from kmmdoc.model.snapshot import Snapshot

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
    runs = _json(beside)["stages"] if beside.exists() else {}
    snapshots = {}
    for stage in stages:
        name = stage["stage"]
        if "file" in (stage.get("pages") or ()):
            stage = stage | {"pages": {"runs": runs.get(name, [])}}
        snapshots[name] = Snapshot.from_json(stage)
    return snapshots


def log_lines(text: str) -> list[str]:
    """The lines of a boot log without time stamps, levels and trailing space."""
    return [_STAMP.sub("", line).rstrip() for line in text.splitlines()]
