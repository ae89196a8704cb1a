"""A recorded sequence: allocator calls that a debugger made on a stopped kernel, and what each changed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from kmmdoc.model.errors import KmmdocError

Json = dict[str, Any]


class Difference(NamedTuple):
    """A value of the state that differs; None stands for nothing there."""

    path: str
    recorded: Any
    predicted: Any


@dataclass(frozen=True, slots=True)
class Record:
    """One sequence. `initial` is the state before the first of `steps`, by section."""

    path: Path
    name: str
    purpose: str
    machine: str
    command_line: str
    inputs: Json
    sections: tuple[str, ...]
    initial: Json
    steps: list[Json]


def read_record(path: str | Path) -> Record:
    """The sequence in the JSON file `path`; KmmdocError where that is none."""
    path = Path(path)
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise KmmdocError(path, None, error.strerror or "cannot be read") from None
    except ValueError as error:
        raise KmmdocError(path, getattr(error, "lineno", None), f"not JSON: {error}") from None
    try:
        for i, step in enumerate(data["steps"]):
            if not isinstance(step["call"], str):
                raise KmmdocError(path, f"steps[{i}].call", "not the name of a function")
            for arg in step["args"]:
                int(arg, 16)
        return Record(
            path,
            data.get("sequence", path.stem),
            data.get("purpose", ""),
            data["machine"]["scenario"],
            data["machine"]["kernel_command_line"],
            dict(data["inputs"]),
            tuple(data.get("sections", data["initial"])),
            dict(data["initial"]),
            list(data["steps"]),
        )
    except KeyError as error:
        raise KmmdocError(path, str(error.args[0]), "this key is missing") from None
    except (TypeError, ValueError) as error:
        raise KmmdocError(path, None, f"not in the format of a recorded sequence: {error}") from None


def merge(state: Any, patch: Any) -> Any:
    """`state` with a JSON merge patch (RFC 7386): objects merge, null removes, all else replaces.

    >>> merge({"a": 1, "b": {"c": 2}}, {"a": None, "b": {"d": [3]}})
    {'b': {'c': 2, 'd': [3]}}
    """
    if not isinstance(patch, dict):
        return patch
    result = dict(state) if isinstance(state, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge(result.get(key), value)
    return result


def differences(recorded: Any, predicted: Any, path: str = "") -> Iterator[Difference]:
    """Every value that only one of two states has, or that differs.

    >>> [d.path for d in differences({"a": 1, "b": {"c": 2}}, {"a": 1, "b": {"c": 3, "d": 4}})]
    ['b.c', 'b.d']
    """
    if recorded is predicted or recorded == predicted:
        return
    if isinstance(recorded, dict) and isinstance(predicted, dict):
        for key in [*recorded, *(key for key in predicted if key not in recorded)]:
            below = f"{path}.{key}" if path else str(key)
            yield from differences(recorded.get(key), predicted.get(key), below)
    else:
        yield Difference(path, recorded, predicted)
