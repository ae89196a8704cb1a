"""Per-cpu layouts against the results of the real functions."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from kmmdoc.linux.mm.memblock import memblock_add
from kmmdoc.linux.mm.percpu.area import pcpu_size_to_slot
from kmmdoc.linux.mm.percpu.first_chunk import (
    __pcpu_size_to_slot,
    alloc_info_lines,
    pcpu_build_alloc_info,
)
from kmmdoc.linux.state import Kernel
from kmmdoc.machines.builds import load_build
from kmmdoc.model.scenario import Machine, Scenario

Oracle = Callable[[str], Any]


def kernel(static_size: int = 0x12680) -> Kernel:
    build = load_build()
    symbols = dict(build.symbols)
    symbols["__per_cpu_start"] = 0
    symbols["__per_cpu_end"] = static_size
    k = Kernel(Scenario(Machine("oracle", ()), dataclasses.replace(build, symbols=symbols), ""))
    memblock_add(k, 0, 1 << 30)
    return k


def test_pcpu_size_to_slot_oracle(oracle: Oracle) -> None:
    for size, slot in oracle("pure.json")["pcpu_size_to_slot"]:
        assert __pcpu_size_to_slot(size) == slot
    k = kernel()
    for size, unit, slot in oracle("pure.json")["pcpu_size_to_slot_with_unit"]:
        k.pcpu_unit_size, k.pcpu_nr_slots = unit, __pcpu_size_to_slot(unit) + 2
        assert pcpu_size_to_slot(k, size) == slot


def test_pcpu_build_alloc_info_oracle(oracle: Oracle) -> None:
    for case in oracle("pure-rand-*.json")["pcpu_build_alloc_info"]:
        k = kernel(case["static_size"])
        k.cpu_possible_mask = set(case["possible"])
        far, n = case["distance"], case["nr_cpus"]

        def distance(k: Kernel, a: int, b: int, far: str | None = far, n: int = n) -> int:
            return 10 if far is None or far[a * n + b] == "." else 20

        ai = pcpu_build_alloc_info(
            k, case["reserved_arg"], case["dyn_arg"], case["atom_size"], distance if far else None
        )
        assert ai is not None
        wanted = case["out"]
        assert {name: getattr(ai, name) for name in wanted} == wanted, case["seed"]
        groups = [
            {
                "nr_units": g.nr_units,
                "base_offset": g.base_offset,
                "cpu_map": [None if cpu == 64 else cpu for cpu in g.cpu_map],
            }
            for g in ai.groups
        ]
        assert groups == case["groups"], case["seed"]
        lines = alloc_info_lines(ai, len(case["possible"]), 64)
        assert [line.rstrip() for line in lines] == [line.rstrip() for line in case["dump"]], case["seed"]
