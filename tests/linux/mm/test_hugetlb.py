"""Huge pages: whose turn it is, and pages that are too large for the page allocator."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kmmdoc.linux.arch.x86.kernel.head64 import x86_64_start_kernel
from kmmdoc.linux.include.linux.hugetlb import hstate
from kmmdoc.linux.link import link
from kmmdoc.linux.mm.hugetlb import nodes_in_turn
from kmmdoc.linux.state import Kernel
from kmmdoc.machines import bundled
from kmmdoc.machines.builds import load_build
from kmmdoc.model.scenario import Machine, Scenario
from kmmdoc.model.trace import call_tree
from kmmdoc.simulate import simulate


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
    # data lies at the top. The list of boot pages is built from its head, so the last one taken is the
    # first to come to the free ones, and these are a list built from its head again.
    free = giant.hugepage_freelists[0]
    assert [page << 12 >> 30 for page in free] == [7, 6]
    assert giant.nr_per_node == {0: 2}
    reserved = k.page_flags.PG_reserved
    states = {
        page.flags & reserved for first in free for _, _, page in k.mem_map.runs(first, first + (1 << 18))
    }
    assert states == {0}


def test_huge_pages_need_no_flag_of_the_processor() -> None:
    machine = bundled.load("hugepages64-m1g")
    machine = replace(machine, cpu_flags=machine.cpu_flags - {"pse"})
    link()
    k = Kernel(Scenario(machine, load_build(), machine.command_line))
    x86_64_start_kernel(k)
    assert [(h.order, h.free_huge_pages) for h in k.hstates] == [(9, 64)]


def test_faults_take_eight_locks_for_each_possible_cpu() -> None:
    link()
    machine = bundled.load("m1g-c2")
    k = Kernel(Scenario(machine, load_build(), machine.command_line))
    x86_64_start_kernel(k)
    calls = (node for root in call_tree(k.events) for _, node in root.walk())
    (init,) = [node for node in calls if node.ref.name == "hugetlb_init"]
    sizes = [node.args[0] for node in init.children if node.ref.name == "__kmalloc"]
    assert sizes == [40 * 16]


def test_snapshots_show_a_pool_from_its_option_on() -> None:
    machine = bundled.load("m1g-c2")
    run = simulate(Scenario(machine, load_build(), machine.command_line + " hugepagesz=2M hugepages=3"))
    counts = ("order", "max_huge_pages", "nr_huge_pages", "free_huge_pages", "nr_per_node")
    early, late = (
        [[pool[name] for name in counts] for pool in run.snapshots[stage]["hstates"]]
        for stage in ("after_vfs_caches_init_early", "before_free_initmem")
    )
    assert early == [[9, 3, 0, 0, [0] * 8]]
    assert late == [[9, 3, 3, 3, [3] + [0] * 7]]
