"""The direct map is cut up exactly as the real arch/x86/mm/init.c did it, on the same random memories."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from kmmdoc.linux.arch.x86.include.asm.e820 import ISA_END_ADDRESS, e820entry
from kmmdoc.linux.arch.x86.kernel.e820 import use
from kmmdoc.linux.arch.x86.mm import init
from kmmdoc.linux.kernel.range import add_range_with_merge, clean_sort_range
from kmmdoc.linux.link import link
from kmmdoc.linux.mm.memblock import memblock_add
from kmmdoc.linux.state import Kernel
from kmmdoc.machines.builds import load_build
from kmmdoc.model.scenario import Machine, Scenario

link()
Oracle = Callable[[str], Any]
CHOSEN = 1 << init.PG_LEVEL_2M | 1 << init.PG_LEVEL_1G


def kernel() -> Kernel:
    return Kernel(Scenario(Machine("test", ()), load_build(), ""))


def test_split_mem_range(oracle: Oracle) -> None:
    for case in oracle("pure-rand-*.json")["split_mem_range"]:
        k = kernel()
        for base, size in case["memory"]:
            memblock_add(k, base, size)
        k.page_size_mask, k.after_bootmem = case["page_size_mask"], case["after_bootmem"]
        found = [
            [r.start, r.end, r.page_size_mask] for r in init.split_mem_range(k, case["start"], case["end"])
        ]
        assert found == case["ranges"], case["seed"]


def chunks(k: Kernel, monkeypatch: pytest.MonkeyPatch, run: Callable[[], object]) -> list[list[int]]:
    found: list[list[int]] = []

    def take(k: Kernel, start: int, end: int, mask: int) -> int:
        found.append([start, end, mask])
        return end

    monkeypatch.setattr(init, "kernel_physical_mapping_init", take)
    run()
    return found


def test_order_of_the_direct_map(oracle: Oracle, monkeypatch: pytest.MonkeyPatch) -> None:
    cases = [c for c in oracle("pure-rand-*.json")["e820_queries"] if "direct_mapping" in c]
    for case in cases:
        k = kernel()
        k.e820.map = [e820entry(*entry) for entry in case["map"]]
        use.memblock_x86_fill(k)
        wanted = case["direct_mapping"]
        k.page_size_mask = wanted["page_size_mask"]

        def top_down(k: Kernel = k, end: int = wanted["end"]) -> None:
            init.init_memory_mapping(k, 0, ISA_END_ADDRESS)
            init.memory_map_top_down(k, ISA_END_ADDRESS, end)

        assert chunks(k, monkeypatch, top_down) == wanted["chunks"], case["seed"]


def test_order_of_the_direct_map_bottom_up(oracle: Oracle, monkeypatch: pytest.MonkeyPatch) -> None:
    cases = [c for c in oracle("pure-rand-*.json")["e820_queries"] if "direct_mapping_bottom_up" in c]
    for case in cases:
        k = kernel()
        k.e820.map = [e820entry(*entry) for entry in case["map"]]
        use.memblock_x86_fill(k)
        wanted = case["direct_mapping_bottom_up"]
        k.page_size_mask = wanted["page_size_mask"]

        def bottom_up(
            k: Kernel = k, end: int = wanted["end"], kernel_end: int = wanted["kernel_end"]
        ) -> None:
            init.init_memory_mapping(k, 0, ISA_END_ADDRESS)
            init.memory_map_bottom_up(k, kernel_end, end)
            init.memory_map_bottom_up(k, ISA_END_ADDRESS, kernel_end)

        assert chunks(k, monkeypatch, bottom_up) == wanted["chunks"], case["seed"]


def test_ranges(oracle: Oracle) -> None:
    for case in oracle("pure-rand-*.json")["range"]:
        ranges: list[tuple[int, int]] = []
        for op, start, end, count, first in case["ops"]:
            if op == "add_range_with_merge":
                add_range_with_merge(ranges, case["az"], start, end)
            elif op == "clean_sort_range":
                clean_sort_range(ranges)
            else:
                break  # add_range and subtract_range leave holes, which this simulator has no use for
            slots = [list(r) for r in ranges] + [[0, 0]] * len(first)
            assert len(ranges) == count, case["seed"]
            assert slots[: len(first)] == first, (case["seed"], op)
