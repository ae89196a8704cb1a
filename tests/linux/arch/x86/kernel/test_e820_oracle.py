"""The memory map is handled exactly as the real arch/x86/kernel/e820.c did it, on the same random inputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from kmmdoc.linux.arch.x86.include.asm.e820 import E820_X_MAX, e820entry
from kmmdoc.linux.arch.x86.kernel.e820 import query, setup, table, use
from kmmdoc.linux.link import link
from kmmdoc.linux.state import Kernel, KernelPanic
from kmmdoc.machines.builds import load_build
from kmmdoc.model.scenario import E820Entry, Machine, Scenario
from kmmdoc.model.trace import dmesg

link()
Oracle = Callable[[str], Any]
Entries = list[list[int]]


def kernel(**machine: Any) -> Kernel:
    return Kernel(Scenario(Machine("test", machine.pop("e820_map", ()), **machine), load_build(), ""))


def with_map(entries: Entries) -> Kernel:
    k = kernel()
    k.e820.map = to_entries(entries)
    return k


def to_entries(entries: Entries) -> list[e820entry]:
    return [e820entry(*entry) for entry in entries]


def plain(entries: list[e820entry]) -> Entries:
    return [[e.addr, e.size, e.type] for e in entries]


def test_sanitize_e820_map(oracle: Oracle) -> None:
    for case in oracle("pure-rand-*.json")["sanitize_e820_map"]:
        k, entries = kernel(), to_entries(case["in"])
        assert table.sanitize_e820_map(k, entries, case["max"]) == case["ret"], case["seed"]
        assert plain(entries) == (case["out"] if case["ret"] == 0 else case["in"]), case["seed"]
        if "again" in case:
            again = table.sanitize_e820_map(k, entries, case["max"])
            assert [again, plain(entries)] == case["again"], case["seed"]


def apply(k: Kernel, name: str, args: list[int]) -> int | None:
    if name == "e820_add_region":
        table.e820_add_region(k, args[0], args[1], args[2])
    elif name == "e820_remove_range":
        return table.e820_remove_range(k, args[0], args[1], args[2], bool(args[3]))
    elif name == "e820_update_range":
        return table.e820_update_range(k, args[0], args[1], args[2], args[3])
    elif name == "sanitize_e820_map":
        table.sanitize_e820_map(k, k.e820.map, E820_X_MAX)
    else:
        assert name == "update_e820", name
        table.update_e820(k)
    return None


def test_e820_sequences(oracle: Oracle) -> None:
    for case in oracle("pure-rand-*.json")["e820_sequences"]:
        k = with_map(case["in"])
        for name, args, result, after in case["ops"]:
            assert apply(k, name, args) == result, (case["seed"], name)
            assert plain(k.e820.map) == after, (case["seed"], name)


def test_queries(oracle: Oracle) -> None:
    for case in oracle("pure-rand-*.json")["e820_queries"]:
        k = with_map(case["map"])
        for start0, size0, start, end, found, gapstart, gapsize in case["e820_search_gap"]:
            assert query.e820_search_gap(k, start0, size0, start, end) == (bool(found), gapstart, gapsize)
        for start, end, kind, any_mapped, all_mapped in case["e820_any_all_mapped"]:
            assert table.e820_any_mapped(k, start, end, kind) == bool(any_mapped)
            assert table.e820_all_mapped(k, start, end, kind) == bool(all_mapped)
        assert query.e820_end_of_ram_pfn(k) == case["end_of_ram_pfn"]
        assert query.e820_end_of_low_ram_pfn(k) == case["end_of_low_ram_pfn"]

        if "print_map" in case:
            k = with_map(case["map"])
            table.e820_print_map(k, "BIOS-e820")
            assert dmesg(k.events) == case["print_map"]

        k = with_map(case["map"])
        gap = case["e820_setup_gap"]
        k.max_pfn = gap["max_pfn"]
        query.e820_setup_gap(k)
        assert k.pci_mem_start == gap["pci_mem_start"]
        assert dmesg(k.events)[-1] == gap["log"].splitlines()[-1]


def test_nosave_regions(oracle: Oracle, monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[list[int]] = []
    monkeypatch.setattr(query, "register_nosave_region", lambda k, start, end: found.append([start, end]))
    for case in oracle("pure-rand-*.json")["e820_queries"]:
        found.clear()
        query.e820_mark_nosave_regions(with_map(case["map"]), case["nosave"]["limit_pfn"])
        assert found == case["nosave"]["regions"], case["seed"]


def test_memblock_x86_fill_and_dma_reserve(oracle: Oracle) -> None:
    for case in oracle("pure-rand-*.json")["e820_queries"]:
        k = with_map(case["map"])
        use.memblock_x86_fill(k)
        lines = [f"limit {k.memblock.current_limit:x}", f"bottom_up {int(k.memblock.bottom_up)}"]
        for part in (k.memblock.memory, k.memblock.reserved):
            lines.append(f"{part.name} {part.cnt} {part.max} {part.total_size:x}")
            lines += [f"{r.base:x} {r.size:x} {r.nid} {r.flags:x}" for r in part.regions]
        assert "\n".join(lines) + "\n" == case["memblock_x86_fill_state"], case["seed"]
        use.memblock_find_dma_reserve(k)
        assert k.dma_reserve == case["dma_reserve"], case["seed"]


def test_user_options(oracle: Oracle) -> None:
    for case in oracle("pure-rand-*.json")["e820_queries"]:
        k = with_map(case["map"])
        for option in case["user_options"]:
            if "mem" in option:
                result = setup.parse_memopt(k, option["mem"])
            else:
                result = setup.parse_memmap_opt(k, option["memmap"])
            assert result == option["ret"], (case["seed"], option)
            assert plain(k.e820.map) == option["after_parse"], (case["seed"], option)
            expected = option["after_finish"]
            if isinstance(expected, dict):
                with pytest.raises(KernelPanic, match=expected["panic"]):
                    setup.finish_e820_parsing(k)
            else:
                setup.finish_e820_parsing(k)
                assert plain(k.e820.map) == expected, (case["seed"], option)
            k = with_map(case["map"])


def test_default_machine_specific_memory_setup(oracle: Oracle) -> None:
    for case in oracle("pure-rand-*.json")["default_machine_specific_memory_setup"]:
        k = kernel(
            e820_map=tuple(E820Entry(*entry) for entry in case["boot_map"]),
            alt_mem_k=case["alt_mem_k"],
            ext_mem_k=case["ext_mem_k"],
        )
        assert setup.default_machine_specific_memory_setup(k) == case["who"], case["seed"]
        assert plain(k.e820.map) == case["e820"], case["seed"]
