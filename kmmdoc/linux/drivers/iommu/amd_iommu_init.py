"""drivers/iommu/amd_iommu_init.c: is there an AMD IOMMU?"""

from __future__ import annotations

from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.state import Kernel

ENODEV = 19


@kfunc
def iommu_go_to_state(k: Kernel) -> int:
    """Look for firmware's IVRS table; -19 without one.

    Simplified: an IOMMU that firmware announces is not set up.
    """
    return -ENODEV


@kfunc
def amd_iommu_detect(k: Kernel) -> int:
    """Above 0 where an AMD IOMMU was found."""
    if k.no_iommu:
        return -ENODEV
    return iommu_go_to_state(k)
