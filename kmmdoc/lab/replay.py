"""A recorded sequence made again on a simulated kernel, call by call."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from kmmdoc.lab.calls import Caller, UnknownCall, callers_memory
from kmmdoc.lab.load import load_state
from kmmdoc.lab.place import boot_to
from kmmdoc.lab.record import Difference, Record, differences, merge
from kmmdoc.lab.state import read_state
from kmmdoc.linux.state import Kernel, KernelPanic
from kmmdoc.machines import bundled
from kmmdoc.machines.builds import load_build
from kmmdoc.model.errors import KmmdocError
from kmmdoc.model.scenario import AcpiTable, E820Entry, Lapic, Machine, Scenario, SratCpu, SratMemory

Json = dict[str, Any]

PLACE = "setup_per_cpu_pageset"
"""The function after whose return the recorded kernels were stopped."""


RSDP = AcpiTable("RSDP", 0xF0000, 36)
"""Where a PC's firmware may put the root of its tables, which say what memory belongs to which node."""


@dataclass(frozen=True, slots=True)
class Step:
    """One call: what was recorded and what the simulation did. `ret` as texts, as the records have them."""

    i: int
    call: str
    args: tuple[str, ...]
    recorded_ret: str | None
    recorded_pfn: int | None
    ret: str | None
    pfn: int | None
    state: Json
    differences: tuple[Difference, ...]

    def result(self) -> Json:
        """What `--results` writes of a step."""
        return {"i": self.i, "ret": self.ret, "pfn": self.pfn, "state": self.state}


@dataclass(slots=True)
class Replay:
    """A sequence ready to run: the kernel stands where the recorded one stood.

    `start` are the differences that the simulated boot left to the recorded state before the first call;
    they were removed by loading that state, where it could be loaded, and `left` are those that remain.
    """

    record: Record
    machine: str
    kernel: Kernel
    start: list[Difference]
    left: list[Difference]

    def steps(self) -> Iterator[Step]:
        """Make every call. A call that cannot be made is a difference; one that ends in a panic ends all."""
        record, k = self.record, self.kernel
        caller = Caller(k)
        caller.memory = callers_memory(caller, record.steps)
        recorded = record.initial
        for i, step in enumerate(record.steps):
            recorded = merge(recorded, step["changed"])
            caller.recorded = recorded
            ended: str | None = None
            not_made: str | None = None
            ret: int | None = None
            try:
                ret = caller.make(step)
            except KernelPanic as panic:
                ended = f"the simulated kernel ended: {panic}"
            except UnknownCall as unknown:
                not_made = str(unknown)
            except LookupError as error:  # an address that means nothing on the simulated machine
                not_made = f"there is nothing at what it is given: {error}"
            state = read_state(k, record.sections, caller.slabs)
            found = list(_results(step, ret, caller))
            if not_made is not None:
                found.insert(0, Difference("call", "made", f"not made: {not_made}"))
            found += differences(recorded, state)
            if ended is not None:
                found.insert(0, Difference("call", "returned", ended))
            yield _step(i, step, ret, caller, state, tuple(found))
            if ended is not None:
                return


def _step(
    i: int, step: Json, ret: int | None, caller: Caller, state: Json, found: tuple[Difference, ...]
) -> Step:
    returned = "ret" in step and ret is not None
    return Step(
        step.get("i", i),
        step["call"],
        tuple(step["args"]),
        step.get("ret"),
        step.get("pfn"),
        hex(ret) if returned and ret is not None else None,
        caller.pfn_of(step["call"], ret) if returned else None,
        state,
        found,
    )


def _results(step: Json, ret: int | None, caller: Caller) -> Iterator[Difference]:
    """What differs in what the call returned."""
    if "ret" not in step:
        return
    if ret is None or int(step["ret"], 16) != ret:
        yield Difference("ret", step["ret"], None if ret is None else hex(ret))
        return
    pfn = caller.pfn_of(step["call"], ret)
    if "pfn" in step and step["pfn"] != pfn:
        yield Difference("pfn", step["pfn"], pfn)
    elif pfn is not None and pfn >= 0 and "page" in step:
        recorded = {name: value for name, value in step["page"].items() if name not in ("private", "index")}
        yield from differences(recorded, caller.page(pfn), "page")
    if "slab_pfn" in step and step["slab_pfn"] != caller.slab_of(ret):
        yield Difference("slab_pfn", step["slab_pfn"], caller.slab_of(ret))


