"""include/linux/hugetlb.h: pools of huge pages."""

from __future__ import annotations

from collections import deque


class hstate:
    """The pool of pages of one size, `1 << order` small pages each. Counts are in huge pages.

    `hugepage_freelists` are the first page frames of the free pages by node, the one freed last first;
    `next_nid_to_alloc` is the node whose turn it is.
    """

    __slots__ = (
        "free_huge_pages",
        "hugepage_freelists",
        "max_huge_pages",
        "next_nid_to_alloc",
        "nr_huge_pages",
        "nr_per_node",
        "order",
    )

    def __init__(self, order: int, next_nid_to_alloc: int) -> None:
        self.order, self.next_nid_to_alloc = order, next_nid_to_alloc
        self.max_huge_pages = self.nr_huge_pages = self.free_huge_pages = 0
        self.nr_per_node: dict[int, int] = {}
        self.hugepage_freelists: dict[int, deque[int]] = {}
