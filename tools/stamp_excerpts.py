#!/usr/bin/env python3
"""Write spans and hashes into annotation files, from a kernel tree.

Usage: stamp_excerpts.py TREE [FILE...]           English files (all of them without FILE)
       stamp_excerpts.py --translated FILE.zh.md...  the translation is of the English text as it is now
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from kmmdoc.excerpts.stamp import confirm_translation, stamp
from kmmdoc.excerpts.store import ROOT
from kmmdoc.excerpts.trees import FolderTree
from kmmdoc.model.errors import KmmdocError


def main() -> int:
    words = sys.argv[1:]
    if not words or (words[0] == "--translated" and len(words) < 2):
        print(__doc__, file=sys.stderr)
        return 2
    try:
        if words[0] == "--translated":
            changed = [name for name in words[1:] if confirm_translation(Path(name).resolve())]
        else:
            tree = FolderTree(Path(words[0]))
            files = [Path(name).resolve() for name in words[1:]] or [
                p for p in sorted(ROOT.rglob("*.md")) if not p.name.endswith(".zh.md") and p.parent != ROOT
            ]
            changed = [str(path) for path in files if stamp(path, tree)]
    except KmmdocError as error:
        print(error, file=sys.stderr)
        return 2
    for name in changed:
        print(name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
