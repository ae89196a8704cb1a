"""kernel/resource.c: the tree of who owns which physical addresses."""

from __future__ import annotations

from kmmdoc.linux.include.linux.ioport import IORESOURCE_BUSY, resource
from kmmdoc.linux.kfunc import kfunc, setup_param
from kmmdoc.linux.lib.cmdline import get_option
from kmmdoc.linux.state import Kernel

EBUSY = 16
MAXRESERVE = 4


def __request_resource(root: resource, new: resource) -> resource | None:
    """Make `new` a child of `root`. Returns None, or who is in the way.

    A child of `root`, or `root` itself.
    """
    if new.end < new.start or new.start < root.start or new.end > root.end:
        return root
    before: resource | None = None
    tmp = root.child
    while tmp is not None and tmp.start <= new.end:
        if tmp.end >= new.start:
            return tmp
        before, tmp = tmp, tmp.sibling
    new.sibling, new.parent = tmp, root
    if before is None:
        root.child = new
    else:
        before.sibling = new
    return None


@kfunc
def request_resource(k: Kernel, root: resource, new: resource) -> int:
    """Take a free part of `root`; -EBUSY when it is not free."""
    return 0 if __request_resource(root, new) is None else -EBUSY


def __insert_resource(parent: resource, new: resource) -> resource | None:
    """Put `new` as deep into the tree as it fits; resources that lie inside it become its children.

    Returns None, or the resource that overlaps it in part.
    """
    while True:
        first = __request_resource(parent, new)
        if first is None or first is parent or first is new:
            return first
        if first.start > new.start or first.end < new.end:
            break
        if (first.start, first.end) == (new.start, new.end):
            break
        parent = first
    last = first
    while True:
        if last.start < new.start or last.end > new.end:
            return last
        if last.sibling is None or last.sibling.start > new.end:
            break
        last = last.sibling
    new.parent, new.sibling, new.child = parent, last.sibling, first
    last.sibling = None
    child: resource | None = first
    while child is not None:
        child.parent = new
        child = child.sibling
    if parent.child is first:
        parent.child = new
        return None
    before = parent.child
    while before is not None and before.sibling is not first:
        before = before.sibling
    if before is not None:
        before.sibling = new
    return None


@kfunc
def insert_resource_expand_to_fit(k: Kernel, root: resource, new: resource) -> None:
    """Put `new` into the tree, made as large as it takes to hold what it overlaps."""
    if new.parent is not None:
        return
    while (conflict := __insert_resource(root, new)) is not None and conflict is not root:
        new.start, new.end = min(new.start, conflict.start), max(new.end, conflict.end)
        k.printk("d", f"Expanded resource {new.name} due to conflict with {conflict.name}\n")


@kfunc
def reserve_region_with_split(k: Kernel, root: resource, start: int, end: int, name: str) -> None:
    """Claim what is still free of `[start, end]`, in as many pieces as it takes."""
    start, end = max(start, root.start), min(end, root.end)
    while start <= end:
        res = resource(name, start, end, IORESOURCE_BUSY)
        conflict = __request_resource(root, res)
        while conflict is not None and conflict.start > res.start:
            res.end = conflict.start - 1
            conflict = __request_resource(root, res)
        start = (res.end if conflict is None else conflict.end) + 1


@kfunc
def insert_resource(k: Kernel, parent: resource, new: resource) -> int:
    """Put `new` into the tree under `parent`, above what lies inside it; -EBUSY on a partial overlap."""
    return 0 if __insert_resource(parent, new) is None else -EBUSY


@setup_param("reserve=")
@kfunc
def reserve_setup(k: Kernel, rest: str) -> int:
    """reserve=START,COUNT[,START,COUNT...]: claim I/O ports or, from 0x10000 on, memory; up to four times."""
    while True:
        kind, start, rest = get_option(rest)
        if kind != 2:
            return 1
        kind, count, rest = get_option(rest)
        if not kind:
            return 1
        if k.reserved >= MAXRESERVE:
            continue
        start &= 0xFFFF_FFFF
        end = (start + count - 1) & 0xFFFF_FFFF
        root = k.iomem_resource if start >= 0x10000 else k.ioport_resource
        if not request_resource(k, root, resource("reserved", start, end, IORESOURCE_BUSY)):
            k.reserved += 1
