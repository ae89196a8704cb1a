"""arch/x86/mm/setup_nx.c: whether pages can be made non-executable."""

from __future__ import annotations

from kmmdoc.linux.kfunc import early_param, kfunc
from kmmdoc.linux.state import KERN_INFO, KERN_NOTICE, Kernel

EINVAL = 22


@early_param("noexec")
@kfunc
def noexec_setup(k: Kernel, value: str | None) -> int:
    """noexec=on|off: use the CPU's NX bit or not."""
    if value is None:
        return -EINVAL
    if value.startswith("on"):
        k.disable_nx = False
    elif value.startswith("off"):
        k.disable_nx = True
    x86_configure_nx(k)
    return 0


@kfunc
def x86_configure_nx(k: Kernel) -> None:
    """Allow or forbid the NX bit in page table entries: `supported()` in init_64 asks for it."""


@kfunc
def x86_report_nx(k: Kernel) -> None:
    """Say in the log whether NX is used."""
    if "nx" not in k.machine.cpu_flags:
        k.printk(KERN_NOTICE, "Notice: NX (Execute Disable) protection missing in CPU!\n")
    elif k.disable_nx:
        text = "NX (Execute Disable) protection: disabled by kernel command line option\n"
        k.printk(KERN_INFO, text)
    else:
        k.printk(KERN_INFO, "NX (Execute Disable) protection: active\n")
