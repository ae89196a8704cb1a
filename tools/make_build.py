#!/usr/bin/env python3
"""Make kmmdoc/machines/builds/NAME.json, the facts about one compiled kernel that a simulation needs.

Usage: make_build.py RECORDED-BUILD-DIR INDEX.json NAME

RECORDED-BUILD-DIR holds System.map, symbols.json, config and structs.json of the compiled kernel;
INDEX.json the facts of the source tree it was compiled from, whose functions and variables are looked
up in System.map (a function that is not there was inlined everywhere), beside the functions that the
simulator has and the names in kmmdoc/machines/builds/wanted-symbols.txt.
"""

import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILDS = ROOT / "kmmdoc" / "machines" / "builds"


def simulated() -> set[str]:
    """Names of the kernel functions that the simulator has."""
    sys.path.insert(0, str(ROOT))
    from kmmdoc.linux.kfunc import symbols
    from kmmdoc.linux.link import link

    link()
    return set(symbols)


def main() -> int:
    if len(sys.argv) != 4:
        print(__doc__, file=sys.stderr)
        return 2
    folder, index, name = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    recorded = json.loads((folder / "symbols.json").read_text())
    facts = json.loads(index.read_text())
    wanted = {s["name"] for s in facts["symbols"] if s["kind"] in ("function", "variable")}
    wanted |= {x for x in (BUILDS / "wanted-symbols.txt").read_text().split() if not x.startswith("#")}
    wanted |= simulated()
    symbols = {k: int(v["addr"], 16) for k, v in recorded["symbols"].items()}
    for line in (folder / "System.map").read_text().splitlines():
        address, kind, full = line.split(" ", 2)
        base = re.sub(r"(\.(constprop|isra|part|cold|\d+))+(\.\d+)*$", "", full)
        if base in wanted and kind not in "Aa" and ".cold" not in full:
            symbols.setdefault(base, int(address, 16))
    symbols |= {k: int(a, 16) for a, k in recorded["brk_symbols"]}
    config = {}
    for line in (folder / "config").read_text().splitlines():
        found = re.match(r"CONFIG_(\w+)=(.*)$", line)
        if found:
            config[found[1]] = found[2].strip('"')
    layouts = json.loads((folder / "structs.json").read_text())
    structs = {
        k: [v["size"], [[f["name"], f["type"], f["offset"], f["size"]] for f in v.get("fields", ())]]
        for k, v in layouts["structs"].items()
    }
    data = {
        "about": "Facts of one compiled kernel, made by tools/make_build.py from a recorded build."
        " Do not edit.",
        "name": name,
        "version": "3.18.0",
        "symbols": dict(sorted(symbols.items())),
        "sections": {s[0]: [int(s[2], 16), s[3]] for s in recorded["sections"]},
        "percpu": {k: int(a, 16) for a, k in recorded["percpu_symbols"]},
        "config": dict(sorted(config.items())),
        "structs": structs,
        "enums": layouts["enums"],
    }
    out = BUILDS / f"{name}.json"
    out.write_text(json.dumps(data, indent=0, separators=(",", ":")).replace(",\n", ",") + "\n")
    print(f"{out}: {len(symbols)} symbols, {len(structs)} structures", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
