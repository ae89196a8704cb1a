"""Boots once more with the simulator's structures watched: which function writes which member first.

A run does not pay for this: the classes are wrapped while `watch` boots and are themselves again after it.
`held.HELD` names what the simulator holds as the kernel does; of other members nothing is said.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Final, NamedTuple

from kmmdoc.linux.include.linux import mmzone
from kmmdoc.linux.include.linux.mm_types import ZEROED, MemMap, Page
from kmmdoc.linux.state import Kernel
from kmmdoc.model.intervals import IntervalMap
from kmmdoc.model.scenario import Scenario
from kmmdoc.model.trace import Call, Event, KernelRef, Repeat, RepeatEnd, Return
from kmmdoc.model.writes import Key, Writer, Writes
from kmmdoc.simulate import boot
from kmmdoc.watch.held import HELD, LENGTH, NOT_WRITTEN, Names

_MISSING: Final = object()

_NO_GLOBALS: Final = ("events", "warned", "snapshots", "stops_before", "stops_after", "boot_pageset")
"""Attributes that are the recorder's; and one that others compare with, so that it must stay itself."""


class _Frame(NamedTuple):
    """A call that is running: its event, and the call that it came from."""

    call: Call
    parent: _Frame | None


class _Events(list[Event]):
    """A trace that knows which call is running while it is recorded; `on_border` is told before it changes.

    (The simulator takes rounds back out of a trace, so indexes that were noted on the way do not find calls.)
    """

    def __init__(self, on_border: Callable[[], None]) -> None:
        super().__init__()
        self.frame: _Frame | None = None
        self.on_border = on_border

    def append(self, event: Event) -> None:
        if isinstance(event, Call):
            self.on_border()
            self.frame = _Frame(event, self.frame)
        elif isinstance(event, Return) and self.frame is not None:
            self.on_border()
            self.frame = self.frame.parent
        super().append(event)


class _Log:
    """What was written: (keys, the call that wrote, number of events before), in order.

    `shared` are lists, dicts and sets that others know too, so that no copy can stand for them, `last` how
    each of them was when it was last looked at, `about` the keys of its content and those of its length.
    """

    def __init__(self) -> None:
        self.events = _Events(self.compare)
        self.shared: list[Any] = []
        self.last: list[Any] = []
        self.about: list[tuple[tuple[Key, ...], tuple[Key, ...]]] = []
        self.written: list[tuple[tuple[Key, ...], _Frame, int]] = []

    def __call__(self, keys: tuple[Key, ...]) -> None:
        if keys and self.events.frame is not None:
            self.written.append((keys, self.events.frame, len(self.events)))

    def watched(self, value: Any, keys: tuple[Key, ...], lengths: tuple[Key, ...], *, alone: bool) -> Any:
        """What to store for `value`: where nobody else knows it, a copy that tells of its changes."""
        kind: Any = type(value)
        if kind not in _KINDS:
            return value
        if not alone:
            self.shared.append(value)
            self.last.append(_state(value))
            self.about.append((keys, lengths))
            return value
        inner = value
        if kind is list:
            inner = [self.watched(item, keys, (), alone=True) for item in value]
        copy = _KINDS[kind](inner)
        copy.tell = (keys, lengths, self)
        return copy

    def compare(self) -> None:
        """Log what became different in values that are shared."""
        if self.shared == self.last:  # as nearly always: one comparison of all of them
            return
        for i, (now, last) in enumerate(zip(self.shared, self.last, strict=True)):
            if now != last:
                keys, lengths = self.about[i]
                self(keys)
                if len(now) != len(last):
                    self(lengths)
                self.last[i] = _state(now)


def watch(scenario: Scenario) -> Writes:
    """Boot `scenario` and say who wrote what. A write that leaves the value as it was is none; a new
    structure's zeros are no writes, nor is what the image or the boot loader put there."""
    log = _Log()
    with ExitStack() as stack:
        for cls, names in HELD.items():
            stack.enter_context(_setting(cls, names, log))
        k = Kernel(scenario)
        k.events = log.events
        stack.enter_context(_globals(k, log))
        stack.enter_context(_page_structs(log))
        stack.enter_context(_sections(k, log))
        stack.enter_context(_free_lists(log))
        boot(k)
    return _by_key(log)


