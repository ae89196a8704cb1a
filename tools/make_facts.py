#!/usr/bin/env python3
"""Make kmmdoc/excerpts/facts/v3.18.json, what the project knows of the source without having it.

Usage: make_facts.py INDEX.json

INDEX.json lists the files (lines, bytes, sha256) and symbols (kind, lines, sha256, calls) of a kernel
tree. The result has the same facts in fewer bytes: symbols by file as rows of
[name, kind's letter, start, end, sha256, calls], calls as [lines below start, callee, ...].
"""

import json
import sys
from pathlib import Path

OUT = Path(__file__).resolve().parent.parent / "kmmdoc" / "excerpts" / "facts"
LETTERS = {k: k[0] for k in ("function", "struct", "union", "enum", "macro", "variable", "typedef")}


def main() -> int:
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    index = json.loads(Path(sys.argv[1]).read_text())
    symbols: dict[str, list[list[object]]] = {path: [] for path in index["files"]}
    for s in sorted(index["symbols"], key=lambda s: (s["file"], s["start"], s["end"], s["name"])):
        calls = [x for line, callee in s.get("calls", ()) for x in (line - s["start"], callee)]
        row = [s["name"], LETTERS[s["kind"]], s["start"], s["end"], s.get("sha256", ""), calls]
        while not row[-1]:
            row.pop()
        symbols[s["file"]].append(row)
    data = {
        "about": "Facts of the Linux source, made by tools/make_facts.py. Do not edit.",
        "version": index["kernel"],
        "files": {k: [v["lines"], v["bytes"], v["sha256"]] for k, v in sorted(index["files"].items())},
        "symbols": {k: v for k, v in sorted(symbols.items()) if v},
    }
    out = OUT / f"{index['kernel']}.json"
    text = json.dumps(data, separators=(",", ":")).replace("]],", "]],\n")
    out.write_text(text + "\n")
    print(f"{out}: {len(data['files'])} files, {len(index['symbols'])} symbols", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
