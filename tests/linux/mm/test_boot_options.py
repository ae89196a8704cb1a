"""Options and sizes that no recorded machine has. Expected values follow from the kernel's source."""

from __future__ import annotations

from contextlib import suppress

import pytest

from kmmdoc.linux.arch.x86.kernel.head64 import x86_64_start_kernel
from kmmdoc.linux.link import link
from kmmdoc.linux.state import Kernel, KernelPanic
from kmmdoc.machines.builds import load_build
from kmmdoc.model.scenario import AcpiTable, E820Entry, Lapic, Machine, Scenario, SratCpu, SratMemory
from kmmdoc.model.trace import dmesg

MIB = 1 << 20
TABLES = "RSDP", "RSDT", "APIC", "SRAT"


def boot(
    command_line: str, nodes: tuple[int, ...] = (1000 * MIB,), cpus: int = 2
) -> tuple[Kernel, list[str]]:
    """The kernel after a boot, and its log. `nodes`: bytes of each, upwards; CPUs are in turn on them."""
    low = E820Entry(0, 0x9FC00, 1), E820Entry(0xF0000, 0x10000, 2)
    memory, at = [], 0
    for pxm, size in enumerate(nodes):
        memory.append(SratMemory(pxm, at, at + size))
        at += size
    machine = Machine(
        "pc",
        (*low, E820Entry(MIB, at - MIB, 1)),
        acpi_tables=tuple(AcpiTable(name, 0xF5000 + i * 0x200, 64) for i, name in enumerate(TABLES)),
        lapics=tuple(Lapic(i, i, True) for i in range(cpus)),
        srat_cpus=tuple(SratCpu(i % len(nodes), i) for i in range(cpus)),
        srat_memory=tuple(memory),
    )
    link()
    k = Kernel(Scenario(machine, load_build(), command_line))
    with suppress(KernelPanic):
        x86_64_start_kernel(k)
    return k, [line.rstrip() for line in dmesg(k.events)]


def test_behind_usedac_nothing_is_read_of_iommu() -> None:
    # Its handler returns at once, with 1, which the caller takes for a refusal.
    k, log = boot("iommu=usedac,soft")
    assert not k.swiotlb
    assert "Malformed early option 'iommu'" in log
    assert boot("iommu=nodac,soft")[0].swiotlb == 1


@pytest.mark.parametrize(
    ("cpus", "units"),
    # 28 pages a CPU: at most 18 of them in 2 MiB, and 16 is the next number that divides 2 MiB into pages.
    # From there down: a layout that leaves more than a third of the CPUs' number of units unused is passed
    # over; one that needs more allocations than the last good one ends the search.
    #  3: 16, 8 waste 13, 5 > 1; 4 wastes 1: 1 allocation; 2 needs 2.
    #  5: 16, 8, 4 waste 11, 3, 3 > 1; 2 wastes 1: 3 allocations; 1 needs 5.
    #  6: 16 wastes 10 > 2; 8 wastes 2: 1; 4 needs 2.      7: 16 wastes 9 > 2; 8 wastes 1: 1; 4 needs 2.
    # 12: 16 wastes 4: 1; 8 needs 2.   24: 16 wastes 8: 2; 8 needs 3.   48, 64: nothing wasted; 8 needs more.
    [(1, 1), (2, 2), (3, 4), (5, 2), (6, 8), (7, 8), (12, 16), (24, 16), (48, 16), (64, 16)],
)
def test_units_an_allocation(cpus: int, units: int) -> None:
    k, _ = boot("", cpus=cpus)
    assert k.pcpu_unit_size == 2 * MIB // units
    assert k.pcpu_nr_units == -(-cpus // units) * units


def test_a_movable_zone_above_its_node_has_the_pages_that_were_rounded_up() -> None:
    # kernelcore= wants more than there is, so the Movable zone begins where the node ends, 997 MiB, rounded
    # up to 4 MiB: 1000 MiB. The zone's end is the node's, 3 MiB lower: it spans nothing, but the pages that
    # are absent of it are counted as -768, so it has 768 pages that do not exist, and so has the node.
    k, log = boot("kernelcore=8G", nodes=(997 * MIB,))
    z = k.node_data[0].node_zones[3]
    assert (z.spanned_pages, z.present_pages) == (0, 768)
    assert "  Node 0: 0x3e800000" in log
    real = (997 * MIB >> 12) - 1 - (MIB >> 12) + 0x9F  # but page 0, and 0x9f000-0xfffff
    assert f"On node 0 totalpages: {real + 768}" in log


def test_a_node_with_movable_memory_only_gets_its_slabs_from_another() -> None:
    # One page for the kernel, shared by two nodes, is none for each: all of node 1 is its Movable zone, and
    # of node 0 what lies above ZONE_DMA. Node 1 counts as one with normal memory all the same.
    k, log = boot("kernelcore=4K", nodes=(512 * MIB, 512 * MIB))
    assert k.zone_movable_pfn[1] == 512 * MIB >> 12
    assert "SLUB: Unable to allocate memory from node 1" in log
    first = k.kmem_cache_node.node[1].address - 0xFFFF_8800_0000_0000
    assert first < 512 * MIB


def test_a_table_on_request_is_limited_to_a_16th_of_memory() -> None:
    # 8 bytes a bucket: a 16th of just under 1000 MiB is just under 62.5 MiB or 8192000 buckets; the power of
    # two below is 4194304, 32 MiB, of order 13. Three inodes' buckets become four, 32 bytes, of order -7.
    _, log = boot("hashdist=0 dhash_entries=100000000 ihash_entries=3")
    assert "Dentry cache hash table entries: 4194304 (order: 13, 33554432 bytes)" in log
    assert "Inode-cache hash table entries: 4 (order: -7, 32 bytes)" in log


def test_many_cpus_get_a_larger_log() -> None:
    # 33 CPUs add 32 * 4096 = 131072 bytes, which is no more than half of 256 KiB; 34 add more, and
    # 33 * 4096 + 262144 = 397312 becomes 524288.
    assert boot("", cpus=33)[0].log_buf_len == 262144
    assert boot("", cpus=34)[0].log_buf_len == 524288
