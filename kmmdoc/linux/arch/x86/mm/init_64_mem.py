"""arch/x86/mm/init_64.c: mem_init(), after which the page allocator serves."""

from __future__ import annotations

from kmmdoc.linux.arch.x86.kernel.pci_dma import pci_iommu_alloc
from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.mm.nobootmem_free import free_all_bootmem
from kmmdoc.linux.mm.page_alloc.mem_info import mem_init_print_info
from kmmdoc.linux.state import Kernel

KFILE = "arch/x86/mm/init_64.c"


@kfunc
def mem_init(k: Kernel) -> None:
    """Last reservations of early boot, then all memory that is left goes to the page allocator.

    Simplified: pages of boot memory are not registered for a later removal (this needs memory hotplug),
    and the regions of /proc/kcore are not kept.
    """
    pci_iommu_alloc(k)
    free_all_bootmem(k)
    k.after_bootmem = 1
    mem_init_print_info(k, None)