# What is wrapped.


@contextmanager
def _replaced(cls: type, name: str, new: object) -> Iterator[None]:
    own = cls.__dict__.get(name, _MISSING)
    setattr(cls, name, new)
    try:
        yield
    finally:
        if own is _MISSING:
            delattr(cls, name)
        else:
            setattr(cls, name, own)


@contextmanager
def _setting(cls: type, names: Names, log: _Log) -> Iterator[None]:
    """Attributes of a class's objects: assignments, and changes inside of lists, dicts and sets."""

    def set_attribute(self: object, name: str, value: object) -> None:
        keys, lengths = names.get(name, ()), names.get(name + LENGTH, ())
        if keys or lengths:
            old = getattr(self, name, _MISSING)
            if _differs(old, value):
                log(keys)
            if _size(old) != _size(value):
                log(lengths)
            alone = sys.getrefcount(value) <= _FRESH
            value = log.watched(value, keys, lengths, alone=alone)
        object.__setattr__(self, name, value)

    with _replaced(cls, "__setattr__", set_attribute):
        yield


@contextmanager
def _globals(k: Kernel, log: _Log) -> Iterator[None]:
    """The kernel's global variables; what their values held before is the image's."""
    inside: Names = {
        "numa_meminfo": (("numa_meminfo", "blk"),),
        "numa_meminfo" + LENGTH: (("numa_meminfo", "nr_blks"),),
    }

    def set_global(self: object, name: str, value: object) -> None:
        keys, lengths = (("", name), *inside.get(name, ())), inside.get(name + LENGTH, ())
        old = getattr(self, name, _MISSING)
        if _differs(old, value):
            log(keys)
        if _size(old) != _size(value):
            log(lengths)
        alone = sys.getrefcount(value) <= _FRESH
        value = log.watched(value, keys, lengths, alone=alone)
        object.__setattr__(self, name, value)

    for name, value in list(vars(k).items()):
        if name not in _NO_GLOBALS:
            keys, lengths = (("", name), *inside.get(name, ())), inside.get(name + LENGTH, ())
            vars(k)[name] = log.watched(value, keys, lengths, alone=True)
    with _replaced(Kernel, "__setattr__", set_global):
        yield


@contextmanager
def _page_structs(log: _Log) -> Iterator[None]:
    """The map of all struct pages: which fields become others where a stretch is set."""
    plain = MemMap.set
    members: dict[str, tuple[Key, ...]] = {
        "flags": (("page", "flags"),),
        "refcount": (("page", "_count"),),
        "mapcount": (("page", "_mapcount"),),
    }

    def set_pages(self: MemMap, pfn: int, n: int, page: Page | None) -> None:
        if n > 0 and page is not None:
            olds = [old for _, _, old in self.runs(pfn, pfn + n)] or [ZEROED]
            for name, keys in members.items():
                if any(getattr(old, name) != getattr(page, name) for old in olds):
                    log(keys)
        plain(self, pfn, n, page)

    with _replaced(MemMap, "set", set_pages):
        yield


@contextmanager
def _sections(k: Kernel, log: _Log) -> Iterator[None]:
    """The words of the sections; their other member is not written where the kernel writes it."""
    plain = IntervalMap.set

    def set_sections(self: IntervalMap[Any], start: int, end: int, value: Any) -> None:
        if self is k.section_mem_map:
            log((("mem_section", "section_mem_map"),))
        plain(self, start, end, value)

    with _replaced(IntervalMap, "set", set_sections):
        yield


@contextmanager
def _free_lists(log: _Log) -> Iterator[None]:
    """The lists of free blocks."""
    keys = (("free_area", "free_list"),)

    def logging(plain: Callable[..., Any]) -> Callable[..., Any]:
        def change(self: object, *args: object) -> Any:
            log(keys)
            return plain(self, *args)

        return change

    with ExitStack() as stack:
        for cls in (mmzone.FreeList, mmzone.FreeRuns):
            for name in ("add_head", "add_tail", "add_head_run", "remove", "pop_head", "pop_head_run"):
                if name in vars(cls):
                    stack.enter_context(_replaced(cls, name, logging(vars(cls)[name])))
        yield


