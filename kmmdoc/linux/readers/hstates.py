"""Section `hstates`: the sizes of huge pages that are known and their pools."""

from __future__ import annotations

from typing import Any

from kmmdoc.linux.debugger import section
from kmmdoc.linux.state import Kernel

SHOWN_NODES = 8


@section("hstates")
def read(k: Kernel) -> list[dict[str, Any]]:
    """One item a size. Sizes are known from hugepagesz= or from hugetlb_init() on."""
    return [
        {
            "order": h.order,
            "max_huge_pages": h.max_huge_pages,
            "nr_huge_pages": h.nr_huge_pages,
            "free_huge_pages": h.free_huge_pages,
            "resv_huge_pages": 0,
            "surplus_huge_pages": 0,
            "nr_overcommit_huge_pages": 0,
            "nr_per_node": [h.nr_per_node.get(nid, 0) for nid in range(SHOWN_NODES)],
        }
        for h in k.hstates
    ]
