"""arch/x86/mm/pat_internal.h: the record of a reserved range of I/O memory."""

from __future__ import annotations

from typing import NamedTuple

KFILE = "arch/x86/mm/pat_internal.h"


class memtype(NamedTuple):
    """`[start, end)`, physical, is used with caching `type`; the structure lies at `address` (virtual)."""

    start: int
    end: int
    type: int
    address: int