# Values.


class _Probe:
    """How many references a value has in `__setattr__` when nobody but the assignment knows it.

    0 where that cannot be told from a value that somebody else knows too: then none counts as fresh.
    """

    __slots__ = ("count", "value")
    count: int
    value: list[object]

    def __setattr__(self, name: str, value: object) -> None:
        object.__setattr__(self, "count", sys.getrefcount(value))

    @classmethod
    def fresh(cls) -> int:
        probe = cls()
        probe.value = []
        alone = probe.count
        known: list[object] = []
        probe.value = known
        return alone if probe.count > alone else 0


_FRESH: Final = _Probe.fresh()
"""A list with no more references is the assignment's own: it can be replaced by a watched copy."""


def _blank(value: object) -> bool:
    """Whether memory that was cleared reads like this."""
    if isinstance(value, (list, tuple)):
        return all(map(_blank, value))
    return value in (0, None, "") or (isinstance(value, (dict, set)) and not value)


def _differs(old: object, new: object) -> bool:
    return not _blank(new) if old is _MISSING else old is not new and old != new


def _size(value: object) -> int:
    return len(value) if isinstance(value, (list, dict)) else 0


def _state(value: Any) -> Any:
    """A copy of a list, dict or set that does not change with it, down to lists in lists."""
    if isinstance(value, list):
        return [_state(item) if type(item) in _KINDS else item for item in value]
    return value.copy()


_CHANGING = {
    list: "__setitem__ __delitem__ __iadd__ append extend insert pop remove clear sort reverse",
    dict: "__setitem__ __delitem__ __ior__ update pop popitem setdefault clear",
    set: "__ior__ __iand__ __isub__ add update discard remove pop clear",
}
"""Methods that change a value of each type."""


def _kind(kind: type, changing: str) -> type:
    def changed(plain: Callable[..., Any]) -> Callable[..., Any]:
        def change(self: Any, *args: Any, **named: Any) -> Any:
            before = kind(self)
            result = plain(self, *args, **named)
            if before != kind(self):
                keys, lengths, log = self.tell
                log(keys)
                if len(before) != len(self):
                    log(lengths)
            return result

        return change

    methods = {name: changed(getattr(kind, name)) for name in changing.split()}
    return type(f"Watched{kind.__name__.title()}", (kind,), methods)


_KINDS = {kind: _kind(kind, changing) for kind, changing in _CHANGING.items()}


# From what was written when to who wrote.


def _by_key(log: _Log) -> Writes:
    """The writers of each key. A call that stands for many, being repeated, counts as many."""
    index = {id(event): at for at, event in enumerate(log.events) if isinstance(event, Call)}
    times = _times(log.events)
    first: dict[Key, dict[KernelRef, int]] = {}
    calls: dict[tuple[Key, KernelRef], int] = {}
    counted: set[tuple[Key, int]] = set()
    for keys, running, at in log.written:
        call = index.get(id(running.call))
        ref = running.call.ref
        if call is None:  # a round like one that stands in the trace
            continue
        excepted = NOT_WRITTEN.get(ref.name, ())
        for key in keys:
            if key[0] in excepted or ".".join(key) in excepted:
                continue
            first.setdefault(key, {}).setdefault(ref, min(at, len(log.events)))
            if (key, call) not in counted:
                counted.add((key, call))
                calls[key, ref] = calls.get((key, ref), 0) + times[call]
    return {
        key: tuple(Writer(ref, at, calls[key, ref]) for ref, at in writers.items())
        for key, writers in first.items()
    }


def _times(events: Iterable[Event]) -> dict[int, int]:
    """Index of each call -> for how many calls it stands."""
    times, found = [1], {}
    for at, event in enumerate(events):
        if isinstance(event, Call):
            found[at] = times[-1]
        elif isinstance(event, Repeat):
            times.append(times[-1] * event.n)
        elif isinstance(event, RepeatEnd):
            times.pop()
    return found
