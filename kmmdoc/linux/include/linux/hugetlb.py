"""include/linux/hugetlb.h: pools of huge pages."""

from __future__ import annotations


class hstate:
    """The pool of pages of one size, `1 << order` small pages each. Counts are in huge pages.

    `pages` are the page frames of the pool's free pages, `next_nid_to_alloc` the node whose turn it is.
    """

    __slots__ = (
        "free_huge_pages",
        "max_huge_pages",
        "next_nid_to_alloc",
        "nr_huge_pages",
        "nr_per_node",
        "order",
        "pages",
    )

    def __init__(self, order: int, next_nid_to_alloc: int) -> None:
        self.order, self.next_nid_to_alloc = order, next_nid_to_alloc
        self.max_huge_pages = self.nr_huge_pages = self.free_huge_pages = 0
        self.nr_per_node: dict[int, int] = {}
        self.pages: list[int] = []
