"""What known firmware leaves in memory without the log printing it.

Simplified: of a machine whose firmware is not in firmware.toml, no option ROM is known; and of a known one
only those that it brings itself, not the ones of network or storage cards.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from kmmdoc.machines.bootlog import Line
from kmmdoc.model.scenario import Rom

_FIRST_ROM = 0xC0000


def option_roms(lines: Iterable[Line], type_of_loader: int) -> tuple[Rom, ...]:
    """The ROMs between 0xc0000 and 0xeffff, as the firmware that the log names places them."""
    line = next((line.text for line in lines if line.text.startswith("DMI: ")), None)
    for firmware in _known() if line else ():
        if re.match(firmware["dmi"], line or ""):
            return tuple(_placed(firmware, type_of_loader))
    return ()


def _placed(firmware: dict[str, Any], type_of_loader: int) -> Iterable[Rom]:
    at, align = _FIRST_ROM, firmware["align"]
    for rom in firmware["roms"]:
        if rom.get("loader", type_of_loader >> 4) == type_of_loader >> 4:
            yield Rom(at, at + rom["size"] - 1, rom["name"])
            at += -(-rom["size"] // align) * align


def _known() -> list[dict[str, Any]]:
    import tomllib

    data = tomllib.loads((Path(__file__).parent / "firmware.toml").read_text(encoding="utf-8"))
    return list(data["firmware"])
