"""init/initramfs.c: the initial RAM disk is unpacked and freed."""

from __future__ import annotations

from kmmdoc.linux.arch.x86.mm.init_free import free_initrd_mem
from kmmdoc.linux.kfunc import kfunc, setup_param
from kmmdoc.linux.state import Kernel, __va


@setup_param("retain_initrd")
@kfunc
def retain_initrd_param(k: Kernel, rest: str) -> int:
    """retain_initrd: keep the initial RAM disk in memory."""
    if rest:
        return 0
    k.do_retain_initrd = True
    return 1


@kfunc
def free_initrd(k: Kernel) -> None:
    """Free the memory of the initial RAM disk, but not what of it is kept for a crash kernel."""
    start, end = k.initrd_start, k.initrd_end
    crashk_start, crashk_end = __va(k.crashk_res.start), __va(k.crashk_res.end)
    if k.do_retain_initrd:
        pass
    elif start < crashk_end and end > crashk_start:
        if start < crashk_start:
            free_initrd_mem(k, start, crashk_start)
        if end > crashk_end:
            free_initrd_mem(k, crashk_end, end)
    else:
        free_initrd_mem(k, start, end)
    k.initrd_start = k.initrd_end = 0


@kfunc
def populate_rootfs(k: Kernel) -> int:
    """Unpack the initial RAM disk into the root file system.

    Simplified: the pages of its files are not allocated.
    """
    if k.initrd_start:
        free_initrd(k)
    return 0
