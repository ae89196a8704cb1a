"""Many single pages, allocated one after another by the same call.

This stands for no kernel function. Where the kernel allocates a million pages in a loop, the calls go
through equal rounds: a CPU's list is filled with one batch and handed out. One round is run and recorded,
marked as repeated, and the pages of the other rounds are taken here in one step: they are those that the
calls would have given, in their order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import pairwise

from kmmdoc.linux.include.linux.gfp import gfp_zone
from kmmdoc.linux.include.linux.mm_types import PageRow, Runs
from kmmdoc.linux.include.linux.mmzone import (
    MAX_NR_ZONES,
    MAX_ORDER,
    MAX_ORDER_NR_PAGES,
    WMARK_LOW,
    WMARK_MIN,
    zone,
)
from kmmdoc.linux.include.linux.topology import smp_processor_id
from kmmdoc.linux.mm.page_alloc.alloc import ALLOC_HARDER, ALLOC_HIGH, gfp_to_alloc_flags
from kmmdoc.linux.mm.page_alloc.pageblock import page_zone
from kmmdoc.linux.mm.page_alloc.rmqueue import __rmqueue, fallbacks, single_pages
from kmmdoc.linux.state import Kernel
from kmmdoc.model.trace import PagesAllocated, Repeat, RepeatEnd

KFILE = "mm/page_alloc.c"

Counters = dict[str, int]


def alloc_row(
    k: Kernel, row: PageRow, n: int, alloc_one: Callable[[], int | None], migratetype: int, lanes: int
) -> bool:
    """Append `n` pages to `row`, each from a call of `alloc_one`; False when there was no page any more.

    The pages come from `lanes` nodes in turn and count as `migratetype`.
    """
    while n > 0:
        batch = max(_batch(k), 1)
        size = batch * lanes
        if n < 2 * size:
            size = min(size, n)
            if not _alloc_some(k, row, [], size, alloc_one, migratetype, lanes):
                return False
            n -= size
            continue
        before, held = _counters(k), _held(k)
        mark = len(k.events)
        k.events.append(Repeat(1))
        pages: list[int] = []
        if not _alloc_some(k, row, pages, size, alloc_one, migratetype, lanes):
            del k.events[mark]
            return False
        k.events.append(RepeatEnd())
        n -= size
        if _held(k) != held:  # the lists were longer than a batch: this round is not like the next
            del k.events[mark]
            k.events.pop()
            continue
        more = _rounds(k, [pages[lane::lanes] for lane in range(lanes)], n // size, batch, migratetype)
        if more:
            k.events[mark] = Repeat(more + 1)
            row.append_lanes(_take_lanes(k, pages[:lanes], more * batch, migratetype))
            _multiply(before, _counters(k), more)
            n -= more * size
    return True


def _alloc_some(
    k: Kernel,
    row: PageRow,
    pages: list[int],
    n: int,
    alloc_one: Callable[[], int | None],
    migratetype: int,
    lanes: int,
) -> bool:
    """Append `n` pages to `row` and `pages`: rounds without refilling a list are alike."""
    while n > 0:
        size = min(lanes, n)
        several = n >= 2 * lanes
        if several:
            before, held, full = _counters(k), _held(k), _marked_full(k)
            mark = len(k.events)
            k.events.append(Repeat(1))
        taken: list[int] = []
        for _ in range(size):
            page = alloc_one()
            if not page:
                if several:
                    del k.events[mark]
                return False
            taken.append(page)
            row.append(page)
        n -= size
        pages += taken
        if not several:
            continue
        more = min(n // lanes, _from_lists(k, taken, held, migratetype)) if full == _marked_full(k) else 0
        if not more:
            del k.events[mark]
            continue
        k.events[mark] = Repeat(more + 1)
        k.events.append(RepeatEnd())
        _multiply(before, _counters(k), more)
        more_pages = _pop(k, [page_zone(k, page) for page in taken] * more, migratetype)
        pages += more_pages
        for page in more_pages:
            row.append(page)
        n -= more * lanes
    return True


def _marked_full(k: Kernel) -> list[int]:
    """What a pass over the zones leaves behind for the next: zones marked full, shares used up."""
    marks = [len(zones.fullzones) for pgdat in k.node_data.values() for zones in pgdat.node_zonelists]
    return marks + [z.flags for pgdat in k.node_data.values() for z in pgdat.node_zones]


def _from_lists(k: Kernel, taken: list[int], held: list[int], migratetype: int) -> int:
    """How many more rounds like the last the CPU's lists serve.

    0 where the last did not come from them alone. `taken` are the pages of that round, `held` is what the
    lists held before it.
    """
    cpu = smp_processor_id(k)
    shares = Counter(page_zone(k, page) for page in taken)
    if sum(held) - sum(_held(k)) != len(taken):
        return 0
    rounds = MAX_ORDER_NR_PAGES
    for z, share in shares.items():
        pset = z.pageset[cpu]
        if pset.stat_threshold or pset.vm_stat_diff:
            return 0
        left = min(len(pset.pcp.lists[migratetype]), z.vm_stat.get("NR_ALLOC_BATCH", 0) - 1)
        rounds = min(rounds, left // share)
    return max(rounds, 0)


def _pop(k: Kernel, zones: list[zone], migratetype: int) -> list[int]:
    """Hand out one page of each zone's list, in this order."""
    cpu = smp_processor_id(k)
    pages: list[int] = []
    for z in zones:
        pcp = z.pageset[cpu].pcp
        page = pcp.lists[migratetype].pop(0)
        pcp.count -= 1
        k.mem_map.freepage_migratetype.pop(page, None)
        pages.append(page)
    _all_in_use(k, [(page, 1) for page in pages])
    return pages


