"""Memory sections and page tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kmmdoc.model.sections.base import number
from kmmdoc.model.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Section:
    """struct mem_section. `map_bits` is section_mem_map as stored: a pointer with flags in its low bits."""

    nr: int
    map_bits: int
    pageblock_flags: int
    migrate_types: tuple[tuple[int, int], ...]

    @property
    def present(self) -> bool:
        return bool(self.map_bits & 1)

    @property
    def has_map(self) -> bool:
        return bool(self.map_bits & 2)


@dataclass(frozen=True, slots=True)
class Sparse:
    """The memory sections: how many roots there can be, which exist (index -> address), and the sections."""

    nr_roots: int
    per_root: int
    roots: Mapping[int, int]
    sections: tuple[Section, ...]


def sparse(snapshot: Snapshot) -> Sparse:
    """mem_section and what hangs below it."""
    raw = snapshot["sections"]
    return Sparse(
        raw["nr_roots"],
        raw["sections_per_root"],
        {int(i): number(p) for i, p in raw["roots"].items()},
        tuple(
            Section(
                s["nr"],
                number(s["section_mem_map"]),
                number(s["pageblock_flags"]),
                tuple((t, n) for t, n in s.get("mt_rle") or ()),
            )
            for s in raw["sections"]
        ),
    )


@dataclass(frozen=True, slots=True)
class PageTable:
    """A page that is a table: 3 is a page of PUD entries, 2 of PMD, 1 of PTE; `used` entries are present."""

    phys: int
    level: int
    va: int
    used: int


@dataclass(frozen=True, slots=True)
class Leaf:
    """`count` mappings in a row, of 4 KiB (level 1), 2 MiB (2) or 1 GiB (3) each."""

    va: int
    pa: int
    level: int
    count: int
    flags: int

    @property
    def size(self) -> int:
        return self.count << (12 + 9 * (self.level - 1))


@dataclass(frozen=True, slots=True)
class PageTables:
    """The tables below the kernel's top-level table, and what they map."""

    tables: tuple[PageTable, ...]
    leaves: tuple[Leaf, ...]


def page_tables(snapshot: Snapshot) -> PageTables:
    """The kernel's page tables."""
    raw = snapshot["pagetables"]
    return PageTables(
        tuple(PageTable(*(number(v) for v in row)) for row in raw["tables"]),
        tuple(Leaf(*(number(v) for v in row)) for row in raw["leaf"]),
    )
