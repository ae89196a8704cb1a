"""drivers/firmware/efi/efi.c: may UEFI's services be used while the kernel runs?"""

from __future__ import annotations

from kmmdoc.linux.kfunc import early_param, kfunc
from kmmdoc.linux.lib.cmdline import parse_option_str
from kmmdoc.linux.state import Kernel


@early_param("noefi")
@kfunc
def setup_noefi(k: Kernel, value: str | None) -> int:
    """noefi: do without UEFI's services, and then without its map too."""
    k.efi_disable_runtime = True
    return 0


@kfunc
def efi_runtime_disabled(k: Kernel) -> bool:
    """Did the command line ask to do without UEFI's services?"""
    return k.efi_disable_runtime


@early_param("efi")
@kfunc
def parse_efi_cmdline(k: Kernel, value: str | None) -> int:
    """efi=noruntime: as noefi."""
    if parse_option_str(value or "", "noruntime"):
        k.efi_disable_runtime = True
    return 0
