"""The kernel's address space: its fixed areas, and the physical memory that some of them show.

The areas are those of a kernel without address space randomisation.
"""

from __future__ import annotations

from kmmdoc.model.graph import Edge, Figure, Graph, Node, Row, function
from kmmdoc.model.quantities import PAGE_SHIFT, size_text
from kmmdoc.model.scenario import KernelBuild
from kmmdoc.model.shot import Shot

NEEDS = ("globals",)

AREAS = (
    ("fixmap", 0xFFFFFFFFFF000000, 0xFFFFFFFFFF800000),
    ("modules", 0xFFFFFFFFA0000000, 0xFFFFFFFFFF000000),
    ("image", 0xFFFFFFFF80000000, 0xFFFFFFFFA0000000),
    ("vmemmap", 0xFFFFEA0000000000, 0xFFFFEB0000000000),
    ("vmalloc", 0xFFFFC90000000000, 0xFFFFE90000000000),
    ("direct", 0xFFFF880000000000, 0xFFFFC80000000000),
    ("user", 0x0, 0x0000800000000000),
)
"""Name, start and end of the areas of 3.18's x86-64 layout with four levels, highest first."""


def draw(shot: Shot) -> tuple[Figure, ...]:
    """The areas as a column, and what of the machine they show."""
    w = shot.words
    rows = tuple(
        Row(f"{start:#018x}", f"{w('space.' + key)} · {size_text(end - start)}") for key, start, end in AREAS
    )
    space = Node("space", w("space.title"), "struct", rows)
    top = int(shot.now["globals"].get("max_pfn", 0)) << PAGE_SHIFT
    nodes = [space]
    edges = []
    if top:
        mapped = (Row("0x0", f"– {top - 1:#x}"), Row("max_pfn", f"{top >> PAGE_SHIFT:,}"))
        nodes.append(
            Node("ram", w("space.ram"), "memory", mapped, function("init_mem_mapping"), size_text(top))
        )
        edges.append(Edge("space", "ram", _index("direct")))
        nodes.append(_memmap(shot, top))
        edges.append(Edge("space", "memmap", _index("vmemmap")))
    if shot.build:
        nodes.insert(1, _image(shot, shot.build))
        edges.append(Edge("space", "image", _index("image")))
    alt, caption = w("space.alt"), w("space.caption")
    return (Graph("address_space", tuple(nodes), tuple(edges), alt=alt, caption=caption),)


def _index(key: str) -> int:
    return next(i for i, area in enumerate(AREAS) if area[0] == key)


def _image(shot: Shot, build: KernelBuild) -> Node:
    base = AREAS[_index("image")][1]
    names = [n for n in ("_text", "_etext", "_edata", "__bss_start", "_end") if n in build.symbols]
    rows = tuple(Row(name, f"{build.symbols[name] - base:#x}") for name in names)
    return Node("image", shot.words("space.image-at"), "kernel", rows)


def _memmap(shot: Shot, top: int) -> Node:
    page = shot.build.sizeof("page") if shot.build else 64
    size = (top >> PAGE_SHIFT) * page
    row = Row(shot.words("space.pages", size=page), f"{size_text(size)}")
    return Node("memmap", "struct page[]", "list", (row,), "struct:page")
