"""arch/x86/kernel/vsyscall_64.c: a page of the kernel that programs may call into, at a fixed address."""

from __future__ import annotations

from kmmdoc.linux.arch.x86.mm.pgtable import native_set_fixmap
from kmmdoc.linux.arch.x86.mm.pgtable_ext import PAGE_KERNEL_VSYSCALL, PAGE_KERNEL_VVAR
from kmmdoc.linux.kfunc import early_param, kfunc
from kmmdoc.linux.state import Kernel

EINVAL = 22
VSYSCALL_PAGE = 511


@early_param("vsyscall")
@kfunc
def vsyscall_setup(k: Kernel, value: str | None) -> int:
    """vsyscall=emulate|native|none: what a call into the page does."""
    if value not in ("emulate", "native", "none"):
        return -EINVAL
    k.vsyscall_mode = value
    return 0


@kfunc
def map_vsyscall(k: Kernel) -> None:
    """Map the page; only in native mode may programs execute it."""
    flags = PAGE_KERNEL_VSYSCALL if k.vsyscall_mode == "native" else PAGE_KERNEL_VVAR
    native_set_fixmap(k, VSYSCALL_PAGE, k.pa_symbol("__vsyscall_page"), flags)
