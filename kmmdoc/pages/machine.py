"""The page about the machine: what firmware and boot loader gave, and where the memory went."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from kmmdoc.model.graph import Bands, Cell, Segment, Table, Track, function
from kmmdoc.model.quantities import size_text
from kmmdoc.model.run import Run
from kmmdoc.model.shot import Owned
from kmmdoc.pages.site import Site

_SHOWN = 24
_GRAIN = 16 << 20
"""Firmware keeps a little of the memory that is built in: usable memory is rounded up to this."""


def name(site: Site) -> str:
    """What pages call the machine: its title, which is in English, else in other languages what it has."""
    machine, w = site.run.scenario.machine, site.words
    if site.language == "en":
        return machine.title or machine.name
    memory, cpus = size_text(-(-machine.ram_bytes // _GRAIN) * _GRAIN), machine.present_cpus
    one, more = w("machine.short-one", memory=memory), w("machine.short", memory=memory, cpus=cpus)
    short = one if cpus == 1 else more
    return short if machine.nodes == 1 else w("machine.short-nodes", short=short, nodes=machine.nodes)


def facts(run: Run) -> list[tuple[str, str]]:
    """(key of a word, value) of what there is to say about the machine."""
    machine, build = run.scenario.machine, run.scenario.build
    usable = sum(e.size for e in machine.e820_map if e.type == 1)
    nodes = {m.pxm for m in machine.srat_memory} | {c.pxm for c in machine.srat_cpus}
    enabled = sum(1 for lapic in machine.lapics if lapic.enabled)
    found = [
        ("machine.memory", f"{size_text(usable)} ({usable:,} B)"),
        ("machine.cpus", f"{enabled} / {len(machine.lapics)}" if machine.lapics else ""),
        ("machine.nodes", str(len(nodes)) if nodes else ""),
        ("machine.firmware", "UEFI" if machine.efi else "BIOS"),
        ("machine.kernel", f"Linux {build.version} ({build.name})"),
        ("machine.command-line", run.scenario.command_line),
    ]
    if machine.initrd:
        found.append(("machine.initrd", f"{machine.initrd[0]:#x}, {size_text(machine.initrd[1])}"))
    return [(key, value) for key, value in found if value]


def mapped_stage(run: Run) -> str:
    """The last stage that has the memory map, or nothing."""
    stages = [s for s, snapshot in run.snapshots.items() if "e820" in snapshot and snapshot["e820"]["e820"]]
    return stages[-1] if stages else ""


def ownership(site: Site) -> list[Bands | Table]:
    """Who holds which memory at the last stage at which memblock was known; nothing without a trace."""
    stages = [s for s, snapshot in site.run.snapshots.items() if "memblock" in snapshot]
    if not stages or not site.run.events:
        return []
    held = site.owners(stages[-1])
    if not held:
        return []
    w = site.words
    segments = tuple(
        Segment(o.start, o.end, "kernel", o.title, target=function(o.function) if o.function else "")
        for o in held
    )
    track = Track(w("owner"), segments)
    bands = Bands("owners", (track,), (("kernel", w("owner")),), alt=w("machine.owners-alt", n=len(held)))
    return [bands, _table(site, held_sizes(held))]


def held_sizes(held: Iterable[Owned]) -> dict[str, tuple[int, str]]:
    """Purpose -> (bytes, the function that asked first), most first."""
    total: dict[str, tuple[int, str]] = {}
    for owned in held:
        size, who = total.get(owned.title, (0, owned.function))
        total[owned.title] = (size + owned.end - owned.start, who)
    return dict(sorted(total.items(), key=lambda item: (-item[1][0], item[0])))


def _table(site: Site, total: dict[str, tuple[int, str]]) -> Table:
    w = site.words

    def rows() -> Iterator[tuple[Cell, ...]]:
        for title, (size, who) in list(total.items())[:_SHOWN]:
            yield Cell(title), Cell(f"{size:,}"), Cell(size_text(size)), Cell(who, function(who))

    header = (w("owner"), w("machine.bytes"), w("size"), w("machine.asked"))
    return Table("owners-table", header, tuple(rows()), w("machine.owners"), frozenset({1, 2}))
