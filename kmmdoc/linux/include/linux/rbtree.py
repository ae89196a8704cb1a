"""include/linux/rbtree.h: binary trees that keep themselves balanced by colouring nodes red or black."""

from __future__ import annotations

from collections.abc import Iterator

KFILE = "include/linux/rbtree.h"


class rb_node:
    """A node; `key` is what the tree is ordered by."""

    __slots__ = ("key", "left", "parent", "red", "right")

    def __init__(self) -> None:
        self.key = 0
        self.red = True
        self.parent: rb_node | None = None
        self.left: rb_node | None = None
        self.right: rb_node | None = None

    def child(self, left: bool) -> rb_node | None:
        """The child on one side."""
        return self.left if left else self.right

    def set_child(self, left: bool, node: rb_node | None) -> None:
        """Hang `node` below this one on one side, in place of what was there."""
        if left:
            self.left = node
        else:
            self.right = node
        if node is not None:
            node.parent = self


class rb_root:
    """A tree."""

    __slots__ = ("node",)

    def __init__(self) -> None:
        self.node: rb_node | None = None

    def link(self, node: rb_node, parent: rb_node | None, *, left: bool) -> None:
        """rb_link_node(): hang a new red node below `parent`, or make it the first."""
        node.red, node.left, node.right, node.parent = True, None, None, parent
        if parent is None:
            self.node = node
        else:
            parent.set_child(left, node)

    def put_in_place(self, old: rb_node, new: rb_node | None) -> None:
        """Let the parent of `old` point to `new` instead."""
        parent = old.parent
        if parent is None:
            self.node = new
            if new is not None:
                new.parent = None
        else:
            parent.set_child(parent.left is old, new)

    def preorder(self) -> Iterator[tuple[rb_node, int]]:
        """Each node with its depth, before those on its left and those on its right."""
        stack = [(self.node, 0)]
        while stack:
            node, depth = stack.pop()
            if node is not None:
                yield node, depth
                stack += [(node.right, depth + 1), (node.left, depth + 1)]
