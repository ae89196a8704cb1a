"""drivers/tty/tty_io.c: the start of all consoles."""

from __future__ import annotations

from kmmdoc.linux.drivers.tty.vt.vt import con_init
from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.state import Kernel


@kfunc
def console_init(k: Kernel) -> None:
    """Start the consoles that are built in.

    Simplified: the serial console takes no memory.
    """
    con_init(k)
