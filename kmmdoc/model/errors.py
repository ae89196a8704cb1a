"""Errors about what the user gave: a machine file, a log, a source tree, an option."""

from __future__ import annotations

from pathlib import Path


class KmmdocError(Exception):
    """Something is wrong with an input; the message says where and why.

    `file` is the input's path (or a word such as "command line"), `where` the line number or
    the key inside it (or nothing), `reason` one sentence. The command line prints the message on
    stderr and exits with status 2. What a kernel would panic on is *not* a KmmdocError: that is an
    outcome, and part of the Run.
    """

    def __init__(self, file: str | Path, where: str | int | None, reason: str) -> None:
        self.file, self.where, self.reason = str(file), where, reason
        place = self.file
        if isinstance(where, int):
            place += f":{where}"
        elif where:
            place += f": {where}"
        super().__init__(f"{place}: {reason}")
