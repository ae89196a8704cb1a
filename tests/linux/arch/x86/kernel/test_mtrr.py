"""Memory that no MTRR makes cacheable, and memory of a graphics chip. Expected values are worked out here."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from kmmdoc.linux.arch.x86.kernel.head64 import x86_64_start_kernel
from kmmdoc.linux.kernel.range import subtract_range
from kmmdoc.linux.link import link
from kmmdoc.linux.state import Kernel, KernelPanic
from kmmdoc.machines.resolve import resolve
from kmmdoc.model.scenario import E820Entry, Machine, Mtrr, Scenario
from kmmdoc.model.trace import dmesg

MIB, GIB = 1 << 20, 1 << 30
E820 = (
    E820Entry(0, 0x9FC00, 1),
    E820Entry(MIB, 3 * GIB - MIB, 1),
    E820Entry(4 * GIB, GIB, 1),
)
CACHED = (
    Mtrr(0, 4 * GIB, "write-back"),
    Mtrr(0xC0000000, GIB, "uncachable"),
    Mtrr(4 * GIB, GIB, "write-back"),
)


def boot(command_line: str = "", **more: Any) -> tuple[Kernel, list[str]]:
    """The kernel after a boot with 4 GiB of memory, a quarter of it above 4 GiB, and its log."""
    link()
    k = Kernel(Scenario(Machine("pc", E820, **more), resolve("qemu-2g").build, command_line))
    with suppress(KernelPanic):
        x86_64_start_kernel(k)
    return k, [line.rstrip() for line in dmesg(k.events)]


def trimmed(log: list[str]) -> list[str]:
    """What was taken out, but for the first page, which always is."""
    lines = [line.partition("e820: update ")[2] for line in log if "e820: update [mem 0x" in line]
    return [line for line in lines if not line.startswith("[mem 0x00000000-")]


def test_everything_is_cached():
    # The hole from 3 to 4 GiB is asked about all the same; no RAM is in it, so that nothing is lost.
    k, log = boot(mtrr_default="uncachable", mtrrs=CACHED)
    assert trimmed(log) == ["[mem 0xc0000000-0xffffffff] usable ==> reserved"]
    assert not any("losing" in line for line in log)
    assert k.max_pfn == 5 * GIB >> 12


def test_an_mtrr_is_missing():
    # Without the last MTRR the GiB above 4 GiB is not cached: 3 GiB remain.
    k, log = boot(mtrr_default="uncachable", mtrrs=CACHED[:2])
    assert trimmed(log) == ["[mem 0xc0000000-0x13fffffff] usable ==> reserved"]
    assert any("don't cover all of memory, losing 1024MB of RAM." in line for line in log)
    assert k.max_pfn == 3 * GIB >> 12


def test_amd_makes_memory_above_4_gib_cacheable():
    k, log = boot(mtrr_default="uncachable", mtrrs=CACHED[:2], mtrr_tom2=5 * GIB)
    assert trimmed(log) == ["[mem 0xc0000000-0xffffffff] usable ==> reserved"]
    assert k.max_pfn == 5 * GIB >> 12


def test_nothing_is_trimmed():
    assert trimmed(boot(mtrrs=CACHED[:2])[1]) == []
    assert trimmed(boot("disable_mtrr_trim", mtrr_default="uncachable", mtrrs=CACHED[:2])[1]) == []
    odd = (*CACHED[:2], Mtrr(4 * GIB, GIB, "write-through"))
    assert trimmed(boot(mtrr_default="uncachable", mtrrs=odd)[1]) == []
    blank = boot(mtrr_default="uncachable")[1]
    assert trimmed(blank) == []
    assert any("CPU MTRRs all blank - virtualized system." in line for line in blank)


def test_graphics_memory_is_no_gap():
    # The largest gap is 3 to 4 GiB; with its first 32 MiB stolen it begins behind them.
    _, log = boot(graphics_stolen=(3 * GIB, 32 * MIB))
    assert any("Reserving Intel graphics stolen memory at 0xc0000000-0xc1ffffff" in line for line in log)
    assert any("e820: [mem 0xc2000000-0xffffffff] available for PCI devices" in line for line in log)


def test_subtract_range():
    ranges = [(0, 10), (20, 30), (40, 50)]
    subtract_range(ranges, 8, 5, 45)
    assert ranges == [(0, 5), (45, 50)]
    subtract_range(ranges, 8, 1, 2)
    assert ranges == [(0, 1), (2, 5), (45, 50)]
    subtract_range(ranges, 8, 7, 7)
    assert ranges == [(0, 1), (2, 5), (45, 50)]
