"""Sections `e820` and `bp`: the memory map in use, the one firmware gave, and the boot parameters."""

from __future__ import annotations

from typing import Any

from kmmdoc.linux.arch.x86.include.asm.e820 import e820map
from kmmdoc.linux.debugger import section
from kmmdoc.linux.kernel import Kernel


def _entries(table: e820map) -> list[list[Any]]:
    return [[hex(e.addr), hex(e.size), e.type] for e in table.map]


@section("e820")
def read(k: Kernel) -> dict[str, list[list[Any]]]:
    """[address, bytes, type] of each entry of the map in use and of firmware's, in their order."""
    return {"e820": _entries(k.e820), "e820_saved": _entries(k.e820_saved)}


@section("bp")
def read_bp(k: Kernel) -> dict[str, Any]:
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
