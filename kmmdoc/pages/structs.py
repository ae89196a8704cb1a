"""Pages of structures: layout and drawing, each member's meaning, who writes it, its values in the run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from kmmdoc.excerpts.members import SUFFIX, MemberNote, read_members
from kmmdoc.model.graph import CacheLines, Span
from kmmdoc.model.graph import struct as struct_target
from kmmdoc.model.scenario import Field, Struct
from kmmdoc.model.words import Words
from kmmdoc.model.writes import Writer
from kmmdoc.pages.chapters import Chapter
from kmmdoc.pages.instances import Instance, instances
from kmmdoc.pages.shown import Shower
from kmmdoc.pages.site import AGGREGATES, Site
from kmmdoc.pages.values import Change, History, histories

CACHE_LINE = 64
"""Bytes of a cache line (and alignment of ____cacheline_aligned) on x86-64."""
ANCHOR = "m-"
"""Before a member's name: where on the page it is."""


@dataclass(frozen=True, slots=True)
class Member:
    """A row of the layout: a member, or `padding` bytes where the compiler left a hole."""

    name: str
    type: str
    offset: int
    size: int
    padding: bool = False

    @property
    def line(self) -> int:
        """The cache line in which it begins."""
        return self.offset // CACHE_LINE

    @property
    def end(self) -> int:
        """The offset behind it."""
        return self.offset + self.size


def members(struct: Struct) -> Iterator[Member]:
    """The members in the layout's order, and the holes between them."""
    at = 0
    for field in struct.fields:
        if field.offset > at:
            yield Member("", "", at, field.offset - at, padding=True)
        yield Member(field.name, field.type, field.offset, field.size)
        at = max(at, field.offset + field.size)
    if at < struct.size and struct.fields:
        yield Member("", "", at, struct.size - at, padding=True)


class Explained(NamedTuple):
    """A member with what is known of it: its note, its writers in order, and, where nobody was seen to write
    it, the stage from which on it has another value."""

    member: Member
    text: str
    unit: str
    writers: tuple[Writer, ...]
    since: str


class Shown(NamedTuple):
    """An instance's values: rows (member or "", changes left out, stage, value as MyST), and the members that
    are zero at every stage."""

    instance: Instance
    rows: tuple[tuple[str, int, str, str], ...]
    zero: tuple[str, ...]


@dataclass(frozen=True)
class StructPage:
    """All that the page of a structure shows."""

    name: str
    layout: Struct | None
    rows: tuple[Member, ...] = ()
    explained: tuple[Explained, ...] = ()
    shown: tuple[Shown, ...] = ()
    drawing: CacheLines | None = None

    @property
    def padding(self) -> int:
        """Bytes that the compiler left unused."""
        return sum(row.size for row in self.rows if row.padding)

    @property
    def told(self) -> bool:
        """Whether more is known of a member than its place."""
        return any(e.text or e.writers or e.since for e in self.explained)


def struct_page(site: Site, name: str) -> StructPage:
    """The page of a structure; KmmdocError where what is said of its members cannot be read."""
    layout = site.run.scenario.build.structs.get(name)
    if layout is None:
        return StructPage(name, None)
    notes = member_notes(site, name)
    found = instances(site.run, name)
    changes = [{history.name: history for history in histories(i.stages)} for i in found]
    rows = tuple(members(layout))
    explained = tuple(_explained(site, name, row, notes, found, changes) for row in rows if not row.padding)
    show = Shower(site.run.scenario.build, site.words)
    shown = tuple(
        _shown(name, i, known, layout, notes, show) for i, known in zip(found, changes, strict=True)
    )
    return StructPage(name, layout, rows, explained, shown, drawing(layout, site.words))


def member_notes(site: Site, name: str) -> Mapping[str, MemberNote]:
    """What the annotation's neighbour says of the members; nothing where there is none."""
    annotation = site.annotation(name, *AGGREGATES)
    if annotation is None:
        return {}
    path = site.annotations.root / annotation.file / f"{name}{SUFFIX}"
    return read_members(path) if path.exists() else {}


