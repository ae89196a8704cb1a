"""What the CPU can do (arch/x86/include/asm/cpufeature.h)."""

from __future__ import annotations

from kmmdoc.linux.state import Kernel


def cpu_has_apic(k: Kernel) -> bool:
    """Has the CPU a local APIC that may be used? nolapic takes the feature away."""
    return "apic" in k.machine.cpu_flags and not k.disable_apic
