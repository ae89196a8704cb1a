"""Huge pages: whose turn it is, and pages that are too large for the page allocator."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kmmdoc.linux.arch.x86.kernel.head64 import x86_64_start_kernel
from kmmdoc.linux.include.linux.hugetlb import hstate
from kmmdoc.linux.kernel import Kernel
from kmmdoc.linux.link import link
from kmmdoc.linux.mm.hugetlb import nodes_in_turn
from kmmdoc.machines import bundled
from kmmdoc.machines.builds import load_build
from kmmdoc.model.scenario import Machine, Scenario


@pytest.mark.parametrize(
    ("works", "tried"),
    [
        # Every attempt moves the turn, so after node 0 failed and node 1 gave a page it is node 2's turn.
        ({1, 2}, [0, 1, 2, 0, 1, 2]),
        ({0, 1, 2}, [0, 1, 2]),
        ({2}, [0, 1, 2, 0, 1, 2, 0, 1, 2]),
    ],
)
def test_every_attempt_hands_the_turn_on(works: set[int], tried: list[int]) -> None:
    k = Kernel(Scenario(Machine("test", ()), load_build(), ""))
    k.node_states["N_NORMAL_MEMORY"] = {0, 1, 2}
    h, seen = hstate(9, 0), []
    for _ in range(4 if works == {1, 2} else 3):
        for nid in nodes_in_turn(k, h):
            seen.append(nid)
            if nid in works:
                break
    assert seen == tried


def test_pages_of_a_gigabyte_come_from_memblock_and_are_not_reserved() -> None:
    machine = bundled.load("m8g-c8")
    machine = replace(machine, cpu_flags=machine.cpu_flags | {"pdpe1gb"})
    link()
    k = Kernel(Scenario(machine, load_build(), machine.command_line + " hugepagesz=1G hugepages=2"))
    x86_64_start_kernel(k)
    (giant,) = [h for h in k.hstates if h.order == 18]
    # Memory ends at 9 GiB; the highest 2 GiB that are free and aligned are 7 and 6 GiB: the kernel's own
    # data lies at the top. The list of boot pages is built from its head: the last one taken comes first.
    assert [page << 12 >> 30 for page in giant.pages] == [6, 7]
    assert giant.nr_per_node == {0: 2}
    reserved = k.page_flags.PG_reserved
    states = {
        page.flags & reserved
        for first in giant.pages
        for _, _, page in k.mem_map.runs(first, first + (1 << 18))
    }
    assert states == {0}
