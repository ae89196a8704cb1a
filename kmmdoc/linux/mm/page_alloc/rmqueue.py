"""mm/page_alloc.c: taking a block out of a zone's free lists."""

from __future__ import annotations

from kmmdoc.linux.include.linux.mm_types import Runs
from kmmdoc.linux.include.linux.mmzone import (
    MAX_ORDER,
    MIGRATE_MOVABLE,
    MIGRATE_RECLAIMABLE,
    MIGRATE_RESERVE,
    MIGRATE_UNMOVABLE,
    PAGEBLOCK_NR_PAGES,
    PAGEBLOCK_ORDER,
    free_area,
    zone,
)
from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.mm.page_alloc.blocks import largest_blocks
from kmmdoc.linux.mm.page_alloc.pageblock import inline_set_pageblock_migratetype
from kmmdoc.linux.mm.vmstat import __mod_zone_page_state
from kmmdoc.linux.state import Kernel

KFILE = "mm/page_alloc.c"

fallbacks = {
    MIGRATE_UNMOVABLE: (MIGRATE_RECLAIMABLE, MIGRATE_MOVABLE),
    MIGRATE_RECLAIMABLE: (MIGRATE_UNMOVABLE, MIGRATE_MOVABLE),
    MIGRATE_MOVABLE: (MIGRATE_RECLAIMABLE, MIGRATE_UNMOVABLE),
}
"""Which other types' blocks a type may take, in this order; the reserve comes after all of them."""


@kfunc
def expand(k: Kernel, z: zone, page: int, low: int, high: int, migratetype: int) -> None:
    """Halve a block of order `high` down to `low`: each upper half goes to the head of its free list."""
    while high > low:
        high -= 1
        area = z.free_area[high]
        area.free_list[migratetype].add_head(page + (1 << high))
        area.nr_free += 1


@kfunc
def __rmqueue_smallest(k: Kernel, z: zone, order: int, migratetype: int) -> int | None:
    """The first block of the smallest order that has one of the type, halved down to `order`."""
    for current in range(order, MAX_ORDER):
        area = z.free_area[current]
        blocks = area.free_list[migratetype]
        if len(blocks):
            page = blocks.pop_head()
            area.nr_free -= 1
            expand(k, z, page, order, current, migratetype)
            return page
    return None


def single_pages(z: zone, n: int, migratetype: int) -> Runs:
    """What up to `n` calls of __rmqueue_smallest() for single pages give: as far as the type's blocks go."""
    row: Runs = []
    while n:
        order = next((i for i, area in enumerate(z.free_area) if len(area.free_list[migratetype])), None)
        if order is None:
            break
        page = z.free_area[order].free_list[migratetype].pop_head()
        z.free_area[order].nr_free -= 1
        length = min(n, 1 << order)
        row.append((page, length))
        n -= length
        for pfn, rest in largest_blocks(page + length, page + (1 << order)):
            z.free_area[rest].free_list[migratetype].add_head(pfn)
            z.free_area[rest].nr_free += 1
    return row


def _free_block_at(z: zone, pfn: int) -> tuple[free_area, int, int] | None:
    """The free block that begins at `pfn`, as (area, order, migratetype of its list)."""
    highest = min(MAX_ORDER - 1, (pfn & -pfn).bit_length() - 1) if pfn else MAX_ORDER - 1
    for order in range(highest + 1):
        area = z.free_area[order]
        for migratetype, blocks in enumerate(area.free_list):
            if pfn in blocks:
                return area, order, migratetype
    return None


@kfunc
def move_freepages(k: Kernel, z: zone, start_page: int, end_page: int, migratetype: int) -> int:
    """Move every free block that begins in `[start_page, end_page]` to the lists of a type; pages moved."""
    moved = 0
    page = start_page
    while page <= end_page:
        found = _free_block_at(z, page)
        if found is None:
            page += 1
            continue
        area, order, old = found
        area.free_list[old].remove(page)
        area.free_list[migratetype].add_head(page)
        page += 1 << order
        moved += 1 << order
    return moved