def most_single_pages(k: Kernel, gfp_mask: int) -> int:
    """More single pages than calls with `gfp_mask` could take from all zones before watermarks stop them."""
    flags, highest = gfp_to_alloc_flags(gfp_mask), gfp_zone(gfp_mask)
    pages = 0
    for z in (z for p in k.node_data.values() for z in p.node_zones[: highest + 1] if z.present_pages):
        mark = z.watermark[WMARK_MIN]
        mark -= mark // 2 if flags & ALLOC_HIGH else 0
        mark -= mark // 4 if flags & ALLOC_HARDER else 0
        pages += max(z.vm_stat.get("NR_FREE_PAGES", 0) - mark - z.lowmem_reserve[highest], 0)
    return pages + sum(_held(k)) + _batch(k) * MAX_NR_ZONES * len(k.node_data)


def _batch(k: Kernel) -> int:
    """The batch of the largest zones."""
    cpu = smp_processor_id(k)
    zones = (z for pgdat in k.node_data.values() for z in pgdat.node_zones if z.present_pages)
    return max((z.pageset[cpu].pcp.batch for z in zones), default=1)


def _held(k: Kernel) -> list[int]:
    """How many pages the CPU's lists hold, by zone."""
    cpu = smp_processor_id(k)
    return [z.pageset[cpu].pcp.count for p in k.node_data.values() for z in p.node_zones if z.present_pages]


