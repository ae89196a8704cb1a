"""Scenario to Run: boot the simulated kernel and keep what happened."""

from __future__ import annotations

import gc

from kmmdoc.linux import debugger
from kmmdoc.linux.arch.x86.kernel.head64 import x86_64_start_kernel
from kmmdoc.linux.link import link
from kmmdoc.linux.state import Kernel, KernelPanic
from kmmdoc.model.run import Run
from kmmdoc.model.scenario import Scenario


def simulate(scenario: Scenario, *, snapshots: bool = True) -> Run:
    """Boot `scenario` and return its Run; a panic ends the run and is recorded in it.

    `snapshots=False` takes none (a little faster). The garbage collector rests meanwhile: a boot
    makes many records and no cycles worth collecting.
    """
    link()
    k = Kernel(scenario)
    if snapshots:
        debugger.attach(k)
    message = boot(k)
    return Run(scenario, k.events, k.snapshots, message)


def boot(k: Kernel) -> str | None:
    """Boot a kernel; returns the message of the panic that ended it, or None."""
    link()
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        x86_64_start_kernel(k)
    except KernelPanic as panic:
        return str(panic)
    finally:
        if was_enabled:
            gc.enable()
    return None
