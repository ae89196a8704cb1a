"""What is known of the v3.18 source without having it: files, symbols, spans, hashes, calls."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kmmdoc.model.excerpt import Annotation, FileFact, Span, SymbolFact

_KINDS = {
    k[0]: k for k in ("function", "struct", "union", "enum", "macro", "variable", "typedef", "constant")
}
_NOT_BUILT = frozenset(
    ("mm/bootmem.c", "mm/slab.c", "mm/slob.c", "include/linux/slab_def.h", "arch/x86/kernel/head32.c")
)
"""Known files that x86_64_defconfig does not compile, but whose names others define too."""
_PREFERENCE = ("function", "struct", "union", "enum", "typedef", "macro", "variable", "constant")


@dataclass
class Facts:
    """The facts of one source tree. `v3_18()` gives the bundled ones."""

    version: str
    files: Mapping[str, FileFact]
    by_file: Mapping[str, tuple[SymbolFact, ...]]
    """The symbols of each file in the order of their lines."""
    _by_name: dict[str, list[SymbolFact]] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        for symbols in self.by_file.values():
            for symbol in symbols:
                self._by_name.setdefault(symbol.name, []).append(symbol)

    def file(self, path: str) -> FileFact:
        """The file at `path`, relative to the tree. KeyError if it is none of the known ones."""
        return self.files[path]

    def variants(self, name: str, file: str | None = None, kind: str | None = None) -> list[SymbolFact]:
        """Every symbol of that name, functions before structures before macros and variables.

        Files that x86_64_defconfig compiles come before their rivals (slub.c before slab.c). Of one kind
        and file, in the order of their lines: `#ifdef` variants stand beside each other.
        """
        found = [
            s
            for s in self._by_name.get(name, ())
            if (file is None or s.file == file) and (kind is None or s.kind == kind)
        ]
        return sorted(found, key=lambda s: (_PREFERENCE.index(s.kind), s.file in _NOT_BUILT, s.file, s.span))

    def find(self, name: str, file: str | None = None, kind: str | None = None) -> SymbolFact | None:
        """The symbol of that name, or None. Of several the one that `variants` puts first, and of the
        `#ifdef` variants in one file the longest: stubs are short."""
        found = self.variants(name, file, kind)
        if not found:
            return None
        first = found[0]
        same = [s for s in found if (s.file, s.kind) == (first.file, first.kind)]
        return max(same, key=lambda s: s.span.length)

    def symbol(self, name: str, file: str | None = None, kind: str | None = None) -> SymbolFact:
        """As `find`; LookupError where there is no such symbol."""
        found = self.find(name, file, kind)
        if found is None:
            where = f" in {file}" if file else ""
            raise LookupError(f"{self.version} has no {kind or 'symbol'} {name}{where} among the known files")
        return found

    def family(self, name: str, through: str, file: str, kind: str | None = None) -> list[SymbolFact]:
        """From each definition of `name` in `file` to a later one of `through`; the longest first."""
        ends = [s.span.end for s in self.variants(through, file)]
        return sorted(
            (
                SymbolFact(name, first.kind, file, Span(first.span.start, end), through=through)
                for first in self.variants(name, file, kind)
                for end in ends
                if end > first.span.end
            ),
            key=lambda s: -s.span.length,
        )

    def within(self, family: SymbolFact) -> list[SymbolFact]:
        """What a symbol's lines define, itself too, in their order; of the variants of a name the first."""
        inside: dict[str, SymbolFact] = {}
        for symbol in self.by_file[family.file]:
            if family.span.start <= symbol.span.start <= family.span.end:
                inside.setdefault(symbol.name, symbol)
        return list(inside.values())

    def covered(self, annotation: Annotation) -> list[SymbolFact]:
        """The symbols that an annotation is about: its own, an enum's constants, or those of its family."""
        symbol, file, kind = annotation.symbol, annotation.file, annotation.kind
        if not annotation.through:
            own = [s for s in self.variants(symbol, file, kind) if s.span == annotation.span]
            return [c for s in own for c in (self.within(s) if kind == "enum" else [s])]
        families = self.family(symbol, annotation.through, file, kind)
        return [s for family in families if family.span == annotation.span for s in self.within(family)]

    def __iter__(self) -> Iterator[SymbolFact]:
        for symbols in self.by_file.values():
            yield from symbols


def read_facts(text: str) -> Facts:
    """Facts from the JSON that tools/make_facts.py writes."""
    data: dict[str, Any] = json.loads(text)
    return Facts(
        data["version"],
        {path: FileFact(path, *row) for path, row in data["files"].items()},
        {path: tuple(_symbol(path, *row) for row in rows) for path, rows in data["symbols"].items()},
    )


def _symbol(
    path: str, name: str, letter: str, start: int, end: int, sha256: str = "", calls: tuple[Any, ...] = ()
) -> SymbolFact:
    pairs = tuple((line + start, callee) for line, callee in zip(calls[::2], calls[1::2], strict=True))
    return SymbolFact(name, _KINDS[letter], path, Span(start, end), sha256, pairs)


@functools.cache
def v3_18() -> Facts:
    """The bundled facts of v3.18, read once (about ten milliseconds)."""
    return read_facts((Path(__file__).parent / "v3.18.json").read_text(encoding="utf-8"))
