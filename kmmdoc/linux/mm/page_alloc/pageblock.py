"""mm/page_alloc.c: the migratetype of each pageblock."""

from __future__ import annotations

from kmmdoc.linux.include.linux.mmzone import (
    MIGRATE_PCPTYPES,
    MIGRATE_UNMOVABLE,
    PAGEBLOCK_NR_PAGES,
    zone,
)
from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.state import Kernel

KFILE = "mm/page_alloc.c"


def page_zone(k: Kernel, page: int) -> zone:
    """The zone that `page` says it belongs to."""
    flags = k.mem_map[page].flags
    return k.node_data[k.page_flags.nid(flags)].node_zones[k.page_flags.zonenum(flags)]


@kfunc
def get_pfnblock_flags_mask(k: Kernel, page: int) -> int:
    """The migratetype of the pageblock of `page`.

    Simplified: of the four bits of a pageblock only the three of the migratetype are kept.
    """
    return k.pageblock_migratetype[page]


@kfunc
def set_pfnblock_flags_mask(k: Kernel, page: int, migratetype: int, blocks: int = 1) -> None:
    """Give the pageblock of `page`, and the `blocks - 1` after it, a migratetype."""
    start = page & -PAGEBLOCK_NR_PAGES
    k.pageblock_migratetype.set(start, start + blocks * PAGEBLOCK_NR_PAGES, migratetype)


def inline_set_pageblock_migratetype(k: Kernel, page: int, migratetype: int, blocks: int = 1) -> None:
    """set_pageblock_migratetype() where the compiler put it into its caller."""
    if k.page_group_by_mobility_disabled and migratetype < MIGRATE_PCPTYPES:
        migratetype = MIGRATE_UNMOVABLE
    with k.repeat(blocks):
        set_pfnblock_flags_mask(k, page, migratetype, blocks)


@kfunc
def set_pageblock_migratetype(k: Kernel, page: int, migratetype: int, blocks: int = 1) -> None:
    """Give the pageblock of `page` a migratetype; where mobility is not grouped, all are unmovable.

    `blocks` stands for a loop over so many pageblocks in a row; the caller says so to the trace.
    """
    if k.page_group_by_mobility_disabled and migratetype < MIGRATE_PCPTYPES:
        migratetype = MIGRATE_UNMOVABLE
    set_pfnblock_flags_mask(k, page, migratetype, blocks)
