"""mm/page_alloc.c: hash tables as large as the memory deserves, and the last of the allocator's set-up."""

from __future__ import annotations

from typing import NamedTuple

from kmmdoc.linux.include.linux.bootmem import memblock_virt_alloc_nopanic
from kmmdoc.linux.include.linux.gfp import GFP_ATOMIC
from kmmdoc.linux.include.linux.mmzone import MAX_ORDER
from kmmdoc.linux.kfunc import kfunc, setup_param
from kmmdoc.linux.lib.vsprintf import simple_strtoull
from kmmdoc.linux.mm.page_alloc.exact import alloc_pages_exact
from kmmdoc.linux.mm.vmalloc.alloc import __vmalloc
from kmmdoc.linux.state import KERN_INFO, Kernel
from kmmdoc.model.quantities import PAGE_SHIFT, PAGE_SIZE

KFILE = "mm/page_alloc.c"

HASH_EARLY, HASH_SMALL = 0x1, 0x2
PAGE_KERNEL = 0x8000_0000_0000_0163


class Hash(NamedTuple):
    """A table at `table` (direct-map or vmalloc address) with `1 << shift` buckets."""

    table: int
    shift: int

    @property
    def mask(self) -> int:
        """What of a hash value chooses the bucket."""
        return ((1 << self.shift) - 1) & 0xFFFF_FFFF


@kfunc
def page_alloc_init(k: Kernel) -> None:
    """Hear of CPUs that go away. None does while the system boots."""


@setup_param("hashdist=")
@kfunc
def set_hashdist(k: Kernel, text: str) -> int:
    """hashdist=1: spread the tables over the nodes, by vmalloc; 0: leave each in one piece."""
    k.hashdist = simple_strtoull(text)[0]
    return 1


@kfunc
def alloc_large_system_hash(
    k: Kernel,
    tablename: str,
    bucketsize: int,
    numentries: int,
    scale: int,
    flags: int,
    hash_shift: int,
    low_limit: int,
    high_limit: int,
) -> Hash:
    """Allocate a table with a power of two of buckets of `bucketsize` bytes, else panic.

    `numentries` 0 means one bucket per `2 ** scale` bytes of memory that the kernel can use; a small table
    (HASH_SMALL) has `1 << hash_shift` at least. `high_limit` 0 means a 16th of all memory. While no
    memory is found the table is halved, down to a page.
    """
    numentries = _wanted_entries(k, bucketsize, numentries, scale, flags, hash_shift)
    limit = high_limit or ((k.nr_all_pages << PAGE_SHIFT) >> 4) // bucketsize
    numentries = min(max(numentries, low_limit), limit, 0x8000_0000)
    shift = numentries.bit_length() - 1
    while True:
        size = bucketsize << shift
        table = _alloc_table(k, size, flags)
        if table or size <= PAGE_SIZE:
            break
        shift -= 1
        if shift == 0:
            # The kernel's loop condition is the shift itself: it ends before a table of one bucket.
            break
    if not table:
        k.panic(f"Failed to allocate {tablename} hash table\n")
    order = size.bit_length() - 1 - PAGE_SHIFT
    k.printk(KERN_INFO, f"{tablename} hash table entries: {1 << shift} (order: {order}, {size} bytes)\n")
    return Hash(table, shift)


def _wanted_entries(k: Kernel, bucketsize: int, entries: int, scale: int, flags: int, shift: int) -> int:
    """Buckets to have if there were no limits: a power of two."""
    if not entries:
        megabyte = (1 << 20) // PAGE_SIZE
        entries = -(-k.nr_kernel_pages // megabyte) * megabyte
        entries = entries >> scale - PAGE_SHIFT if scale > PAGE_SHIFT else entries << PAGE_SHIFT - scale
        if flags & HASH_SMALL:
            if not entries >> shift:
                entries = 1 << shift
        elif entries * bucketsize < PAGE_SIZE:
            entries = PAGE_SIZE // bucketsize
    return 1 << max(entries - 1, 0).bit_length()


def _alloc_table(k: Kernel, size: int, flags: int) -> int:
    """Memory for a table: from memblock early; later from vmalloc, or in one piece where tables are."""
    if flags & HASH_EARLY:
        return memblock_virt_alloc_nopanic(k, size, 0)
    if k.hashdist:
        return int(__vmalloc(k, size, GFP_ATOMIC, PAGE_KERNEL))
    if -(-size // PAGE_SIZE) <= 1 << MAX_ORDER - 1:
        return alloc_pages_exact(k, size, GFP_ATOMIC)
    return 0
