"""Section `hstates`: the sizes of huge pages that are known and their pools."""

from __future__ import annotations

from typing import Any

from kmmdoc.linux.debugger import section
from kmmdoc.linux.kernel import Kernel


@section("hstates")
def read(k: Kernel) -> list[dict[str, Any]]:
    """One item a size. None is known before hugetlb_init(), where this boot does not come to.

    Simplified: a size that hugepagesz= names is known from there on in a real boot.
    """
    return []
