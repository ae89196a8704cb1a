"""lib/vsprintf.c, its reading half: numbers from the front of a text.

Every function returns (value, characters used) instead of moving a pointer.
"""

from __future__ import annotations

_U64 = (1 << 64) - 1
_DIGITS = {c: i for i, c in enumerate("0123456789abcdef")} | {c: 10 + i for i, c in enumerate("ABCDEF")}


def simple_strtoull(text: str, base: int = 0) -> tuple[int, int]:
    """The unsigned number that `text` begins with, modulo 2^64; base 0 reads 0x as hexadecimal, 0 as octal.

    >>> simple_strtoull("0x10@"), simple_strtoull("017"), simple_strtoull("09"), simple_strtoull("x")
    ((16, 4), (15, 3), (0, 1), (0, 0))
    """
    hexadecimal = text[:2] in ("0x", "0X")
    if base == 0:
        base = 16 if hexadecimal and text[2:3] in _DIGITS else 8 if text[:1] == "0" else 10
    used = 2 if base == 16 and hexadecimal else 0
    value = 0
    while used < len(text) and _DIGITS.get(text[used], 16) < base:
        value = (value * base + _DIGITS[text[used]]) & _U64
        used += 1
    return value, used


def simple_strtol(text: str, base: int = 0) -> tuple[int, int]:
    """The signed 64-bit number that `text` begins with. A lone minus sign is used up and gives 0.

    >>> simple_strtol("-12,"), simple_strtol("7")
    ((-12, 3), (7, 1))
    """
    negative = text.startswith("-")
    value, used = simple_strtoull(text[negative:], base)
    if negative:
        value = -value & _U64
    return value - (1 << 64) if value >> 63 else value, used + negative
