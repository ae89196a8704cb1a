"""How numbers stand in a snapshot."""

from __future__ import annotations


def number(value: int | str) -> int:
    """A number of a snapshot: an int, or a text with its base ("0x1f").

    >>> number("0x1f"), number(31)
    (31, 31)
    """
    return value if isinstance(value, int) else int(value, 0)