def prepare(record: Record, machine: Machine | None = None) -> Replay:
    """Boot the machine of `record` to where it was stopped, and make sure it holds the recorded state.

    Without `machine` it is the bundled machine of the recorded name, else one with the same firmware map:
    the first whose boot leaves the recorded state, else the first. Where there is none, a machine is made
    from the record's inputs. Where the state differs, the recorded one is loaded.
    """
    best: tuple[Machine, Kernel, list[Difference]] | None = None
    for candidate in [machine] if machine is not None else _candidates(record):
        k = _booted(record, candidate)
        found = list(_start(record, k))
        if best is None or len(found) < len(best[2]):
            best = candidate, k, found
        if not found:
            break
    if best is None:
        raise KmmdocError(record.path, "machine", "no machine that boots")
    chosen, k, found = best
    left = found
    if found:
        load_state(k, record.initial)
        left = list(_start(record, k))
    return Replay(record, chosen.name, k, found, left)


def _start(record: Record, k: Kernel) -> Iterator[Difference]:
    yield from differences(record.initial, read_state(k, record.sections))


def _booted(record: Record, machine: Machine) -> Kernel:
    scenario = Scenario(machine, load_build(), record.command_line)
    try:
        return boot_to(scenario, PLACE)
    except (KernelPanic, LookupError) as error:
        reason = f"machine {machine.name} does not boot to the end of {PLACE}(): {error}"
        raise KmmdocError(record.path, "machine", reason) from None


def _candidates(record: Record) -> Iterator[Machine]:
    names = bundled.names()
    if record.machine in names:
        yield bundled.load(record.machine)
    saved = _firmware_map(record)
    cpus = _possible_cpus(record)
    others = [bundled.load(name) for name in names if name != record.machine]
    like = [m for m in others if saved and list(m.e820_map) == saved]
    yield from sorted(like, key=lambda m: (m.present_cpus != cpus, m.command_line != record.command_line))
    if record.machine not in names and not like and saved:
        yield _machine(record, saved, cpus)


def _firmware_map(record: Record) -> list[E820Entry]:
    entries = record.inputs.get("e820", {}).get("e820_saved", ())
    return [E820Entry(*(int(x, 0) if isinstance(x, str) else x for x in entry)) for entry in entries]


def _possible_cpus(record: Record) -> int:
    ranges = record.inputs.get("cpus", {}).get("cpu_possible_bits", [[0, 0]])
    return sum(last - first + 1 for first, last in ranges)


def _machine(record: Record, e820_map: list[E820Entry], cpus: int) -> Machine:
    """A machine of which only the firmware map, the number of CPUs and the nodes of memory are known."""
    lapics = tuple(Lapic(cpu, cpu, True) for cpu in range(cpus))
    spans: list[SratMemory] = []
    for base, size, nid, *_ in record.inputs.get("memblock", {}).get("memory", {}).get("regions", ()):
        start, end = int(base, 0), int(base, 0) + int(size, 0)
        if spans and spans[-1].pxm == nid:
            start = spans.pop().base
        spans.append(SratMemory(nid, start & -(1 << 20), end, False))
    several = len({span.pxm for span in spans}) > 1
    nodes = record.inputs.get("cpus", {}).get("apicid_to_node_0_63", [0])
    return Machine(
        record.machine,
        tuple(e820_map),
        record.command_line,
        lapics=lapics,
        acpi_tables=(RSDP,) if several else (),
        srat_memory=tuple(spans) if several else (),
        srat_cpus=tuple(SratCpu(max(nid, 0), apic) for apic, nid in enumerate(nodes[:cpus]))
        if several
        else (),
    )
