"""drivers/iommu/dmar.c: is there an Intel IOMMU?"""

from __future__ import annotations

from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.state import Kernel


@kfunc
def dmar_table_detect(k: Kernel) -> bool:
    """Does firmware give a DMAR table?"""
    return any(table.name == "DMAR" for table in k.machine.acpi_tables)


@kfunc
def detect_intel_iommu(k: Kernel) -> int:
    """Above 0 where firmware announces an Intel IOMMU.

    Simplified: its units are not looked at, and it is not set up later.
    """
    return int(dmar_table_detect(k) and not k.no_iommu)
