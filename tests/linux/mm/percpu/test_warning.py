"""What a failed per-cpu allocation writes to the log."""

from __future__ import annotations

from kmmdoc.lab import Lab
from kmmdoc.linux.mm.percpu.alloc import __alloc_reserved_percpu
from kmmdoc.model.trace import dmesg


def test_the_tenth_warning_says_that_it_is_the_last() -> None:
    k = Lab.boot("m1g-c2").kernel
    before = len(k.events)
    for _ in range(12):
        assert __alloc_reserved_percpu(k, 16384, 8) == 0
    lines = dmesg(k.events[before:])
    failed = "PERCPU: allocation failed, size=16384 align=8 atomic=0, alloc from reserved chunk failed"
    assert lines == [failed] * 10 + ["PERCPU: limit reached, disable warning"]
