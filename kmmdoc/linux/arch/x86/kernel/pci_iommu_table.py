"""arch/x86/kernel/pci-iommu_table.c: the order in which drivers look for their IOMMU."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.state import KERN_ERR, Kernel

KFILE = "arch/x86/kernel/pci-iommu_table.c"


@dataclass(slots=True)
class IommuTableEntry:
    """A driver: `detect` says by a value above 0 that its IOMMU is there, and runs after that of `depend`."""

    detect: Callable[[Kernel], int]
    depend: Callable[[Kernel], int] | None = None
    early_init: Callable[[Kernel], None] | None = None
    late_init: Callable[[Kernel], None] | None = None
    finish_if_detected: bool = False
    detected: bool = False


@kfunc
def find_dependents_of(k: Kernel, table: list[IommuTableEntry], entry: IommuTableEntry | None) -> int | None:
    """Index of the entry that `entry` depends on."""
    if entry is None:
        return None
    return next((i for i, other in enumerate(table) if other.detect is entry.depend), None)


@kfunc
def sort_iommu_table(k: Kernel, table: list[IommuTableEntry]) -> None:
    """Swap entries until none stands before the one that it depends on."""
    for at in range(len(table)):
        while (other := find_dependents_of(k, table, table[at])) is not None and other > at:
            table[at], table[other] = table[other], table[at]


@kfunc
def check_iommu_entries(k: Kernel, table: list[IommuTableEntry]) -> None:
    """Break a circle of two entries, and report what is still out of order."""
    for at, entry in enumerate(table):
        other = find_dependents_of(k, table, entry)
        back = find_dependents_of(k, table, None if other is None else table[other])
        if back == at:
            k.printk(KERN_ERR, "CYCLIC DEPENDENCY FOUND!\n")
            table[at].depend = None
    for at, entry in enumerate(table):
        other = find_dependents_of(k, table[at:], entry)
        if other:
            k.printk(KERN_ERR, "EXECUTION ORDER INVALID!\n")
