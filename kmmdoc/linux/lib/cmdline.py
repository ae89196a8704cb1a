"""lib/cmdline.c: numbers, lists and sizes in options."""

from __future__ import annotations

from kmmdoc.linux.lib.vsprintf import simple_strtol, simple_strtoull

_SHIFTS = {c: 10 * (i + 1) for i, c in enumerate("kmgtpe")}


def get_option(text: str | None) -> tuple[int, int, str]:
    """Read an int from the front of `text`: (kind, value, rest).

    kind is 0 for no number, 1 for a number, 2 for a number and the comma behind it, 3 before a '-'.

    >>> get_option("8,x"), get_option(""), get_option("4-7")
    ((2, 8, 'x'), (0, 0, ''), (3, 4, '-7'))
    """
    if not text:
        return 0, 0, ""
    value, used = simple_strtol(text)
    value = (value + (1 << 31)) % (1 << 32) - (1 << 31)
    rest = text[used:]
    if not used:
        return 0, 0, text
    if rest.startswith(","):
        return 2, value, rest[1:]
    return (3 if rest.startswith("-") else 1), value, rest


def memparse(text: str) -> tuple[int, int]:
    """A size with an optional unit K M G T P E: (bytes modulo 2^64, characters used).

    >>> memparse("64M@1G"), memparse("0x10k"), memparse("nopentium")
    ((67108864, 3), (16384, 5), (0, 0))
    """
    value, used = simple_strtoull(text)
    shift = _SHIFTS.get(text[used : used + 1].lower(), 0)
    return (value << shift) & ((1 << 64) - 1), used + (shift > 0)


def parse_option_str(text: str, option: str) -> bool:
    """Is `option` one of the comma-separated words of `text`?

    >>> parse_option_str("a=b,debug", "debug"), parse_option_str("debugger", "debug")
    (True, False)
    """
    return option in text.split(",")
