"""kernel/params.c: cutting the command line into options and handing each to whoever wants it."""

from __future__ import annotations

from collections.abc import Callable, Collection

from kmmdoc.linux.state import KERN_ERR, Kernel

ENOENT, ENOSPC = 2, 28

Handler = Callable[[Kernel, str, str | None], int]

CORE_PARAMS = frozenset({"panic", "pause_on_oops", "nomodule", "irqtime", "initcall_debug"})
"""Options without a module's name that the kernel keeps in its table of parameters (core_param)."""


def parameqn(a: str, b: str, n: int) -> bool:
    """Are the first `n` characters of two option names equal, a dash being the same as an underscore?"""
    return a[:n].replace("-", "_") == b[:n].replace("-", "_") and len(a) >= n


def parameq(a: str, b: str) -> bool:
    """Are two option names equal, a dash being the same as an underscore?"""
    return a.replace("-", "_") == b.replace("-", "_")


def next_arg(args: str) -> tuple[str, str | None, str]:
    """Cut the first option off `args`: its name, its value (None without '=') and the rest.

    >>> next_arg('mem=1G "a b=c d" ro')
    ('mem', '1G', '"a b=c d" ro')
    >>> next_arg('"a b=c d" ro')
    ('a b', 'c d', 'ro')
    """
    quoted = args.startswith('"')
    if quoted:
        args = args[1:]
    in_quote, equals, end = quoted, 0, len(args)
    for i, char in enumerate(args):
        if char.isspace() and not in_quote:
            end = i
            break
        if not equals and char == "=":
            equals = i
        if char == '"':
            in_quote = not in_quote
    word, rest = args[:end], args[end + 1 :].lstrip()
    if not equals:
        return word, None, rest
    value = word[equals + 1 :]
    if value.startswith('"'):
        value = value[1:].removesuffix('"')
    elif quoted:
        value = value.removesuffix('"')
    return word[:equals], value, rest


def parse_args(
    k: Kernel, doing: str, args: str, params: Collection[str], handle_unknown: Handler | None
) -> str | None:
    """Go through `args`: an option of `params` is taken as set, any other goes to `handle_unknown(k, name,
    value)`.

    Returns what follows a lone "--", or None. An option that its handler refuses ends the parsing.

    Simplified: the parameters of built-in modules are not known, so `module.option=` counts as unknown.
    """
    args = args.lstrip()
    while args:
        name, value, args = next_arg(args)
        if value is None and name == "--":
            return args
        if any(parameq(name, known) for known in params):
            continue
        result = -ENOENT if handle_unknown is None else handle_unknown(k, name, value)
        if result == -ENOENT:
            k.printk(KERN_ERR, f"{doing}: Unknown parameter `{name}'\n")
            return None
        if result == -ENOSPC:
            k.printk(KERN_ERR, f"{doing}: `{value or ''}' too large for parameter `{name}'\n")
            return None
        if result:
            k.printk(KERN_ERR, f"{doing}: `{value or ''}' invalid for parameter `{name}'\n")
            return None
    return None