def _explained(
    site: Site,
    struct: str,
    row: Member,
    notes: Mapping[str, MemberNote],
    found: Sequence[Instance],
    changes: Sequence[Mapping[str, History]],
) -> Explained:
    note = notes.get(row.name)
    ran = len(site.run.events)
    writers = tuple(w for w in site.writes.get((struct, row.name), ()) if w.at < ran)
    since = "" if writers else _since(row.name, found, changes)
    text = note.texts.get(site.language, "") if note else ""
    return Explained(row, text, note.unit if note else "", writers, since)


def _since(member: str, found: Sequence[Instance], changes: Sequence[Mapping[str, History]]) -> str:
    """The first stage at which an instance that was there before has another value of a member, or ""."""
    for one, known in zip(found, changes, strict=True):
        begin = next(iter(one.stages))
        for change in known[member].changes if member in known else ():
            if change.stage != begin and change.value is not None:
                return change.stage
    return ""


def _shown(
    struct: str,
    instance: Instance,
    known: Mapping[str, History],
    layout: Struct,
    notes: Mapping[str, MemberNote],
    show: Shower,
) -> Shown:
    rows: list[tuple[str, int, str, str]] = []
    zero: list[str] = []
    for field in layout.fields:
        history = known.get(field.name)
        if history is None:
            continue
        note = notes.get(field.name)
        if len(history.changes) == 1 and _is_zero(history.changes[0]):
            zero.append(field.name)
            continue
        for i, change in enumerate(history.folded()):
            value = show(change.value, note.unit if note else "", f"{struct}.{field.name}")
            rows.append((field.name if i == 0 else "", change.left_out, change.stage, value))
    return Shown(instance, tuple(rows), tuple(zero))


def _is_zero(change: Change) -> bool:
    value = change.value
    if isinstance(value, (list, tuple)):
        return all(item in (0, "0x0") for item in value)
    return value in (0, "0x0") or value == {}


def chapter_of(site: Site, stage: str) -> Chapter | None:
    """The chapter at whose end, or in which, a stage lies."""
    at = site.run.snapshots[stage].at
    return site.chapter_at(at - 1) if at else None


# The drawing.


def kind_of(type_: str, name: str = "") -> str:
    """The colour of a member: by what its type holds. Members called `_pad...` are padding too.

    >>> [kind_of(t) for t in ("int", "struct page *", "struct list_head", "spinlock_t", "long [4]")]
    ['plain', 'function', 'struct', 'reserved', 'plain']
    """
    if name.startswith("_pad"):
        return "hole"
    if "*" in type_:
        return "function"
    if type_.startswith(("spinlock_t", "struct mutex", "seqcount_t", "rwlock_t")):
        return "reserved"
    return "struct" if type_.startswith(("struct ", "union ", "wait_queue_head_t")) else "plain"


def drawing(layout: Struct, words: Words) -> CacheLines | None:
    """The structure by cache line; nothing for one without bytes."""
    if not layout.size or not layout.fields:
        return None
    spans = []
    for row in members(layout):
        if row.padding:
            hint = words("struct.padding-bytes", n=row.size)
            spans.append(Span(row.offset, row.end, "", "hole", hint=hint))
        elif row.size:
            spans.append(_span(layout.name, Field(row.name, row.type, row.offset, row.size), words))
    kinds = tuple(
        (kind, words(f"struct.kind-{kind}")) for kind in ("plain", "function", "struct", "reserved", "hole")
    )
    return CacheLines(
        "layout",
        layout.size,
        tuple(spans),
        CACHE_LINE,
        kinds,
        words("struct.folded"),
        words("struct.padding-bytes"),
        words("struct.alt", name=layout.name, n=len(layout.fields), size=layout.size),
        words("struct.drawing"),
    )


def _span(struct: str, field: Field, words: Words) -> Span:
    hint = words(
        "struct.hint", name=field.name, type=field.type, offset=f"{field.offset:#x}", size=field.size
    )
    target = f"{struct_target(struct)}#{ANCHOR}{field.name}"
    return Span(
        field.offset, field.offset + field.size, field.name, kind_of(field.type, field.name), target, hint
    )
