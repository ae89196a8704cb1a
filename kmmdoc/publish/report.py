"""What the user decides about a report: title, author, date (docs/report.toml)."""

from __future__ import annotations

import datetime
import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kmmdoc.model.errors import KmmdocError

LANGUAGES = ("en", "zh_CN")


@dataclass(frozen=True, slots=True)
class Report:
    """The title matter in one language."""

    lang: str
    title: str
    subtitle: str
    author: str
    date: datetime.date
    #: Prefix of a link to a kernel file in the public source browser; ends with a slash.
    source_browser: str


def load_report(path: Path, lang: str) -> Report:
    """Read the title matter of one language from a TOML file; a KmmdocError says what is wrong in it."""
    if lang not in LANGUAGES:
        raise KmmdocError("command line", "--lang", f"{lang!r} is none of {', '.join(LANGUAGES)}")
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise KmmdocError(path, None, f"cannot be read: {error.strerror}") from error
    except tomllib.TOMLDecodeError as error:
        raise KmmdocError(path, None, str(error)) from error
    unknown = sorted(set(data) - {"author", "date", "source_browser", "title", "subtitle"})
    if unknown:
        raise KmmdocError(path, unknown[0], "unknown key")
    date = data.get("date", _today())
    if not isinstance(date, datetime.date):
        raise KmmdocError(path, "date", "write a date without quotes, as 2026-11-22")
    return Report(
        lang=lang,
        title=_text(path, data, "title", lang),
        subtitle=_text(path, data, "subtitle", lang, default=""),
        author=_text(path, data, "author", lang if isinstance(data.get("author"), dict) else None),
        date=date,
        source_browser=_text(path, data, "source_browser").rstrip("/") + "/",
    )


def _text(path: Path, data: dict[str, Any], key: str, lang: str | None = None, default: Any = None) -> str:
    value = data.get(key, {} if lang else None)
    where = key
    if lang:
        if not isinstance(value, dict):
            raise KmmdocError(path, key, f"must be a table with a text for each of {', '.join(LANGUAGES)}")
        where, value = f"{key}.{lang}", value.get(lang, default)
    if not isinstance(value, str):
        raise KmmdocError(path, where, "a text is missing here")
    return value


def _today() -> datetime.date:
    """The day of the build, or the one SOURCE_DATE_EPOCH names, for builds that must repeat."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    if epoch.isdigit():
        return datetime.datetime.fromtimestamp(int(epoch), datetime.UTC).date()
    return datetime.date.today()
