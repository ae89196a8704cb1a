#!/usr/bin/env python3
"""Make kmmdoc/excerpts/facts/v3.18.json, what the project knows of the source without having it.

Usage: make_facts.py INDEX.json TREE

INDEX.json lists the files (lines, bytes, sha256) and symbols (kind, lines, sha256, calls) of the
memory-initialisation path. TREE is the same kernel's tree: every file of the index must be in it byte for
byte. From the tree come the facts of the further files that kmmdoc/excerpts/facts/files.txt names, the calls
into these files, and the constants of all enums.

The result has the facts in few bytes: symbols by file as rows of
[name, kind's letter, start, end, sha256, calls], calls as [lines below start, callee, ...].
"""

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from kmmdoc.excerpts import ctext
from kmmdoc.model.excerpt import Span

OUT = Path(__file__).resolve().parent.parent / "kmmdoc" / "excerpts" / "facts"
LETTERS = {
    k: k[0] for k in ("function", "struct", "union", "enum", "macro", "variable", "typedef", "constant")
}
HASHED = ("function", "struct", "union", "enum")


def main() -> int:
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    index, tree = json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2])
    more = [f for f in (OUT / "files.txt").read_text().split("\n") if f and not f.startswith("#")]
    missing = [f for f in [*index["files"], *more] if not (tree / f).is_file()]
    other = [f for f, fact in index["files"].items() if f not in missing and _sha(tree / f) != fact["sha256"]]
    for file in missing + other:
        print(
            f"{tree}: {file}: {'is not there' if file in missing else 'is not that of the index'}",
            file=sys.stderr,
        )
    if missing or other:
        return 2
    files = {f: [v["lines"], v["bytes"], v["sha256"]] for f, v in index["files"].items()}
    found = index["symbols"] + [s for f in more if f not in files for s in symbols(f, _text(tree / f))]
    found += [c for f in [*files, *more] for c in constants(f, _text(tree / f))]
    files.update({f: file_fact((tree / f).read_bytes()) for f in more if f not in files})
    add_calls(found, tree, set(index["files"]))
    rows: dict[str, list[list[object]]] = {file: [] for file in files}
    for s in sorted(found, key=lambda s: (s["file"], s["start"], s["end"], s["name"])):
        calls = [x for line, callee in s.get("calls", ()) for x in (line - s["start"], callee)]
        row = [s["name"], LETTERS[s["kind"]], s["start"], s["end"], s.get("sha256", ""), calls]
        while not row[-1]:
            row.pop()
        rows[s["file"]].append(row)
    data = {
        "about": "Facts of the Linux source, made by tools/make_facts.py. Do not edit.",
        "version": index["kernel"],
        "files": dict(sorted(files.items())),
        "symbols": {k: v for k, v in sorted(rows.items()) if v},
    }
    out = OUT / f"{index['kernel']}.json"
    out.write_text(json.dumps(data, separators=(",", ":")).replace("]],", "]],\n") + "\n")
    print(f"{out}: {len(files)} files, {len(found)} symbols", file=sys.stderr)
    return 0


def symbols(file: str, text: str) -> list[dict[str, Any]]:
    """What a file defines, in the form of the index; without its calls."""
    found: list[dict[str, Any]] = []
    for name, kind, span in ctext.scan(text):
        if name:
            symbol = {"name": name, "kind": kind, "file": file, "start": span.start, "end": span.end}
            if kind in HASHED:
                symbol["sha256"] = ctext.digest(ctext.lines_of(text, span))
            found.append(symbol)
    return found


def constants(file: str, text: str) -> list[dict[str, Any]]:
    """The constants of a file's enums, which the index does not have."""
    return [
        {"name": name, "kind": "constant", "file": file, "start": line, "end": line}
        for name, line in ctext.constants(text)
    ]


def add_calls(found: list[dict[str, Any]], tree: Path, indexed: set[str]) -> None:
    """Add calls by name: of the files beside the index all that go to known functions or to what the index
    has as called; of the index's own files those that go to the other files."""
    functions = [s for s in found if s["kind"] == "function"]
    beyond = {s["name"] for s in functions if s["file"] not in indexed}
    known = {s["name"] for s in functions} | {name for s in functions for _, name in s.get("calls", ())}
    texts: dict[str, str] = {}
    for symbol in functions:
        file, span = symbol["file"], Span(symbol["start"], symbol["end"])
        text = texts.setdefault(file, _text(tree / file))
        wanted = beyond if file in indexed else known
        new = {c for c in ctext.calls(ctext.lines_of(text, span), span.start) if c[1] in wanted}
        calls = new | {(line, name) for line, name in symbol.get("calls", ())}
        symbol["calls"] = sorted(calls)


def file_fact(raw: bytes) -> list[object]:
    """[lines, bytes, sha256] of a file."""
    return [raw.count(b"\n"), len(raw), hashlib.sha256(raw).hexdigest()]


def _sha(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="surrogateescape")


if __name__ == "__main__":
    sys.exit(main())
