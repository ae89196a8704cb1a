#!/usr/bin/env python3
"""Make the archives in kmmdoc/evidence/ that the evidence is computed from.

Usage: make_records.py RECORDED-DIR...       recorded boots, into records.tar.xz
       make_records.py SEQUENCE.json...      recorded sequences of allocator calls, into sequences.tar.xz

Of each folder the inputs, the logs, the snapshots and the call sequence go in. Of the sequences those of at
most 200 calls do: they are made again whenever the site is built. An archive is the same however often it
is made.
"""

import io
import json
import lzma
import sys
import tarfile
from pathlib import Path

OUT = Path(__file__).resolve().parent.parent / "kmmdoc" / "evidence"
FILES = (
    "inputs.json",
    "dmesg.txt",
    "dmesg-memblock-debug.txt",
    "snapshots.json",
    "pages.json",
    "calltrace.json",
)
MOST_CALLS = 200


def write(name: str, members: list[tuple[str, bytes]]) -> None:
    """An archive of (name, content), in that order."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for member, data in members:
            item = tarfile.TarInfo(member)
            item.size = len(data)
            archive.addfile(item, io.BytesIO(data))
    path = OUT / name
    path.write_bytes(lzma.compress(buffer.getvalue(), preset=9 | lzma.PRESET_EXTREME))
    print(f"{path}: {len(members)} files, {path.stat().st_size} bytes")


def main() -> int:
    given = sorted(map(Path, sys.argv[1:]), key=lambda path: path.name)
    if not given:
        print(__doc__, file=sys.stderr)
        return 2
    if all(path.is_dir() for path in given):
        # Files of one kind side by side: they are much alike.
        files = [(folder, name) for name in FILES for folder in given if (folder / name).is_file()]
        write(
            "records.tar.xz",
            [(f"{folder.name}/{name}", (folder / name).read_bytes()) for folder, name in files],
        )
    else:
        short = [path for path in given if len(json.loads(path.read_text())["steps"]) <= MOST_CALLS]
        write("sequences.tar.xz", [(path.name, path.read_bytes()) for path in short])
    return 0


if __name__ == "__main__":
    sys.exit(main())