@kfunc
def move_freepages_block(k: Kernel, z: zone, page: int, migratetype: int) -> int:
    """move_freepages() for the pageblock of `page`, as far as it lies in the zone; pages moved."""
    start = page & -PAGEBLOCK_NR_PAGES
    end = start + PAGEBLOCK_NR_PAGES - 1
    if start < z.zone_start_pfn:
        start = page
    if end >= z.zone_start_pfn + z.spanned_pages:
        return 0
    return move_freepages(k, z, start, end, migratetype)


@kfunc
def try_to_steal_freepages(
    k: Kernel, z: zone, page: int, order: int, start_type: int, fallback_type: int
) -> int:
    """How much of the pageblock to take with a block of another type: the type that the rest goes to.

    Whole pageblocks change their type. Of a large block's pageblock, or for reclaimable pages of any, all
    that is free is taken, and the pageblock itself where that is half of it.
    """
    if order >= PAGEBLOCK_ORDER:
        for i in range(1 << (order - PAGEBLOCK_ORDER)):
            inline_set_pageblock_migratetype(k, page + i * PAGEBLOCK_NR_PAGES, start_type)
        return start_type
    if (
        order >= PAGEBLOCK_ORDER // 2
        or start_type == MIGRATE_RECLAIMABLE
        or k.page_group_by_mobility_disabled
    ):
        pages = move_freepages_block(k, z, page, start_type)
        if pages >= 1 << (PAGEBLOCK_ORDER - 1) or k.page_group_by_mobility_disabled:
            inline_set_pageblock_migratetype(k, page, start_type)
            return start_type
    return fallback_type


@kfunc
def __rmqueue_fallback(k: Kernel, z: zone, order: int, start_migratetype: int) -> tuple[int, int] | None:
    """A block of another type, from the largest that there is: (page, type it counts as now)."""
    for current in range(MAX_ORDER - 1, order - 1, -1):
        area = z.free_area[current]
        for migratetype in fallbacks[start_migratetype]:
            page = area.free_list[migratetype].head()
            if page is None:
                continue
            k.step("steal", order=current, migratetype=migratetype)
            new_type = try_to_steal_freepages(k, z, page, current, start_migratetype, migratetype)
            for blocks in area.free_list:
                if page in blocks:
                    blocks.remove(page)
            area.nr_free -= 1
            expand(k, z, page, order, current, new_type)
            return page, new_type
    return None


@kfunc
def __rmqueue(k: Kernel, z: zone, order: int, migratetype: int) -> int | None:
    """Take a block of `order` out: of its own type, else stolen from another, else from the reserve.

    The type that the page counts as now is kept with it.
    """
    page = __rmqueue_smallest(k, z, order, migratetype)
    if page is None and migratetype != MIGRATE_RESERVE:
        stolen = __rmqueue_fallback(k, z, order, migratetype)
        if stolen is not None:
            page, migratetype = stolen
        else:
            migratetype = MIGRATE_RESERVE
            page = __rmqueue_smallest(k, z, order, migratetype)
    if page is not None:
        k.mem_map.freepage_migratetype[page] = migratetype
    return page


def _held(z: zone, migratetype: int) -> int:
    """Free pages of the zone in blocks of a type."""
    return sum(len(area.free_list[migratetype]) << order for order, area in enumerate(z.free_area))


@kfunc
def rmqueue_bulk(
    k: Kernel, z: zone, order: int, count: int, pages: list[int], migratetype: int, cold: bool
) -> int:
    """Fill an empty list with up to `count` blocks; how many came.

    The blocks come in the order of the list; backwards for cold pages, which are taken from its end. Single
    pages of the type itself are taken in equal rounds.
    """
    taken: list[int] = []
    while len(taken) < count:
        rounds = min(count - len(taken), _held(z, migratetype)) if order == 0 else 1
        with k.repeat(max(rounds, 1)):
            page = __rmqueue(k, z, order, migratetype)
        if page is None:
            break
        taken.append(page)
        for first, n in single_pages(z, rounds - 1, migratetype) if rounds > 1 else ():
            taken += range(first, first + n)
            k.mem_map.freepage_migratetype.update(dict.fromkeys(range(first, first + n), migratetype))
    pages.extend(reversed(taken) if cold else taken)
    __mod_zone_page_state(k, z, "NR_FREE_PAGES", -(len(taken) << order))
    return len(taken)
