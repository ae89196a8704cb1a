"""Where the links of figures lead: `function:NAME`, `struct:NAME`, ..., `doc:DOCNAME#anchor`."""

from __future__ import annotations

from collections.abc import Container

from kmmdoc.model.folders import FOLDERS

PREFIXES = {kind: f"{folder}/" for kind, folder in FOLDERS.items()} | {"doc": ""}


def page_of(target: str) -> tuple[str, str]:
    """The document and the anchor (or "") a target names; ValueError if it is of no known form.

    >>> page_of("function:memblock_add"), page_of("doc:stages/e820#log")
    (('functions/memblock_add', ''), ('stages/e820', 'log'))
    """
    kind, colon, name = target.partition(":")
    if not colon or kind not in PREFIXES or not name:
        raise ValueError(f"a link must be {':NAME, '.join(FOLDERS)}:NAME or doc:PAGE, not {target!r}")
    page, _, anchor = name.partition("#")
    return PREFIXES[kind] + page, anchor


def known_page(target: str, pages: Container[str]) -> tuple[str, str] | None:
    """The document and anchor of a target, or None if that document does not exist."""
    page, anchor = page_of(target)
    return (page, anchor) if page in pages else None
