"""memblock does exactly what the real mm/memblock.c did on the same sequences of operations.

After every operation the whole state is compared, by the hash of its canonical text.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from kmmdoc.linux.include.linux.memblock import memblock_type
from kmmdoc.linux.include.linux.mmzone import pglist_data
from kmmdoc.linux.kfunc import symbols
from kmmdoc.linux.mm import memblock as mb
from kmmdoc.linux.mm import nobootmem, nobootmem_free
from kmmdoc.linux.mm.memblock import alloc
from kmmdoc.linux.mm.memblock.direction import memblock_set_bottom_up
from kmmdoc.linux.state import Kernel, KernelBug, KernelPanic, __pa, __START_KERNEL_map
from kmmdoc.machines.builds import load_build
from kmmdoc.model.scenario import Machine, Scenario
from kmmdoc.model.trace import Printk

FREED: list[tuple[int, int]] = []
"""Blocks (pfn, order) that came to the page allocator in the running operation."""
PROFILES = ("tiny", "small", "pc", "numa", "edge", "many", "smallres", "hot")


def fresh_kernel(kernel_end: int, movable_node: bool) -> Kernel:
    """A kernel whose image ends at `kernel_end` and in which nothing has happened yet."""
    build = load_build()
    names = {**build.symbols, "_end": kernel_end + __START_KERNEL_map}
    config = {**build.config, "MOVABLE_NODE": "y"} if movable_node else build.config
    k = Kernel(Scenario(Machine("test", ()), replace(build, symbols=names, config=config), ""))
    assert k.phys_base == 0
    return k


def state_text(k: Kernel) -> str:
    """The canonical text of the state."""
    lines = [f"limit {k.memblock.current_limit:x}", f"bottom_up {int(k.memblock.bottom_up)}"]
    for part in (k.memblock.memory, k.memblock.reserved):
        lines.append(f"{part.name} {part.cnt} {part.max} {part.total_size:x}")
        lines += [f"{r.base:x} {r.size:x} {r.nid} {r.flags:x}" for r in part.regions]
    return "\n".join(lines) + "\n"


def state_hash(k: Kernel) -> str:
    return hashlib.sha1(state_text(k).encode()).hexdigest()[:12]


def _list(k: Kernel, number: int) -> memblock_type:
    return (k.memblock.memory, k.memblock.reserved)[number]


def _phys(virt: int) -> int:
    return __pa(virt) if virt else 0


def _set_movable_node(k: Kernel, on: int) -> None:
    k.movable_node_enabled = bool(on)


def _allocated(k: Kernel) -> list[int]:
    reserved = mb.get_allocated_memblock_reserved_regions_info(k)
    memory = mb.get_allocated_memblock_memory_regions_info(k)
    return [reserved[1], reserved[0], memory[1], memory[0]]


def _dump(k: Kernel) -> list[str]:
    del k.events[:]
    mb.__memblock_dump_all(k)
    return [event.text.rstrip("\n") for event in k.events if isinstance(event, Printk)]


def _search(k: Kernel, pfn: int) -> list[int]:
    found = mb.memblock_search_pfn_nid(k, pfn)
    return [-1] if found[0] == -1 else list(found)


def _free_late(k: Kernel, base: int, size: int) -> list[int]:
    del FREED[:]
    mb.__memblock_free_late(k, base, size)
    pages = [pfn for pfn, _ in FREED]
    return [len(pages), pages[0] if pages else 0, pages[-1] if pages else 0]


def _free_all_bootmem(k: Kernel, max_low_pfn: int) -> dict[str, Any]:
    del FREED[:]
    k.max_low_pfn = max_low_pfn
    pages = nobootmem_free.free_low_memory_core_early(k)
    text = "".join(f"{pfn} {order}\n" for pfn, order in FREED)
    orders = Counter(order for _, order in FREED)
    result = {
        "pages": pages,
        "blocks": len(FREED),
        "by_order": {str(order): n for order, n in sorted(orders.items())},
        "sha1": hashlib.sha1(text.encode()).hexdigest()[:12],
    }
    return {**result, "list": [list(item) for item in FREED]} if len(FREED) <= 24 else result


def _rows(ranges: Iterator[tuple[int, int, int]]) -> list[list[int]]:
    return [list(item) for item in ranges]


SPECIAL: dict[str, Callable[..., Any]] = {
    "set_node": lambda k, base, size, t, nid: mb.memblock_set_node(k, base, size, _list(k, t), nid),
    "add_range": lambda k, t, *rest: mb.memblock_add_range(k, _list(k, t), *rest),
    "remove_range": lambda k, t, *rest: mb.memblock_remove_range(k, _list(k, t), *rest),
    "free_early": mb.__memblock_free_early,
    "__alloc_base": mb.__memblock_alloc_base,
    "virt_alloc_try_nid": lambda k, *a: _phys(mb.memblock_virt_alloc_try_nid(k, *a)),
    "virt_alloc_try_nid_nopanic": lambda k, *a: _phys(mb.memblock_virt_alloc_try_nid_nopanic(k, *a)),
    "alloc_bootmem_nopanic": lambda k, *a: _phys(nobootmem.__alloc_bootmem_nopanic(k, *a)),
    "alloc_bootmem_low_nopanic": lambda k, *a: _phys(nobootmem.__alloc_bootmem_low_nopanic(k, *a)),
    "alloc_bootmem_node_nopanic": lambda k, size, align, goal, nid: _phys(
        nobootmem.__alloc_bootmem_node_nopanic(k, pglist_data(nid), size, align, goal)
    ),
    "alloc_bootmem_low_node": lambda k, size, align, goal, nid: _phys(
        nobootmem.__alloc_bootmem_low_node(k, pglist_data(nid), size, align, goal)
    ),
    "set_bottom_up": lambda k, on: memblock_set_bottom_up(k, bool(on)),
    "free_ranges": lambda k, nid: _rows(mb.for_each_free_mem_range(k, nid)),
    "free_ranges_reverse": lambda k, nid: _rows(mb.for_each_free_mem_range_reverse(k, nid)),
    "mem_ranges": lambda k, nid, t: _rows(mb.for_each_mem_range(k, _list(k, t), None, nid)),
    "pfn_ranges": lambda k, nid: _rows(mb.for_each_mem_pfn_range(k, nid)),
    "search_pfn_nid": _search,
    "set_movable_node": _set_movable_node,
    "allocated_regions_info": _allocated,
    "dump_all": _dump,
    "free_late": _free_late,
    "free_all_bootmem": _free_all_bootmem,
}


def run(k: Kernel, name: str, args: list[Any]) -> Any:
    """Do one operation; its result as the oracle writes it."""
    del k.events[:]
    if name.endswith("_many"):
        return _many(k, name.removesuffix("_many"), *args)
    call = SPECIAL.get(name) or symbols[f"memblock_{name}"]
    try:
        value = call(k, *args)
    except KernelBug as bug:
        return {"bug": str(bug)}
    except KernelPanic as panic:
        return {"panic": str(panic)}
    return int(value) if isinstance(value, bool) else value


def _many(k: Kernel, name: str, base: int, size: int, stride: int, count: int, *nodes: int) -> list[int]:
    failed, first = 0, -1
    for i in range(count):
        nid = [(nodes[0] + i) % nodes[1]] if nodes else []
        if run(k, name, [base + i * stride, size, *nid]):
            first = i if first < 0 else first
            failed += 1
    return [failed, first]


def doublings(events: list[Any]) -> list[list[Any]]:
    return [event[1:] for event in events if event[0] == "doubled"]


def check(k: Kernel, name: str, args: list[Any], expected: Any, sha: str, where: str) -> bool:
    """Do an operation and compare; False where the sequence ends with it."""
    got = run(k, name, args)
    if isinstance(expected, dict) and "panic" in expected:
        assert isinstance(got, dict), where
        assert str(got.get("panic")).strip() == expected["panic"].strip(), where
    else:
        assert got == expected, where
    if isinstance(expected, dict) and "bug" in expected:
        return False
    assert state_hash(k) == sha, where
    return True


@pytest.fixture(autouse=True)
def _page_allocator(monkeypatch: pytest.MonkeyPatch) -> None:
    """There are no struct pages here: what would be freed is noted."""

    def note(k: Kernel, pfn: int, order: int, blocks: int = 1) -> None:
        FREED.extend((pfn + (i << order), order) for i in range(blocks))

    monkeypatch.setattr(alloc, "__free_pages_bootmem", note)
    monkeypatch.setattr(nobootmem_free, "__free_pages_bootmem", note)
    monkeypatch.setattr(nobootmem_free, "_run_of_highest", lambda k, start, end: (end - start) >> 10)


@pytest.mark.parametrize("profile", PROFILES)
def test_random_sequences(profile: str, oracle: Callable[[str], Any]) -> None:
    done = 0
    for sequence in oracle("memblock-ops-*.json")["sequences"]:
        if sequence["profile"] != profile:
            continue
        k = fresh_kernel(sequence["kernel_end"], bool(sequence["movable_node"]))
        for at, (name, args, expected, sha, *_) in enumerate(sequence["ops"]):
            where = f"seed {sequence['seed']}, operation {at}: {name}{tuple(args)}"
            if not check(k, name, args, expected, sha, where):
                break
            done += 1
    assert done > 0


def test_named_cases(oracle: Callable[[str], Any]) -> None:
    cases = oracle("memblock-cases.json")["cases"]
    assert cases
    for case in cases:
        k = fresh_kernel(case["kernel_end"], bool(case["movable_node"]))
        for at, op in enumerate(case["ops"]):
            where = f"{case['group']}/{case['name']}, operation {at}: {op['op']}{tuple(op['args'])}"
            if not check(k, op["op"], op["args"], op["ret"], op["sha1"], where):
                break
