"""Make the bundled machine files from the inputs of recorded boots.

Usage: make_machines.py FOLDER... ; each FOLDER holds inputs.json and dmesg.txt. A machine has the name of
its folder, except that names given as FOLDER=NAME are used instead.
"""

import sys
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from kmmdoc.machines.recorded import load_recorded
from kmmdoc.machines.toml import to_toml
from kmmdoc.model.quantities import size_text
from kmmdoc.model.scenario import E820_RAM

DATA = Path(__file__).parent.parent / "kmmdoc" / "machines" / "data"
PLAIN = {"ignore_loglevel", "loglevel=8", "console=ttyS0", "earlyprintk=serial", "panic=-1"} | {
    "root=/dev/sda", "rootfstype=ext4", "ro", "init=/init",
}  # fmt: skip
ORIGIN = "the inputs of a recorded boot of Linux 3.18 on an emulated machine (i440fx, {firmware}, qemu64 CPU)"


def title(machine, command_line):
    """What sets this machine apart, in a few words."""
    ram = sum(e.size for e in machine.e820_map if e.type == E820_RAM)
    granule = 1 << 30 if ram > 900 << 20 else 1 << 26
    words = [size_text(round(ram / granule) * granule)]
    present = sum(cpu.enabled for cpu in machine.lapics) or len(machine.mp_processors)
    words.append(f"{present} CPU{'s' if present != 1 else ''}")
    if len(machine.lapics) > present:
        words[-1] += f" of {len(machine.lapics)} possible"
    nodes = {c.pxm for c in machine.srat_cpus} | {m.pxm for m in machine.srat_memory}
    if nodes:
        words.append(f"{len(nodes)} nodes")
    if nodes - {m.pxm for m in machine.srat_memory}:
        words[-1] += ", one without memory"
    if machine.efi:
        words.append("UEFI")
    if machine.initrd:
        words.append(f"initrd of {size_text(machine.initrd[1])}")
    elif "root=/dev/sda" not in command_line:
        words.append("no root file system")
    return ", ".join(words + [word for word in command_line.split() if word not in PLAIN])


def main():
    for argument in sys.argv[1:]:
        folder, _, name = argument.partition("=")
        scenario = load_recorded(folder)
        machine = scenario.machine
        source = ORIGIN.format(firmware="OVMF" if machine.efi else "SeaBIOS")
        machine = replace(
            machine,
            name=name or machine.name,
            title=title(machine, scenario.command_line),
            source=source,
            command_line=scenario.command_line,
        )
        text = to_toml(machine, comment=f"Made by tools/make_machines.py from {source}.")
        path = DATA / f"{machine.name}.toml"
        if not path.is_file() or path.read_text() != text:
            path.write_text(text)
            print(path.name)


if __name__ == "__main__":
    main()
