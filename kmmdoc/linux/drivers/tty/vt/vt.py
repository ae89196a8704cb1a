"""drivers/tty/vt/vt.c: virtual terminals, as far as they take memory."""

from __future__ import annotations

from kmmdoc.linux.drivers.video.console.vgacon import vgacon_startup
from kmmdoc.linux.include.linux.gfp import __GFP_ZERO, GFP_NOWAIT
from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.mm.slub.alloc import __kmalloc
from kmmdoc.linux.state import Kernel

VC_DATA_SIZE = 1024
"""The size class of a struct vc_data; its exact size, which only decides the class, is not modelled."""


@kfunc
def con_init(k: Kernel) -> int:
    """The first terminal and a copy of its screen, two bytes a character.

    Simplified: a screen that no console driver took has 80 by 25 characters too.
    """
    vgacon_startup(k)
    __kmalloc(k, VC_DATA_SIZE, GFP_NOWAIT | __GFP_ZERO)
    __kmalloc(k, 80 * 25 * 2, GFP_NOWAIT | __GFP_ZERO)
    return 0
