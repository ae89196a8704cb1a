"""drivers/video/console/vgacon.c: the text screen, as far as it takes memory."""

from __future__ import annotations

from kmmdoc.linux.include.linux.gfp import GFP_NOWAIT
from kmmdoc.linux.include.linux.slab import kcalloc
from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.state import Kernel


@kfunc
def vgacon_scrollback_startup(k: Kernel) -> None:
    """Memory for lines that have left the screen."""
    if k.build.enabled("VGACON_SOFT_SCROLLBACK"):
        kcalloc(k, k.build.number("VGACON_SOFT_SCROLLBACK_SIZE"), 1024, GFP_NOWAIT)


@kfunc
def vgacon_startup(k: Kernel) -> str | None:
    """Take the screen if firmware left it in a text mode: its name, or None.

    Simplified: a machine that was booted by UEFI has no text mode, every other has one of 80 by 25.
    """
    if k.machine.efi is not None:
        return None
    vgacon_scrollback_startup(k)
    return "VGA+"
