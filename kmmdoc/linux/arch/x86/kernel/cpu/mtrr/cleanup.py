"""arch/x86/kernel/cpu/mtrr/cleanup.c: memory that firmware forgot to make cacheable is not used."""

from __future__ import annotations

from kmmdoc.linux.arch.x86.include.asm.e820 import E820_RAM, E820_RESERVED
from kmmdoc.linux.arch.x86.kernel.e820.table import e820_update_range, update_e820
from kmmdoc.linux.kernel.range import Range, add_range_with_merge, clean_sort_range, subtract_range
from kmmdoc.linux.kfunc import early_param, kfunc
from kmmdoc.linux.state import KERN_INFO, KERN_WARNING, Kernel
from kmmdoc.model.quantities import PAGE_SHIFT
from kmmdoc.model.scenario import Mtrr

RANGE_NUM = 256
_MIB_PFN = 1 << (20 - PAGE_SHIFT)


@early_param("disable_mtrr_trim")
@kfunc
def disable_mtrr_trim_setup(k: Kernel, value: str | None) -> int:
    """disable_mtrr_trim: use memory that the MTRRs do not make cacheable too."""
    k.disable_mtrr_trim = True
    return 0


def _pfns(mtrr: Mtrr) -> Range:
    return mtrr.base >> PAGE_SHIFT, (mtrr.base + mtrr.size) >> PAGE_SHIFT


@kfunc
def x86_get_mtrr_mem_range(k: Kernel, ranges: list[Range]) -> None:
    """Add to `ranges` what is cached, in page frames, without what is not; sorted.

    Simplified: the MTRRs of the first MiB, which go before the others there, are taken to be in use.
    """
    for mtrr in k.machine.mtrrs:
        if mtrr.type == "write-back":
            add_range_with_merge(ranges, RANGE_NUM, *_pfns(mtrr))
    for i, mtrr in enumerate(k.machine.mtrrs):
        if mtrr.type not in ("uncachable", "write-protect"):
            continue
        start, end = _pfns(mtrr)
        if start < _MIB_PFN:
            k.printk(
                KERN_WARNING,
                f"WARNING: BIOS bug: VAR MTRR {i} contains strange UC entry under 1M, check with your system "
                "vendor!\n",
            )
            start = _MIB_PFN
        subtract_range(ranges, RANGE_NUM, start, end)
    clean_sort_range(ranges)


@kfunc
def real_trim_memory(k: Kernel, start_pfn: int, limit_pfn: int) -> int:
    """Take page frames `[start_pfn, limit_pfn)` out of the RAM. Returns how many bytes of it were RAM."""
    start = start_pfn << PAGE_SHIFT
    size = (limit_pfn << PAGE_SHIFT) - start
    return int(e820_update_range(k, start, size, E820_RAM, E820_RESERVED))


@kfunc
def mtrr_trim_uncached_memory(k: Kernel, end_pfn: int) -> bool:
    """Take memory below `end_pfn` that is not cached out of the RAM; was there any?

    Only where memory is uncached unless an MTRR says otherwise, and all of those in use say write-back or
    uncachable.
    """
    if "mtrr" not in k.machine.cpu_flags or k.disable_mtrr_trim or k.machine.mtrr_default != "uncachable":
        return False
    types = {mtrr.type for mtrr in k.machine.mtrrs}
    if "write-back" not in types:
        k.printk(KERN_INFO, "CPU MTRRs all blank - virtualized system.\n")
        return False
    if not types <= {"write-back", "uncachable"}:
        return False
    ranges: list[Range] = []
    add_range_with_merge(ranges, RANGE_NUM, 1 << (32 - PAGE_SHIFT), k.machine.mtrr_tom2 >> PAGE_SHIFT)
    x86_get_mtrr_mem_range(k, ranges)

    total = at = 0
    for start, end in ranges:
        if at < start:
            total += real_trim_memory(k, at, start)
        at = end
    if at < end_pfn:
        total += real_trim_memory(k, at, end_pfn)
    if not total:
        return False
    text = "WARNING: BIOS bug: CPU MTRRs don't cover all of memory, losing"
    k.printk(KERN_WARNING, f"{text} {total >> 20}MB of RAM.\n")
    k.printk(KERN_INFO, "update e820 for mtrr\n")
    update_e820(k)
    return True
