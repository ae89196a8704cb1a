"""arch/x86/kernel/pci-swiotlb.c: is a bounce buffer needed for devices that cannot address all memory?"""

from __future__ import annotations

from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.lib.swiotlb import swiotlb_init, swiotlb_print_info
from kmmdoc.linux.state import KERN_INFO, Kernel

KFILE = "arch/x86/kernel/pci-swiotlb.c"

MAX_DMA32_PFN = 1 << 20


@kfunc
def pci_swiotlb_detect_override(k: Kernel) -> int:
    """1 where an option asks for the bounce buffer."""
    wanted = k.swiotlb or k.swiotlb_force
    if k.swiotlb_force:
        k.swiotlb = 1
    return int(wanted)


@kfunc
def pci_swiotlb_detect_4gb(k: Kernel) -> int:
    """1 where memory lies above 4 GiB (and iommu=off is not given)."""
    if not k.no_iommu and k.max_pfn > MAX_DMA32_PFN:
        k.swiotlb = 1
    return k.swiotlb


@kfunc
def pci_swiotlb_init(k: Kernel) -> None:
    """Take the bounce buffer while memblock can still give it."""
    if k.swiotlb:
        swiotlb_init(k)


@kfunc
def pci_swiotlb_late_init(k: Kernel) -> None:
    """Devices are about to be found: say that the bounce buffer serves them.

    Simplified: no other IOMMU ever takes its place, so it is never freed again.
    """
    if k.swiotlb:
        k.printk(KERN_INFO, "PCI-DMA: Using software bounce buffering for IO (SWIOTLB)\n")
        swiotlb_print_info(k)
