"""Kernels to work on: a machine booted up to some place, once, and copied for everybody who asks."""

from __future__ import annotations

import copy
import gc
from collections import OrderedDict

from kmmdoc.linux.arch.x86.kernel.head64 import x86_64_start_kernel
from kmmdoc.linux.kfunc import symbols
from kmmdoc.linux.link import link
from kmmdoc.linux.state import Kernel
from kmmdoc.model.scenario import Scenario
from kmmdoc.model.trace import Call, Event, Return

KEPT = 4
"""Booted kernels that are kept for copying."""

_booted: OrderedDict[tuple[str, str, str | None], tuple[Scenario, Kernel]] = OrderedDict()


class _Reached(Exception):
    """The simulated kernel has come to the place that was asked for."""


def boot_to(scenario: Scenario, after: str | None = None) -> Kernel:
    """A kernel that booted `scenario` until function `after` returned first, or to the end of the boot.

    Every caller gets a kernel of its own. Its trace holds the calls that have not returned: whoever calls
    a function of it is called from there. KernelPanic where the boot ends in one, LookupError where it
    never comes to the place.
    """
    link()
    key = (scenario.machine.name, scenario.command_line, after)
    kept = _booted.get(key)
    if kept is None or kept[0] != scenario:
        _booted[key] = kept = (scenario, _boot(scenario, after))
        while len(_booted) > KEPT:
            _booted.popitem(last=False)
    return copy_kernel(kept[1])


def copy_kernel(k: Kernel) -> Kernel:
    """A kernel of the same state that shares nothing changeable with `k`."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        # What firmware and the compiler gave never changes: it is shared.
        shared: dict[int, object] = {id(part): part for part in (k.scenario, k.machine, k.build)}
        return copy.deepcopy(k, shared)
    finally:
        if was_enabled:
            gc.enable()


def _boot(scenario: Scenario, after: str | None) -> Kernel:
    k = Kernel(scenario)
    if after is not None:
        if after not in symbols:
            raise LookupError(after)
        k.stops_after[after] = after

    def stop(stage: str) -> None:
        raise _Reached

    k.stop = stop
    try:
        x86_64_start_kernel(k)
    except _Reached:
        after = None
    if after is not None:
        raise LookupError(after)
    k.stop = _ignore
    k.events = open_calls(k)
    return k


def _ignore(stage: str) -> None:
    """No debugger."""


def open_calls(k: Kernel) -> list[Event]:
    """The calls of the trace of `k` that have not returned, outermost first."""
    stack: list[Call] = []
    for event in k.events:
        if isinstance(event, Call):
            stack.append(event)
        elif isinstance(event, Return):
            stack.pop()
    # What they were called with may be structures; nobody needs them.
    return [Call(call.ref, ()) for call in stack]
