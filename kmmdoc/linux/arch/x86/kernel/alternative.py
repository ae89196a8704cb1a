"""arch/x86/kernel/alternative.c: code is patched for the CPUs that there are."""

from __future__ import annotations

from kmmdoc.linux.arch.x86.mm.init_free import free_init_pages
from kmmdoc.linux.kfunc import kfunc, setup_param
from kmmdoc.linux.state import Kernel


@setup_param("noreplace-smp")
@kfunc
def setup_noreplace_smp(k: Kernel, rest: str) -> int:
    """noreplace-smp: leave the kernel patched for several CPUs."""
    k.noreplace_smp = True
    return 1


@kfunc
def alternative_instructions(k: Kernel) -> None:
    """Patch the kernel; the table of locks goes, unless CPUs may still come to a kernel patched for one.

    Simplified: code does not exist here, only the memory of the table.
    """
    only_one_now = len(k.cpu_present_mask) == 1 or k.setup_max_cpus <= 1
    if k.noreplace_smp or not only_one_now or len(k.cpu_possible_mask) == 1:
        free_init_pages(
            k, "SMP alternatives", k.build.symbol("__smp_locks"), k.build.symbol("__smp_locks_end")
        )
