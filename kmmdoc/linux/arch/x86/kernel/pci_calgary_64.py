"""arch/x86/kernel/pci-calgary_64.c: is there a Calgary IOMMU?"""

from __future__ import annotations

from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.state import KERN_DEBUG, Kernel

KFILE = "arch/x86/kernel/pci-calgary_64.c"

ENODEV = 19


@kfunc
def detect_calgary(k: Kernel) -> int:
    """Above 0 where firmware's data area has the table of such a machine.

    Simplified: none has one.
    """
    if k.no_iommu or not k.build.enabled("CALGARY_IOMMU_ENABLED_BY_DEFAULT"):
        return -ENODEV
    k.printk(KERN_DEBUG, "Calgary: detecting Calgary via BIOS EBDA area\n")
    k.printk(KERN_DEBUG, "Calgary: Unable to locate Rio Grande table in EBDA - bailing!\n")
    return -ENODEV
