#!/usr/bin/env python3
"""Make kmmdoc/evidence/records.tar.xz, the recorded boots that the evidence is computed from.

Usage: make_records.py RECORDED-DIR...

Of each folder the inputs, the logs, the snapshots and the call sequence go in. The archive is the same
however often it is made.
"""

import io
import lzma
import sys
import tarfile
from pathlib import Path

OUT = Path(__file__).resolve().parent.parent / "kmmdoc" / "evidence" / "records.tar.xz"
FILES = (
    "inputs.json",
    "dmesg.txt",
    "dmesg-memblock-debug.txt",
    "snapshots.json",
    "pages.json",
    "calltrace.json",
)


def main() -> int:
    folders = sorted(map(Path, sys.argv[1:]), key=lambda folder: folder.name)
    if not folders:
        print(__doc__, file=sys.stderr)
        return 2
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name in FILES:  # files of one kind side by side: they are much alike
            for folder in folders:
                if (folder / name).is_file():
                    data = (folder / name).read_bytes()
                    item = tarfile.TarInfo(f"{folder.name}/{name}")
                    item.size = len(data)
                    archive.addfile(item, io.BytesIO(data))
    OUT.write_bytes(lzma.compress(buffer.getvalue(), preset=9 | lzma.PRESET_EXTREME))
    print(f"{OUT}: {len(folders)} boots, {OUT.stat().st_size} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
