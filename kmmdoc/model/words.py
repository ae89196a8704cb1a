"""The words that the program itself puts on pages and into figures, by language.

One TOML file a language: `templates/strings/LANG.toml`, tables of keys. English is complete; a key that
another language lacks is shown in English.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from kmmdoc.model.errors import KmmdocError

TEMPLATES = Path(__file__).resolve().parents[2] / "templates"
"""The folder of templates and words."""


def _flat(table: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    flat: dict[str, str] = {}
    for key, value in table.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{key}.")
        else:
            flat[prefix + key] = str(value)
    return flat


class Words:
    """The catalog of one language: `words("memblock.alt", stage="...")`."""

    def __init__(self, language: str, entries: Mapping[str, str]) -> None:
        self.language = language
        self.entries = entries

    def __call__(self, key: str, /, **values: Any) -> str:
        """The text of `key` with its {names} filled in; KeyError if no language has it."""
        text = self.entries[key]
        return text.format(**values) if values else text

    def get(self, key: str, default: str) -> str:
        """The text of `key`, or `default` where there is none."""
        return self.entries.get(key, default)


@lru_cache(maxsize=8)
def words(language: str = "en", folder: Path | None = None) -> Words:
    """The catalog of `language`, completed from English; KmmdocError where a file is missing or broken."""
    folder = folder or TEMPLATES / "strings"
    entries: dict[str, str] = {}
    for name in dict.fromkeys(("en", language)):
        path = folder / f"{name}.toml"
        try:
            entries |= _flat(tomllib.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            raise KmmdocError(path, None, f"there are no words for the language {name}") from None
        except tomllib.TOMLDecodeError as error:
            raise KmmdocError(path, None, str(error)) from error
    return Words(language, entries)
