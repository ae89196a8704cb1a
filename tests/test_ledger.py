"""The ledger on small hand-made traces; on whole boots it is checked in tests/test_boot.py."""

import pytest

from kmmdoc.ledger import Ledger
from kmmdoc.model.run import Run
from kmmdoc.model.snapshot import Snapshot
from kmmdoc.model.trace import Call, KernelRef, PagesAllocated, PagesFreed, Release, Reserve, Return

START = KernelRef("init/main.c", "start_kernel")
RESERVE = KernelRef("mm/memblock.c", "memblock_reserve")
BRK = KernelRef("arch/x86/kernel/setup.c", "reserve_brk")


def boot(*events, reserved=(), free=None):
    sections = {
        "memblock": {
            "memory": {"regions": [["0x0", "0x10000", 0, 0]]},
            "reserved": {"regions": [[hex(b), hex(s), 64, 0] for b, s in reserved]},
        }
    }
    if free is not None:
        sections["nodes"] = [
            {"zones": [{"spanned_pages": 16, "present_pages": 16, "vm_stat": {"NR_FREE_PAGES": free}}]}
        ]
    return Ledger(Run(None, list(events), {"end": Snapshot("end", len(events), sections)}))


def reserve(caller, base, size):
    return [Call(caller, ()), Call(RESERVE, ()), Reserve(base, size), Return(0), Return(None)]


def test_the_owner_is_the_caller_of_the_allocator():
    ledger = boot(Call(START, ()), *reserve(BRK, 0x1000, 0x800), Return(None), reserved=[(0x1000, 0x800)])
    owner = ledger.owner("end", 0x1400)
    assert (owner.purpose, owner.ref, owner.path) == ("brk", BRK, (START, BRK, RESERVE))
    assert ledger.page_owners("end", 1) == [owner, None]
    assert ledger.summary("end") == {None: 0xF800, "brk": 0x800}
    assert ledger.check() == []


def test_an_unnamed_purpose_is_the_asking_function():
    other = KernelRef("kernel/other.c", "other_init")
    assert boot(*reserve(other, 0, 0x1000), reserved=[(0, 0x1000)]).owner("end", 0).purpose == "other_init"


def test_who_reserved_first_stays_the_owner():
    other = KernelRef("kernel/other.c", "other_init")
    ledger = boot(*reserve(BRK, 0x1000, 0x1000), *reserve(other, 0, 0x3000), reserved=[(0, 0x3000)])
    assert [e.owner and e.owner.purpose for e in ledger.extents("end")] == [
        "other_init",
        "brk",
        "other_init",
        None,
    ]


def test_released_bytes_are_free():
    ledger = boot(*reserve(BRK, 0, 0x3000), Release(0x1000, 0x1000), reserved=[(0, 0x1000), (0x2000, 0x1000)])
    assert [e.size for e in ledger.extents("end")] == [0x1000, 0x1000, 0x1000, 0xD000]
    assert ledger.check() == []


@pytest.mark.parametrize(("reserved", "words"), [([], "has an owner"), ([(0, 0x3000)], "has no owner")])
def test_a_difference_to_memblock_is_found(reserved, words):
    findings = boot(*reserve(BRK, 0x1000, 0x1000), reserved=reserved).check()
    assert findings
    assert all(words in f.what for f in findings)


def test_pages_count_once_the_buddy_system_has_them():
    events = [*reserve(BRK, 0x0, 0x4000), PagesFreed(4, 12), PagesAllocated(8, 2)]
    ledger = boot(*events[:-1], Call(START, ()), events[-1], Return(None), free=10)
    assert ledger.check() == []
    assert ledger.summary("end") == {None: 0xA000, "brk": 0x4000, "start_kernel": 0x2000}


def test_lost_pages_are_found():
    ledger = boot(*reserve(BRK, 0x0, 0x4000), PagesFreed(4, 12), free=11)
    assert [f.stage for f in ledger.check()] == ["end"]
