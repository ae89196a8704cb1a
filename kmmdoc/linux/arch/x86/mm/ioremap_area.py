"""arch/x86/mm/ioremap.c: lasting mappings of I/O memory in the vmalloc space."""

from __future__ import annotations

from kmmdoc.linux.arch.x86.mm.pat import (
    _PAGE_CACHE_UC_MINUS,
    _PAGE_CACHE_WB,
    _PAGE_CACHE_WC,
    free_memtype,
    reserve_memtype,
)
from kmmdoc.linux.arch.x86.mm.pgtable_ext import PAGE_KERNEL
from kmmdoc.linux.include.linux.vmalloc import VM_IOREMAP, vm_struct
from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.lib.ioremap import ioremap_page_range
from kmmdoc.linux.mm.slub.free import kfree
from kmmdoc.linux.mm.vmalloc.alloc import free_vm_area, get_vm_area_caller, remove_vm_area
from kmmdoc.linux.mm.vmalloc.areas import find_vmap_area
from kmmdoc.linux.state import KERN_ERR, PAGE_OFFSET, Kernel, __va
from kmmdoc.model.quantities import PAGE_SIZE

KFILE = "arch/x86/mm/ioremap.c"

ISA_START, ISA_END = 0xA0000, 0x100000
PHYSICAL_BITS = 46
E820_RAM = 1


def _has_ram(k: Kernel, start: int, end: int) -> bool:
    """Is any of `[start, end)` (physical) RAM that the page allocator has?"""
    entries = ((e.addr, e.addr + e.size) for e in k.e820.map if e.type == E820_RAM)
    ram = [(max(low, start), min(high, end)) for low, high in entries if low < end and start < high]
    reserved = k.page_flags.PG_reserved
    return any(
        not page.flags & reserved
        for low, high in ram
        for _, _, page in k.mem_map.runs(low // PAGE_SIZE, -(-high // PAGE_SIZE))
    )


@kfunc
def __ioremap_caller(k: Kernel, phys_addr: int, size: int, prot_val: int, caller: str | None) -> int:
    """Map `size` bytes of I/O memory at `phys_addr` with a kind of caching: where, 0 on failure.

    The old ISA range is part of the direct map already.

    Simplified: no check against the resource tree, and a range that is RAM is refused without a trace.
    """
    last = phys_addr + size - 1
    if size <= 0 or last >= 1 << PHYSICAL_BITS:
        return 0
    if phys_addr >= ISA_START and last < ISA_END:
        return __va(phys_addr)
    if _has_ram(k, phys_addr, last + 1):
        k.warn_once(f"ioremap on RAM at {phys_addr:#018x} - {last:#018x}\n", "ioremap on RAM")
        return 0
    offset = phys_addr % PAGE_SIZE
    first = phys_addr - offset
    size = (last + 1 + PAGE_SIZE - 1 & -PAGE_SIZE) - first
    kind = reserve_memtype(k, first, first + size, prot_val)
    if kind < 0:
        k.printk(KERN_ERR, f"ioremap reserve_memtype failed {kind}\n")
        return 0
    if kind == _PAGE_CACHE_WB and prot_val in (_PAGE_CACHE_UC_MINUS, _PAGE_CACHE_WC):
        text = f"ioremap error for {first:#x}-{first + size:#x}, requested {prot_val:#x}, got {kind:#x}\n"
        k.printk(KERN_ERR, text)
        free_memtype(k, first, first + size)
        return 0
    area: vm_struct | None = get_vm_area_caller(k, size, VM_IOREMAP, caller)
    if area is None:
        free_memtype(k, first, first + size)
        return 0
    area.phys_addr = first
    if ioremap_page_range(k, area.addr, area.addr + size, first, PAGE_KERNEL | kind):
        free_vm_area(k, area)
        free_memtype(k, first, first + size)
        return 0
    return area.addr + offset


@kfunc
def ioremap_nocache(k: Kernel, phys_addr: int, size: int) -> int:
    """Map I/O memory uncached: where, 0 on failure."""
    return int(__ioremap_caller(k, phys_addr, size, _PAGE_CACHE_UC_MINUS, k.caller()))


@kfunc
def ioremap_wc(k: Kernel, phys_addr: int, size: int) -> int:
    """Map I/O memory so that writes are combined: where, 0 on failure."""
    return int(__ioremap_caller(k, phys_addr, size, _PAGE_CACHE_WC, k.caller()))


@kfunc
def ioremap_cache(k: Kernel, phys_addr: int, size: int) -> int:
    """Map I/O memory cached, as far as that may be: where, 0 on failure."""
    return int(__ioremap_caller(k, phys_addr, size, _PAGE_CACHE_WB, k.caller()))


@kfunc
def ioremap_prot(k: Kernel, phys_addr: int, size: int, prot_val: int) -> int:
    """Map I/O memory with the caching bits of `prot_val`: where, 0 on failure."""
    bits = prot_val & (_PAGE_CACHE_WC | _PAGE_CACHE_UC_MINUS)
    return int(__ioremap_caller(k, phys_addr, size, bits, k.caller()))


@kfunc
def iounmap(k: Kernel, addr: int) -> None:
    """Undo a mapping of I/O memory; what lies in the direct map stays."""
    if addr <= k.high_memory or PAGE_OFFSET + ISA_START <= addr < PAGE_OFFSET + ISA_END:
        return
    addr &= -PAGE_SIZE
    va = find_vmap_area(k, addr)
    vm = va.vm if va is not None else None
    if vm is None:
        k.printk(KERN_ERR, f"iounmap: bad address {addr:016x}\n")
        return
    free_memtype(k, vm.phys_addr, vm.phys_addr + vm.size - PAGE_SIZE)
    if remove_vm_area(k, addr) is not vm:
        k.bug("iounmap")
    kfree(k, vm.address)
