"""Section `pages`: every struct page, as runs of free blocks and runs of equal pages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kmmdoc.linux.debugger import section
from kmmdoc.linux.include.linux.mm_types import Page
from kmmdoc.linux.state import Kernel

Block = tuple[int, int, int]
"""First page frame, order, number of blocks in a row."""


def free_blocks(k: Kernel) -> list[Block]:
    """Every free block, ascending; neighbours of one order in one node taken together."""
    found: list[Block] = []
    for pgdat in k.node_data.values():
        for zone in pgdat.node_zones:
            for order, area in enumerate(zone.free_area):
                size = 1 << order
                for blocks in area.free_list:
                    for first, n, step in blocks.runs():
                        if step == -size:
                            found.append((first - (n - 1) * size, order, n))
                        elif step == size or n == 1:
                            found.append((first, order, n))
                        else:
                            found += ((first + i * step, order, 1) for i in range(n))
    found.sort()
    joined: list[Block] = []
    for pfn, order, n in found:
        if joined:
            start, last_order, m = joined[-1]
            same_zone = k.mem_map[start].flags == k.mem_map[pfn].flags
            if order == last_order and pfn == start + (m << order) and same_zone:
                joined[-1] = (start, order, m + n)
                continue
        joined.append((pfn, order, n))
    return joined


def _equal_pages(k: Kernel, pfn: int, n: int, page: Page) -> list[Any]:
    slab = page.flags & k.page_flags.PG_slab
    return [pfn, "P", n, hex(page.flags), page.refcount, "slab" if slab else page.mapcount & 0xFFFF_FFFF]


def page_runs(k: Kernel) -> Iterator[list[Any]]:
    """[pfn, "F", order, blocks, flags] and [pfn, "P", n, flags, _count, _mapcount or "slab"], ascending."""
    blocks = iter(free_blocks(k))
    block = next(blocks, None)
    done = 0  # page frames below are in what was yielded
    for start, n, page in k.mem_map.runs():
        at, end = max(start, done), start + n
        while at < end:
            if block is None or block[0] >= end:
                yield _equal_pages(k, at, end - at, page)
                break
            if block[0] > at:
                yield _equal_pages(k, at, block[0] - at, page)
            pfn, order, count = block
            yield [pfn, "F", order, count, hex(page.flags)]
            at = pfn + (count << order)
            block = next(blocks, None)
        done = max(at, end)


@section("pages")
def read(k: Kernel) -> dict[str, Any]:
    """{"runs": [...]} over all page frames that have a struct page."""
    return {"runs": list(page_runs(k))}
