"""SLUB: the caches, their active slabs on each CPU, and their nodes."""

from __future__ import annotations

from kmmdoc.model.graph import Cell, Edge, Figure, Graph, Node, Row, Table, struct
from kmmdoc.model.quantities import PAGE_SHIFT, size_text
from kmmdoc.model.sections import Cache, Slub, slub
from kmmdoc.model.shot import Shot

NEEDS = ("slub",)
_STATES = ("DOWN", "PARTIAL", "PARTIAL_NODE", "UP", "FULL")
_DRAWN = 6


def draw(shot: Shot) -> tuple[Figure, ...]:
    """A few caches with everything that hangs below them, and all of them as a table.

    The option `caches` (names with commas) says which are drawn; else the two boot caches and the first
    ones that have a slab.
    """
    now = slub(shot.now)
    if not now.caches:
        return ()
    old = slub(shot.before) if shot.before else None
    return _graph(shot, now, old), _table(shot, now, old)


def _chosen(shot: Shot, now: Slub) -> list[Cache]:
    asked = [name.strip() for name in shot.options.get("caches", "").split(",") if name.strip()]
    if asked:
        return [c for name in asked if (c := now.cache(name))]
    boot = [c for name in ("kmem_cache", "kmem_cache_node") if (c := now.cache(name))]
    used = [c for c in reversed(now.caches) if c.cpus and c not in boot]
    return (boot + used)[:_DRAWN]


def _graph(shot: Shot, now: Slub, old: Slub | None) -> Graph:
    w = shot.words
    nodes, edges = [], []
    for cache in _chosen(shot, now):
        was = old.cache(cache.name) if old else cache
        key = f"c-{cache.name}"
        nodes.append(_cache_node(shot, key, cache, was))
        for slab in cache.cpus:
            had = {c.cpu: c for c in was.cpus} if was else {}
            rows = (
                Row("freelist", f"{slab.freelist:#x}" if slab.freelist else "NULL"),
                Row("page", f"{slab.page:#x}" if slab.page else "NULL"),
            )
            title = w("slub.cpu", cpu=slab.cpu)
            name = f"{key}-cpu{slab.cpu}"
            changed = slab.cpu not in had or had[slab.cpu].page != slab.page
            nodes.append(Node(name, title, "list", rows, struct("kmem_cache_cpu"), changed=changed))
            edges.append(Edge(key, name, 0))
        for node in cache.nodes:
            before = next((n for n in was.nodes if n.nid == node.nid), None) if was else None
            rows = (
                Row("nr_slabs", str(node.nr_slabs), before is None or before.nr_slabs != node.nr_slabs),
                Row(
                    "nr_partial", str(node.nr_partial), before is None or before.nr_partial != node.nr_partial
                ),
            )
            name = f"{key}-node{node.nid}"
            nodes.append(Node(name, w("slub.node", nid=node.nid), "struct", rows, struct("kmem_cache_node")))
            edges.append(Edge(key, name, 1))
    state = _STATES[now.state] if now.state < len(_STATES) else str(now.state)
    alt = w("slub.alt", caches=len(now.caches), state=state)
    caption = w("slub.caption", caches=len(now.caches), state=state)
    return Graph("slub", tuple(nodes), tuple(edges), alt=alt, caption=caption)


def _cache_node(shot: Shot, key: str, cache: Cache, was: Cache | None) -> Node:
    slab = shot.words("slub.slab", objects=cache.objects, size=size_text(1 << PAGE_SHIFT << cache.order))
    rows = (Row("cpu_slab", slab), Row("node[]", f"{cache.size} B"))
    return Node(key, cache.name, "kernel", rows, struct("kmem_cache"), changed=was is None)


def _table(shot: Shot, now: Slub, old: Slub | None) -> Table:
    """Every cache, in the order of the kernel's own list reversed: the oldest first."""
    w = shot.words
    rows = []
    for cache in reversed(now.caches):
        was = old.cache(cache.name) if old else cache
        slabs = sum(n.nr_slabs for n in cache.nodes)
        had = sum(n.nr_slabs for n in was.nodes) if was else 0
        rows.append(
            (
                Cell(cache.name, changed=was is None),
                Cell(str(cache.object_size)),
                Cell(str(cache.size)),
                Cell(str(cache.align)),
                Cell(str(cache.order)),
                Cell(str(cache.objects)),
                Cell(str(slabs), changed=slabs != had, before=str(had) if slabs != had else ""),
            )
        )
    header = tuple(
        w(f"slub.{key}") for key in ("cache", "object", "size", "align", "order", "objects", "slabs")
    )
    return Table("slub-table", header, tuple(rows), w("slub.table"), frozenset(range(1, 7)))
