"""Names in notes become links to the pages there are."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from kmmdoc.pages.texts import linked


@dataclass
class Pages:
    function_names: set[str] = field(default_factory=lambda: {"memblock_add"})
    struct_names: set[str] = field(default_factory=lambda: {"zone"})
    global_pages: dict[str, str] = field(default_factory=lambda: {"max_pfn": "max_low_pfn"})
    macro_pages: dict[str, str] = field(default_factory=lambda: {"PFN_UP": "PFN_ALIGN"})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("`memblock_add()`", "{kfunc}`memblock_add() <memblock_add>`"),
        ("`struct zone`s", "{kstruct}`struct zone <zone>`s"),
        ("`max_pfn`", "{kglobal}`max_pfn <max_low_pfn>`"),
        ("`PFN_UP()` or `PFN_UP`", "{kmacro}`PFN_UP() <PFN_ALIGN>` or {kmacro}`PFN_UP <PFN_ALIGN>`"),
        ("`memblock_add` is a word", "`memblock_add` is a word"),
        ("`max_pfn()` is no function", "`max_pfn()` is no function"),
        ("{kfunc}`memblock_add`", "{kfunc}`memblock_add`"),
        ("```\n`max_pfn`\n```", "```\n`max_pfn`\n```"),
    ],
)
def test_linked(text: str, expected: str) -> None:
    assert linked(text, Pages()) == expected
