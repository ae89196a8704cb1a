"""include/linux/jiffies.h: the time in ticks.

Simplified: no tick comes while the boot is simulated.
"""

from __future__ import annotations

from kmmdoc.linux.state import Kernel

KFILE = "include/linux/jiffies.h"


def jiffies(k: Kernel) -> int:
    """Ticks since the boot: they start five minutes before 32 bits overflow, so that overflows are seen."""
    return -300 * k.build.number("HZ") & 0xFFFF_FFFF
