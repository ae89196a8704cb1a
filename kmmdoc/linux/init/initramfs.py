"""init/initramfs.c: the initial RAM disk is unpacked and freed."""

from __future__ import annotations

from kmmdoc.linux.arch.x86.mm.init_free import free_initrd_mem
from kmmdoc.linux.kernel import Kernel
from kmmdoc.linux.kfunc import kfunc


@kfunc
def free_initrd(k: Kernel) -> None:
    """Free the memory of the initial RAM disk.

    Simplified: a crash kernel's memory is never inside it.
    """
    free_initrd_mem(k, k.initrd_start, k.initrd_end)
    k.initrd_start = k.initrd_end = 0


@kfunc
def populate_rootfs(k: Kernel) -> int:
    """Unpack the initial RAM disk into the root file system.

    Simplified: the pages of its files are not allocated.
    """
    if k.initrd_start:
        free_initrd(k)
    return 0
