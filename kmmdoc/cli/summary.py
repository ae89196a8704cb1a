"""The summary of a boot: values first, then text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kmmdoc.cli.output import table
from kmmdoc.ledger import Ledger, purposes
from kmmdoc.model.quantities import PAGE_SHIFT, size_text
from kmmdoc.model.run import Run
from kmmdoc.model.snapshot import Snapshot
from kmmdoc.model.trace import Call

TOP_OWNERS = 14


@dataclass(frozen=True, slots=True)
class StageRow:
    """A stage: calls made until then; bytes memblock has reserved, and bytes free for whoever allocates."""

    stage: str
    calls: int
    reserved: int | None
    free: int


@dataclass(frozen=True, slots=True)
class ZoneRow:
    """A zone at the last stage that shows zones; counts are pages."""

    node: int
    zone: str
    start_pfn: int
    spanned: int
    present: int
    managed: int
    free: int


@dataclass(frozen=True, slots=True)
class OwnerRow:
    """What memory went into; `purpose` is "free" for what nobody holds."""

    purpose: str
    title: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Summary:
    """All that the summary shows."""

    machine: str
    title: str
    kernel: str
    command_line: str
    ram_bytes: int
    cpus: int
    nodes: int
    calls: int
    panic: str | None
    stages: tuple[StageRow, ...]
    zones: tuple[ZoneRow, ...]
    owners_at: str | None
    owners: tuple[OwnerRow, ...]

    def lines(self) -> Iterator[str]:
        """The summary for people."""
        name = f"{self.machine}: {self.title}" if self.title else self.machine
        yield f"{name}, booted with Linux {self.kernel}"
        yield f"command line: {self.command_line}"
        if self.panic is not None:
            yield f"the boot ended in a panic: {self.panic}"
        if self.stages:
            yield f"\nStages at which memory changed hands, of {self.calls} calls in all"
            rows = [
                [s.stage, str(s.calls), "" if s.reserved is None else _mib(s.reserved), _mib(s.free)]
                for s in _changes(self.stages)
            ]
            yield from table(["STAGE", "CALLS", "RESERVED MiB", "FREE MiB"], rows, right=[1, 2, 3])
        if self.zones:
            yield "\nZones"
            header = ["NODE", "ZONE", "FROM", "PRESENT", "MANAGED", "FREE", "FREE MiB"]
            zones = [_zone_cells(zone) for zone in self.zones]
            yield from table(header, zones, right=[0, 2, 3, 4, 5, 6])
        if self.owners:
            yield f"\nWhere the memory went (at {self.owners_at})"
            total = sum(o.bytes for o in self.owners)
            shown = [
                [o.title, size_text(o.bytes), f"{100 * o.bytes / total:.2f} %"]
                for o in self.owners[:TOP_OWNERS]
            ]
            if rest := self.owners[TOP_OWNERS:]:
                rest_bytes = sum(o.bytes for o in rest)
                shown.append(
                    [f"{len(rest)} more", size_text(rest_bytes), f"{100 * rest_bytes / total:.2f} %"]
                )
            yield from table(["FOR", "BYTES", "SHARE"], shown, right=[1, 2])


def summary(run: Run) -> Summary:
    """The summary of a finished boot; its stages and zones come from the snapshots."""
    scenario = run.scenario
    machine = scenario.machine
    at, owners = _owners(run)
    return Summary(
        machine=machine.name,
        title=machine.title,
        kernel=f"{scenario.build.version} ({scenario.build.name})",
        command_line=scenario.command_line,
        ram_bytes=machine.ram_bytes,
        cpus=machine.present_cpus,
        nodes=machine.nodes,
        calls=sum(type(event) is Call for event in run.recorded),
        panic=run.panic,
        stages=tuple(_stages(run)),
        zones=tuple(_zones(run)),
        owners_at=at,
        owners=owners,
    )


def _stages(run: Run) -> Iterator[StageRow]:
    calls, seen = 0, 0
    handed_over = False
    for snapshot in run.snapshots.values():
        calls += sum(type(event) is Call for event in run.recorded[seen : snapshot.at])
        seen = snapshot.at
        reserved, free = _memblock(snapshot)
        in_lists = sum(zone.free for zone in _zones_of(snapshot)) << PAGE_SHIFT
        handed_over = handed_over or in_lists > 0
        if handed_over and "nodes" in snapshot:
            yield StageRow(snapshot.stage, calls, None, in_lists)
        elif not handed_over and reserved is not None:
            yield StageRow(snapshot.stage, calls, reserved, free)


def _memblock(snapshot: Snapshot) -> tuple[int | None, int]:
    """Bytes that memblock has reserved, and bytes of its memory that are not."""
    section = snapshot.get("memblock")
    if not section:
        return None, 0
    memory, reserved = (
        [(int(base, 16), int(base, 16) + int(size, 16)) for base, size, *_ in section[kind]["regions"]]
        for kind in ("memory", "reserved")
    )
    both = sum(max(0, min(b, d) - max(a, c)) for a, b in memory for c, d in reserved)
    return sum(b - a for a, b in reserved), sum(b - a for a, b in memory) - both


def _changes(stages: tuple[StageRow, ...]) -> Iterator[StageRow]:
    before: tuple[int | None, int] | None = None
    for row in stages:
        if (row.reserved, row.free) != before:
            yield row
        before = row.reserved, row.free


def _zones(run: Run) -> list[ZoneRow]:
    for snapshot in reversed(run.snapshots.values()):
        if zones := [zone for zone in _zones_of(snapshot) if zone.present]:
            return zones
    return []


def _zones_of(snapshot: Snapshot) -> Iterator[ZoneRow]:
    for node in snapshot.get("nodes") or ():
        for zone in node["zones"]:
            yield ZoneRow(
                node["node_id"],
                zone["name"],
                zone["zone_start_pfn"],
                zone["spanned_pages"],
                zone["present_pages"],
                zone["managed_pages"],
                sum(count << order for order, count in enumerate(zone["nr_free"])),
            )


def _owners(run: Run) -> tuple[str | None, tuple[OwnerRow, ...]]:
    """The ledger at the last stage, most first."""
    if not run.snapshots:
        return None, ()
    stage = list(run.snapshots)[-1]
    rows = Ledger(run).summary(stage)
    return stage, tuple(OwnerRow(slug or "free", _title(slug), count) for slug, count in rows.items())


def _title(slug: str | None) -> str:
    if slug is None:
        return "free"
    entry = purposes().get(slug)
    return str(entry["en"]) if entry and "en" in entry else slug


def _zone_cells(zone: ZoneRow) -> list[str]:
    start, free = f"{zone.start_pfn << PAGE_SHIFT:#x}", _mib(zone.free << PAGE_SHIFT)
    return [str(zone.node), zone.zone, start, *map(str, (zone.present, zone.managed, zone.free)), free]


def _mib(count: int) -> str:
    return f"{count / (1 << 20):.1f}"
