"""Section `bp`: the boot parameters that memory initialisation reads."""

from __future__ import annotations

from typing import Any

from kmmdoc.linux.debugger import section
from kmmdoc.linux.state import Kernel


@section("bp")
def read(k: Kernel) -> dict[str, Any]:
    """The boot parameters that memory initialisation reads."""
    boot, u32 = k.boot_params, (1 << 32) - 1
    return {
        "e820_map": [[hex(e.addr), hex(e.size), hex(e.type)] for e in boot.e820_map],
        "hdr": {
            "type_of_loader": k.machine.type_of_loader,
            "ramdisk_image": boot.ramdisk_image & u32,
            "ramdisk_size": boot.ramdisk_size & u32,
            "code32_start": k.machine.code32_start,
            "kernel_alignment": k.machine.kernel_alignment,
            "setup_data": boot.setup_data[0].addr if boot.setup_data else 0,
        },
        "alt_mem_k": boot.alt_mem_k,
        "ext_mem_k": boot.ext_mem_k,
        "ext_ramdisk_image": boot.ramdisk_image >> 32,
        "ext_ramdisk_size": boot.ramdisk_size >> 32,
        "boot_command_line": k.boot_command_line,
    }