def _rounds(k: Kernel, lanes: list[list[int]], rounds: int, batch: int, migratetype: int) -> int:
    """How many more rounds will go as the last one did; `lanes` are its pages by node.

    None where counters are held back by the CPU, or where watermarks or a zone's share could be reached.
    """
    cpu = smp_processor_id(k)
    shares: Counter[zone] = Counter()
    for pages in lanes:
        z = page_zone(k, pages[0])
        pset = z.pageset[cpu]
        if pset.pcp.batch != batch or pset.stat_threshold or pset.vm_stat_diff:
            return 0
        if any(page_zone(k, page) is not z for page in pages):
            return 0
        shares[z] += batch
    for z, share in shares.items():
        kept = z.watermark[WMARK_LOW] + max(z.lowmem_reserve) + 2 * share
        spare = min(z.vm_stat.get("NR_FREE_PAGES", 0) - kept, z.vm_stat.get("NR_ALLOC_BATCH", 0) - share)
        rounds = min(rounds, spare // share)
    return max(rounds, 0)


def _counters(k: Kernel) -> list[tuple[Counters, Counters]]:
    """Every table of counters with a copy of it."""
    tables = [k.vm_stat, k.vm_events]
    tables += [z.vm_stat for pgdat in k.node_data.values() for z in pgdat.node_zones]
    return [(table, dict(table)) for table in tables]


def _multiply(
    before: list[tuple[Counters, Counters]], after: list[tuple[Counters, Counters]], n: int
) -> None:
    """Count what happened between two looks at the counters `n` times more."""
    for (table, old), (_, new) in zip(before, after, strict=True):
        for item, value in new.items():
            table[item] = value + n * (value - old.get(item, 0))


def _take_lanes(k: Kernel, first: list[int], n: int, migratetype: int) -> list[Runs]:
    """Hand out `n` pages for each lane, from the zone that gave the `first` page of it.

    Simplified: of lanes that share a zone the first has its earlier pages, the next its later ones.
    """
    zones = [page_zone(k, page) for page in first]
    rows = {id(z): _take(k, z, n * zones.count(z), migratetype) for z in dict.fromkeys(zones)}
    return [_split(rows[id(z)], n) for z in zones]


def _split(row: Runs, n: int) -> Runs:
    """Take the first `n` pages out of `row`."""
    taken: Runs = []
    at = 0
    while n and row[at][1] <= n:
        taken.append(row[at])
        n -= row[at][1]
        at += 1
    if n:
        first, length = row[at]
        taken.append((first, n))
        row[at] = (first + n, length - n)
    del row[:at]
    return taken


def _take(k: Kernel, z: zone, n: int, migratetype: int) -> Runs:
    """Hand out `n` pages of `z` through the CPU's list, which keeps as many as it has, in the same phase."""
    pages = z.pageset[smp_processor_id(k)].pcp.lists[migratetype]
    types = k.mem_map.freepage_migratetype
    row: Runs = [(page, 1) for page in pages] + _rmqueue_row(k, z, n, migratetype)
    keep = len(pages)
    for page in pages:
        types.pop(page, None)
    pages.clear()
    while keep:
        first, length = row.pop()
        cut = min(keep, length)
        if cut < length:
            row.append((first, length - cut))
        pages[:0] = range(first + length - cut, first + length)
        keep -= cut
    types.update(dict.fromkeys(pages, migratetype))

    _all_in_use(k, row)
    return row


def _all_in_use(k: Kernel, row: Runs) -> None:
    """The pages of `row` are handed out now."""
    ranges = sorted(row)
    start, end = ranges[0][0], sum(ranges[0])
    for (_, _), (first, length) in pairwise(ranges):
        if first != end:
            _in_use(k, start, end)
            start = first
        end = first + length
    _in_use(k, start, end)


def _in_use(k: Kernel, start: int, end: int) -> None:
    k.mem_map.set_count(start, end - start, 1)
    k.events.append(PagesAllocated(start, end - start))


def _rmqueue_row(k: Kernel, z: zone, n: int, migratetype: int) -> Runs:
    """What `n` calls of __rmqueue() for single pages give: blocks from the smallest on, upwards."""
    row: Runs = []
    while n:
        more = single_pages(z, n, migratetype) or _steal_highest(k, z, n // MAX_ORDER_NR_PAGES, migratetype)
        more = more or [(_single(k, z, migratetype), 1)]
        row += more
        n -= sum(length for _, length in more)
    return row


def _single(k: Kernel, z: zone, migratetype: int) -> int:
    """One __rmqueue(), not recorded."""
    mark = len(k.events)
    page = __rmqueue(k, z, 0, migratetype)
    assert page is not None
    del k.events[mark:]
    del k.mem_map.freepage_migratetype[page]
    return page


def _steal_highest(k: Kernel, z: zone, n: int, migratetype: int) -> Runs:
    """Up to `n` whole blocks of the highest order of another type, with their pageblocks."""
    area = z.free_area[MAX_ORDER - 1]
    for other in fallbacks[migratetype]:
        if n and len(area.free_list[other]):
            first, count, step = area.free_list[other].pop_head_run(n)
            area.nr_free -= count
            low, high = sorted((first, first + (count - 1) * step))
            if abs(step) in (0, MAX_ORDER_NR_PAGES):
                k.pageblock_migratetype.set(low, high + MAX_ORDER_NR_PAGES, migratetype)
            else:
                for page in range(first, first + count * step, step):
                    k.pageblock_migratetype.set(page, page + MAX_ORDER_NR_PAGES, migratetype)
            return [(first + i * step, MAX_ORDER_NR_PAGES) for i in range(count)]
    return []
