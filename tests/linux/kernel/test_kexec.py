"""crashkernel= in its forms. The sizes follow from the option's text alone."""

from __future__ import annotations

import pytest

from kmmdoc.linux.kernel.kexec import parse_crashkernel, parse_crashkernel_high, parse_crashkernel_low
from kmmdoc.linux.state import Kernel
from kmmdoc.machines.builds import load_build
from kmmdoc.model.scenario import Machine, Scenario

M = 1 << 20


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("ro crashkernel=64M", (64 * M, 0)),
        ("crashkernel=64M@16M ro", (64 * M, 16 * M)),
        ("crashkernel=32M crashkernel=64M", (64 * M, 0)),
        ("crashkernel=512M-2G:64M,2G-:128M", (64 * M, 0)),
        ("crashkernel=512M-1G:64M,1G-:128M@16M", (128 * M, 16 * M)),
        ("crashkernel=2G-:128M", (0, 0)),
        ("crashkernel=64M,high", None),
        ("crashkernel=", None),
        ("crashkernel=64Mx", None),
        ("quiet", None),
    ],
)
def test_parse_crashkernel(text: str, wanted: tuple[int, int] | None) -> None:
    k = Kernel(Scenario(Machine("test", ()), load_build(), text))
    assert parse_crashkernel(k, text, 1 << 30) == wanted


def test_high_and_low_are_told_apart() -> None:
    text = "crashkernel=256M,high crashkernel=72M,low"
    k = Kernel(Scenario(Machine("test", ()), load_build(), text))
    assert parse_crashkernel(k, text, 8 << 30) is None
    assert parse_crashkernel_high(k, text, 8 << 30) == (256 * M, 0)
    assert parse_crashkernel_low(k, text, 4 << 30) == (72 * M, 0)
