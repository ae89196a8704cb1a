"""What a boot costs: `python tests/benchmarks/scale.py` prints simulation time and peak memory by machine.

Each machine is booted in a process of its own: once to see how much memory the process needs, then five
times. The time is the least CPU time of the five, with full tracing and all snapshots.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time

MIB, GIB, TIB = 1 << 20, 1 << 30, 1 << 40
HOLE, HOLE_END = 0xE000_0000, 1 << 32
"""The PCI hole: memory that would lie there is moved above 4 GiB."""
GRAIN = 128 * MIB

MACHINES = {
    "128 MiB": (128 * MIB, 1, 4),
    "2 GiB": (2 * GIB, 1, 4),
    "64 GiB": (64 * GIB, 1, 4),
    "1 TiB": (TIB, 1, 4),
    "64 TiB": (64 * TIB - GIB, 1, 4),
    "64 GiB, 4 nodes": (64 * GIB, 4, 16),
    "64 GiB, 16 nodes": (64 * GIB, 16, 16),
    "64 GiB, 64 nodes": (64 * GIB, 64, 64),
    "64 TiB, 64 nodes": (64 * TIB - GIB, 64, 64),
}
"""By name: bytes of memory, nodes, CPUs."""


def measure(name: str) -> tuple[float, int, int]:
    """(CPU seconds, peak MiB, events) of booting one machine in this process."""
    from kmmdoc.machines.builds import load_build
    from kmmdoc.model.scenario import (
        AcpiTable,
        E820Entry,
        Lapic,
        Machine,
        Scenario,
        SratCpu,
        SratMemory,
    )
    from kmmdoc.simulate import simulate

    size, nodes, cpus = MACHINES[name]
    low = min(size, HOLE)
    e820 = [E820Entry(0, 0x9FC00, 1), E820Entry(0x9FC00, 0x400, 2), E820Entry(0xF0000, 0x10000, 2)]
    e820.append(E820Entry(MIB, low - MIB, 1))
    if size > low:
        e820.append(E820Entry(HOLE_END, size - low, 1))
    end = e820[-1].addr + e820[-1].size
    share = end // nodes // GRAIN * GRAIN
    bounds = [nid * share for nid in range(nodes)] + [end]
    machine = Machine(
        name,
        tuple(e820),
        lapics=tuple(Lapic(cpu, cpu, True) for cpu in range(cpus)),
        acpi_tables=(AcpiTable("RSDP", 0xF59D0, 0x14),),
        srat_memory=tuple(SratMemory(n, bounds[n], bounds[n + 1]) for n in range(nodes)) if nodes > 1 else (),
        srat_cpus=tuple(SratCpu(cpu % nodes, cpu) for cpu in range(cpus)) if nodes > 1 else (),
        max_phys_bits=46,
    )
    scenario = Scenario(machine, load_build(), "")
    events = len(simulate(scenario).recorded)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    times = []
    for _ in range(5):
        start = time.process_time()
        simulate(scenario)
        times.append(time.process_time() - start)
    return min(times), peak, events


def main() -> None:
    """Print the table."""
    print(f"{'machine':20} {'CPU ms':>8} {'peak MiB':>9} {'events':>8}")
    for name in MACHINES:
        command = [sys.executable, __file__, name]
        seconds, peak, events = subprocess.run(
            command, capture_output=True, text=True, check=True
        ).stdout.split()
        print(f"{name:20} {float(seconds) * 1000:8.1f} {peak:>9} {events:>8}")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(*measure(sys.argv[1]))
    else:
        main()
