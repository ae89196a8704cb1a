"""Trees stay balanced, sorted and complete, whatever is put in and taken out."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kmmdoc.linux.include.linux.rbtree import rb_node, rb_root
from kmmdoc.linux.lib.rbtree import rb_erase, rb_insert_color
from kmmdoc.linux.state import Kernel
from kmmdoc.machines.builds import load_build
from kmmdoc.model.scenario import Machine, Scenario

K = Kernel(Scenario(Machine("test", ()), load_build(), ""))


def insert(root: rb_root, key: int) -> rb_node:
    """Put a key in as a caller of the kernel's functions does: search, link, recolour."""
    node, parent, left = rb_node(), None, False
    node.key = key
    at = root.node
    while at is not None:
        parent, left = at, key < at.key
        at = at.child(left)
    root.link(node, parent, left=left)
    rb_insert_color(K, node, root)
    return node


def black_height(node: rb_node | None, low: int, high: int) -> int:
    """Checks the rules below `node`; the number of black nodes on every way down."""
    if node is None:
        return 0
    assert low < node.key < high
    for child in (node.left, node.right):
        if child is not None:
            assert child.parent is node
            assert not (node.red and child.red)
    heights = {black_height(node.left, low, node.key), black_height(node.right, node.key, high)}
    assert len(heights) == 1
    return heights.pop() + (not node.red)


@given(st.lists(st.integers(0, 40), max_size=120))
def test_rules_hold_after_every_change(keys: list[int]) -> None:
    root, nodes = rb_root(), {}
    for key in keys:  # a key that is there comes out, one that is not goes in
        if key in nodes:
            rb_erase(K, nodes.pop(key), root)
        else:
            nodes[key] = insert(root, key)
        black_height(root.node, -1, 41)
        assert root.node is None or not root.node.red
        assert sorted(node.key for node, _ in root.preorder()) == sorted(nodes)
    K.events.clear()


def test_ascending_keys_make_the_textbook_tree() -> None:
    """1 to 7 in order: the third turns the root to 2, the fifth the right side to 4, the seventh to 6."""
    root = rb_root()
    for key in range(1, 8):
        insert(root, key)
    shape = [(node.key, node.red, depth) for node, depth in root.preorder()]
    assert shape == [
        (2, False, 0),
        (1, False, 1),
        (4, True, 1),
        (3, False, 2),
        (6, False, 2),
        (5, True, 3),
        (7, True, 3),
    ]
