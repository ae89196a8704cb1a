"""The resource tree: what lies inside goes below, what overlaps in part is refused."""

from __future__ import annotations

import pytest

from kmmdoc.linux.include.linux.ioport import IORESOURCE_MEM, resource
from kmmdoc.linux.kernel.resource import (
    EBUSY,
    insert_resource,
    insert_resource_expand_to_fit,
    request_resource,
    reserve_region_with_split,
)
from kmmdoc.linux.state import Kernel
from kmmdoc.machines.builds import load_build
from kmmdoc.model.scenario import Machine, Scenario


@pytest.fixture
def k() -> Kernel:
    return Kernel(Scenario(Machine("test", ()), load_build(), ""))


def res(name: str, start: int, end: int) -> resource:
    return resource(name, start, end, IORESOURCE_MEM)


def tree(root: resource, depth: int = 0) -> list[tuple[int, str, int, int]]:
    lines, child = [], root.child
    while child is not None:
        lines += [(depth, child.name, child.start, child.end), *tree(child, depth + 1)]
        child = child.sibling
    return lines


def test_a_larger_resource_swallows_what_lies_inside(k: Kernel) -> None:
    root = res("root", 0, 1000)
    for child in (res("a", 100, 199), res("b", 300, 399), res("c", 600, 699)):
        assert insert_resource(k, root, child) == 0
    assert insert_resource(k, root, res("big", 50, 450)) == 0
    assert tree(root) == [
        (0, "big", 50, 450),
        (1, "a", 100, 199),
        (1, "b", 300, 399),
        (0, "c", 600, 699),
    ]


def test_partial_overlap_is_refused(k: Kernel) -> None:
    root = res("root", 0, 1000)
    insert_resource(k, root, res("a", 100, 199))
    assert insert_resource(k, root, res("b", 150, 250)) == -EBUSY
    assert request_resource(k, root, res("inside", 120, 130)) == -EBUSY
    assert insert_resource(k, root, res("inside", 120, 130)) == 0


def test_expanding_takes_in_the_whole_conflict(k: Kernel) -> None:
    root = res("root", 0, 1000)
    insert_resource(k, root, res("a", 100, 199))
    insert_resource_expand_to_fit(k, root, res("b", 150, 250))
    assert tree(root) == [(0, "b", 100, 250), (1, "a", 100, 199)]


def test_splitting_claims_only_the_gaps(k: Kernel) -> None:
    root = res("root", 0, 1000)
    insert_resource(k, root, res("a", 100, 199))
    insert_resource(k, root, res("b", 300, 399))
    reserve_region_with_split(k, root, 150, 349, "pad")
    assert tree(root) == [(0, "a", 100, 199), (0, "pad", 200, 299), (0, "b", 300, 399)]
