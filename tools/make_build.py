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
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
BUILDS = ROOT / "kmmdoc" / "machines" / "builds"


def simulated() -> set[str]:
    """Names of the kernel functions that the simulator has."""
    sys.path.insert(0, str(ROOT))
    from kmmdoc.linux.kfunc import symbols
    from kmmdoc.linux.link import link

    link()
    return set(symbols)


def members(field: dict[str, Any], base: int = 0) -> Iterator[list[Any]]:
    """[name, type, offset, size] of a member, or of those of an unnamed union or structure in its place.

    A bit field says its bits in its type, and its place are the bytes that hold them.
    """
    at = base + field["offset"]
    if not field["name"] and field.get("members"):
        for inner in field["members"]:
            yield from members(inner, at)
    elif bits := field.get("bit_size"):
        skipped = field["bit_offset"] % 8
        yield [field["name"], f"{field['type']} : {bits}", first_byte(field, base), (skipped + bits + 7) // 8]
    else:
        yield [field["name"], field["type"], at, field["size"]]


def first_byte(field: dict[str, Any], base: int) -> int:
    """Offset of the byte in which a bit field begins."""
    return base + int(field["bit_offset"]) // 8


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
        k: [v["size"], [member for f in v.get("fields", ()) for member in members(f)]]
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
