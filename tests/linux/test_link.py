"""Every call that is bound late finds its function, as the linker would demand."""

from __future__ import annotations

from kmmdoc.linux.kfunc import externs, symbols
from kmmdoc.linux.link import link


def test_every_late_bound_call_has_a_target() -> None:
    link()
    assert externs
    assert not sorted(e for e in externs if e[1] not in symbols)
