"""lib/rbtree.c: keeping a tree balanced.

No red node has a red child, and every way from the root down to an end passes as many black nodes. So no
way is more than twice as long as another.
"""

from __future__ import annotations

from kmmdoc.linux.include.linux.rbtree import rb_node, rb_root
from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.state import Kernel


def _rotate(root: rb_root, node: rb_node, left: bool) -> rb_node:
    """Turn `node` down to one side; its child on the other side takes its place and is returned."""
    up = node.child(not left)
    assert up is not None
    root.put_in_place(node, up)
    node.set_child(not left, up.child(left))
    up.set_child(left, node)
    return up


def _black(node: rb_node | None) -> bool:
    return node is None or not node.red


@kfunc
def rb_insert_color(k: Kernel, node: rb_node, root: rb_root) -> None:
    """Restore the rules after a red node was hung in.

    A red uncle gives his colour to the grandparent, and the search goes on there. Otherwise one or two
    rotations put the parent, or the node itself, in the grandparent's place.
    """
    while True:
        parent = node.parent
        if parent is None:
            node.red = False
            return
        grand = parent.parent
        if not parent.red or grand is None:
            return
        left = grand.left is parent
        uncle = grand.child(not left)
        if uncle is not None and uncle.red:
            uncle.red = parent.red = False
            grand.red = True
            node = grand
            continue
        if parent.child(not left) is node:
            parent = _rotate(root, parent, left)
        parent.red, grand.red = False, True
        _rotate(root, grand, not left)
        return


@kfunc
def rb_erase(k: Kernel, node: rb_node, root: rb_root) -> None:
    """Take a node out. One with two children is replaced by the next one in order."""
    if node.left is None or node.right is None:
        child = node.left or node.right
        parent, left = node.parent, node.parent is not None and node.parent.left is node
        root.put_in_place(node, child)
        if child is not None:
            child.red = False  # it was red, below a black node
        elif not node.red:
            _rebalance(root, parent, left)
        return
    following = node.right
    while following.left is not None:
        following = following.left
    parent, left = (following, False) if following.parent is node else (following.parent, True)
    child, was_red = following.right, following.red
    if parent is not following:
        root.put_in_place(following, child)
        following.set_child(False, node.right)
    root.put_in_place(node, following)
    following.set_child(True, node.left)
    following.red = node.red
    if child is not None:
        child.red = False
    elif not was_red:
        _rebalance(root, parent, left)


def _rebalance(root: rb_root, parent: rb_node | None, left: bool) -> None:
    """Restore the rules below `parent`, on whose one side a black node is missing."""
    while parent is not None:
        sibling = parent.child(not left)
        assert sibling is not None
        if sibling.red:
            _rotate(root, parent, left)
            sibling.red, parent.red = False, True
            sibling = parent.child(not left)
            assert sibling is not None
        outer, inner = sibling.child(not left), sibling.child(left)
        if _black(outer) and _black(inner):
            sibling.red = True
            if parent.red:
                parent.red = False
                return
            left = parent.parent is not None and parent.parent.left is parent
            parent = parent.parent
            continue
        if _black(outer):
            assert inner is not None
            _rotate(root, sibling, not left)
            inner.red, sibling.red = False, True
            sibling, outer = inner, sibling
        assert outer is not None
        _rotate(root, parent, left)
        sibling.red, parent.red, outer.red = parent.red, False, False
        return
