"""kernel/kexec.c, its options: how much memory to keep for a crash kernel."""

from __future__ import annotations

from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.lib.cmdline import memparse
from kmmdoc.linux.state import KERN_WARNING, Kernel

NAME = "crashkernel="
SUFFIXES = (",high", ",low")
U64_MAX = (1 << 64) - 1

Sizes = tuple[int, int]  # size, base


def _complain(k: Kernel, text: str) -> Sizes | None:
    k.printk(KERN_WARNING, f"{text}\n")
    return None


@kfunc
def parse_crashkernel_mem(k: Kernel, text: str, system_ram: int) -> Sizes | None:
    """RANGE:SIZE[,RANGE:SIZE...][@BASE], RANGE = START-[END].

    The size for the range that `system_ram` is in.
    """
    at, crash_size, crash_base = 0, 0, 0
    while True:
        start, used = memparse(text[at:])
        if not used:
            return _complain(k, "crashkernel: Memory value expected")
        at += used
        if text[at : at + 1] != "-":
            return _complain(k, "crashkernel: '-' expected")
        at += 1
        end = U64_MAX
        if text[at : at + 1] != ":":
            end, used = memparse(text[at:])
            if not used:
                return _complain(k, "crashkernel: Memory value expected")
            at += used
            if end <= start:
                return _complain(k, "crashkernel: end <= start")
        if text[at : at + 1] != ":":
            return _complain(k, "crashkernel: ':' expected")
        size, used = memparse(text[at + 1 :])
        if not used:
            return _complain(k, "Memory value expected")
        at += 1 + used
        if size >= system_ram:
            return _complain(k, "crashkernel: invalid size")
        if start <= system_ram < end:
            crash_size = size
            break
        if text[at : at + 1] != ",":
            break
        at += 1
    if crash_size > 0:
        tail = text[at:].split(" ", 1)[0]
        if "@" in tail:
            crash_base, used = memparse(tail[tail.index("@") + 1 :])
            if not used:
                return _complain(k, "Memory value expected after '@'")
    return crash_size, crash_base


@kfunc
def parse_crashkernel_simple(k: Kernel, text: str) -> Sizes | None:
    """SIZE[@BASE]; None, with a message, where it is something else."""
    crash_size, used = memparse(text)
    if not used:
        return _complain(k, "crashkernel: memory value expected")
    if text[used : used + 1] == "@":
        return crash_size, memparse(text[used + 1 :])[0]
    if text[used : used + 1] not in (" ", ""):
        return _complain(k, "crashkernel: unrecognized char")
    return crash_size, 0


@kfunc
def parse_crashkernel_suffix(k: Kernel, text: str, suffix: str) -> Sizes | None:
    """SIZE,high or SIZE,low."""
    crash_size, used = memparse(text)
    if not used:
        return _complain(k, "crashkernel: memory value expected")
    rest = text[used:]
    if not rest.startswith(suffix) or rest[len(suffix) : len(suffix) + 1] not in (" ", ""):
        return _complain(k, "crashkernel: unrecognized char")
    return crash_size, 0


def get_last_crashkernel(cmdline: str, suffix: str | None) -> str | None:
    """The command line from behind the last crashkernel= of the kind: with `suffix`, or without any."""
    found, at = None, cmdline.find(NAME)
    while at >= 0:
        word = cmdline[at:].split(" ", 1)[0]
        if word.endswith(suffix) if suffix else not word.endswith(SUFFIXES):
            found = cmdline[at + len(NAME) :]
        at = cmdline.find(NAME, at + 1)
    return found


@kfunc
def __parse_crashkernel(k: Kernel, cmdline: str, system_ram: int, suffix: str | None) -> Sizes | None:
    """(size, base) in bytes that crashkernel= asks for.

    None where it is absent or wrong. Base 0: anywhere.
    """
    text = get_last_crashkernel(cmdline, suffix)
    if text is None:
        return None
    if suffix:
        return parse_crashkernel_suffix(k, text, suffix)
    if ":" in text.split(" ", 1)[0]:
        return parse_crashkernel_mem(k, text, system_ram)
    return parse_crashkernel_simple(k, text)


@kfunc
def parse_crashkernel(k: Kernel, cmdline: str, system_ram: int) -> Sizes | None:
    """crashkernel=SIZE[@BASE] or by ranges of RAM."""
    return __parse_crashkernel(k, cmdline, system_ram, None)


@kfunc
def parse_crashkernel_high(k: Kernel, cmdline: str, system_ram: int) -> Sizes | None:
    """crashkernel=SIZE,high: anywhere, above 4 GiB too."""
    return __parse_crashkernel(k, cmdline, system_ram, ",high")


@kfunc
def parse_crashkernel_low(k: Kernel, cmdline: str, system_ram: int) -> Sizes | None:
    """crashkernel=SIZE,low: what must lie below 4 GiB when the rest does not."""
    return __parse_crashkernel(k, cmdline, system_ram, ",low")
