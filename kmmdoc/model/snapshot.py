"""Snapshots: the values of every structure at one stage, in the schema of the recorded boots."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Snapshot:
    """The state at `stage`. Sections are JSON values (see docs/snapshot-schema.md).

    `at` is the index of the trace event before which the snapshot stands (0 where it was recorded
    from a real kernel). A section may be given as a function of frozen values: it is called once,
    when somebody first asks.
    """

    stage: str
    at: int = 0
    _sections: dict[str, Any] = field(default_factory=dict)

    def __getitem__(self, section: str) -> Any:
        value = self._sections[section]
        if isinstance(value, Callable):  # type: ignore[arg-type]
            value = self._sections[section] = value()
        return value

    def __contains__(self, section: str) -> bool:
        return section in self._sections

    def get(self, section: str, default: Any = None) -> Any:
        """The section, or `default` where this stage does not have it."""
        return self[section] if section in self._sections else default

    def keys(self) -> Iterator[str]:
        """Names of the sections that this stage has."""
        return iter(self._sections)

    def to_json(self) -> dict[str, Any]:
        """`{"stage": name, section: value ...}`."""
        return {"stage": self.stage, **{name: self[name] for name in self._sections}}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Snapshot:
        """The inverse of `to_json`; also reads a recorded stage."""
        return cls(data["stage"], 0, {k: v for k, v in data.items() if k != "stage"})
