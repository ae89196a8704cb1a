"""include/linux/bootmem.h: short forms of memblock's allocation, inlined into their callers.

Sizes and alignments in bytes (alignment 0: a cache line); results are direct-map addresses, 0 for none.
"""

from __future__ import annotations

from kmmdoc.linux.include.linux.memblock import NUMA_NO_NODE
from kmmdoc.linux.mm.memblock import (
    __memblock_free_early,
    memblock_virt_alloc_try_nid,
    memblock_virt_alloc_try_nid_nopanic,
)
from kmmdoc.linux.state import Kernel

KFILE = "include/linux/bootmem.h"

BOOTMEM_LOW_LIMIT = 0
BOOTMEM_ALLOC_ACCESSIBLE = 0
ARCH_LOW_ADDRESS_LIMIT = 0xFFFF_FFFF


def memblock_virt_alloc(k: Kernel, size: int, align: int) -> int:
    """Anywhere, else panic."""
    return memblock_virt_alloc_try_nid(
        k, size, align, BOOTMEM_LOW_LIMIT, BOOTMEM_ALLOC_ACCESSIBLE, NUMA_NO_NODE
    )


def memblock_virt_alloc_nopanic(k: Kernel, size: int, align: int) -> int:
    """Anywhere."""
    return memblock_virt_alloc_try_nid_nopanic(
        k, size, align, BOOTMEM_LOW_LIMIT, BOOTMEM_ALLOC_ACCESSIBLE, NUMA_NO_NODE
    )


def memblock_virt_alloc_low_nopanic(k: Kernel, size: int, align: int) -> int:
    """Below 4 GiB."""
    return memblock_virt_alloc_try_nid_nopanic(
        k, size, align, BOOTMEM_LOW_LIMIT, ARCH_LOW_ADDRESS_LIMIT, NUMA_NO_NODE
    )


def memblock_virt_alloc_node(k: Kernel, size: int, nid: int) -> int:
    """On node `nid`, else anywhere, else panic."""
    return memblock_virt_alloc_try_nid(k, size, 0, BOOTMEM_LOW_LIMIT, BOOTMEM_ALLOC_ACCESSIBLE, nid)


def memblock_virt_alloc_node_nopanic(k: Kernel, size: int, nid: int) -> int:
    """On node `nid`, else anywhere."""
    return memblock_virt_alloc_try_nid_nopanic(k, size, 0, BOOTMEM_LOW_LIMIT, BOOTMEM_ALLOC_ACCESSIBLE, nid)


def memblock_free_early(k: Kernel, base: int, size: int) -> None:
    """Give back bytes `[base, base + size)` (physical)."""
    __memblock_free_early(k, base, size)
