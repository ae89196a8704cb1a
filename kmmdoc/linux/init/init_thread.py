"""init/main.c: what the first thread does: other CPUs, initcalls, and the end of the boot's own memory.

Simplified: of the initcalls only those are here that size or free memory. From here on the real kernel runs
many threads on all CPUs, and which of them allocates first is not determined; only sizes and settings can
be held against a record.
"""

from __future__ import annotations

from kmmdoc.linux.arch.x86.kernel.pci_dma import pci_iommu_init
from kmmdoc.linux.arch.x86.mm.init_64_rodata import mark_rodata_ro
from kmmdoc.linux.arch.x86.mm.init_free import free_initmem
from kmmdoc.linux.include.linux.gfp import __GFP_BITS_MASK
from kmmdoc.linux.init.initramfs import populate_rootfs
from kmmdoc.linux.kernel import Kernel
from kmmdoc.linux.kernel_.smp import smp_init
from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.mm.page_alloc.wmark import init_per_zone_wmark_min

KFILE = "init/main.c"

SYSTEM_RUNNING = 1


@kfunc
def do_initcalls(k: Kernel) -> None:
    """Run the initcalls, level by level."""
    populate_rootfs(k)
    pci_iommu_init(k)
    init_per_zone_wmark_min(k)


@kfunc
def do_basic_setup(k: Kernel) -> None:
    """The machine is up: start everything that is built in."""
    do_initcalls(k)


@kfunc
def kernel_init_freeable(k: Kernel) -> None:
    """The part of the init thread that lies in init memory."""
    k.gfp_allowed_mask = __GFP_BITS_MASK
    smp_init(k)
    do_basic_setup(k)


@kfunc
def kernel_init(k: Kernel) -> int:
    """The first thread, which becomes the init process."""
    kernel_init_freeable(k)
    if k.root_is_missing:
        k.panic("VFS: Unable to mount root fs on unknown-block(0,0)")
    free_initmem(k)
    mark_rodata_ro(k)
    k.system_state = SYSTEM_RUNNING
    return 0
