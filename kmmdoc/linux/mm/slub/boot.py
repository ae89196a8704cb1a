"""Opening a cache, the bootstrap of the first two, and caches that share the slabs of another."""

from __future__ import annotations

from kmmdoc.linux.include.linux.gfp import GFP_KERNEL, GFP_NOWAIT
from kmmdoc.linux.include.linux.slab import (
    SLAB_HWCACHE_ALIGN,
    SLAB_PANIC,
    get_order,
    kmalloc,
    kmem_cache_zalloc,
)
from kmmdoc.linux.include.linux.slub_def import (
    DOWN,
    FULL,
    PARTIAL,
    UP,
    KmemCache,
    KmemCacheCpu,
    KmemCacheNode,
    SavedAlias,
)
from kmmdoc.linux.include.linux.topology import smp_processor_id
from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.mm.percpu.alloc import __alloc_percpu
from kmmdoc.linux.mm.slab_common import (
    CACHE_LINE_SIZE,
    create_boot_cache,
    create_kmalloc_caches,
    find_mergeable,
)
from kmmdoc.linux.mm.slub.alloc import kmem_cache_alloc_node
from kmmdoc.linux.mm.slub.free import kmem_cache_free
from kmmdoc.linux.mm.slub.layout import (
    CMPXCHG_DOUBLE,
    DEBUG_METADATA_FLAGS,
    SLAB_DEBUG_FLAGS,
    calculate_sizes,
    cpu_partial_objects,
    kmem_cache_flags,
    set_min_partial,
    system_has_cmpxchg_double,
)
from kmmdoc.linux.mm.slub.pages import (
    SLUB_RED_ACTIVE,
    inc_slabs_node,
    init_object,
    init_tracking,
    new_slab,
    page_to_nid,
)
from kmmdoc.linux.mm.slub.partial import __flush_cpu_slab, add_partial
from kmmdoc.linux.state import KERN_ERR, KERN_INFO, Kernel

KFILE = "mm/slub.c"

EINVAL = 22
ENOMEM = 12


@kfunc
def init_kmem_cache_node(k: Kernel, n: KmemCacheNode) -> None:
    """A node of a cache starts with no slabs."""
    n.nr_partial = n.nr_slabs = n.total_objects = 0
    n.partial, n.full = [], []


@kfunc
def alloc_kmem_cache_cpus(k: Kernel, s: KmemCache) -> bool:
    """The cache's part on every possible CPU; aligned so that two words can be exchanged at once."""
    s.cpu_slab = __alloc_percpu(k, k.build.sizeof("kmem_cache_cpu"), 16)
    if not s.cpu_slab:
        return False
    init_kmem_cache_cpus(k, s)
    return True


@kfunc
def init_kmem_cache_cpus(k: Kernel, s: KmemCache) -> None:
    """Transactions are counted from the number of the CPU on."""
    s.cpus = {cpu: KmemCacheCpu(cpu) for cpu in sorted(k.cpu_possible_mask)}


@kfunc
def early_kmem_cache_node_alloc(k: Kernel, node: int) -> None:
    """The first kmem_cache_node of a node: taken by hand from a slab that nothing can manage yet."""
    s = k.kmem_cache_node
    page = new_slab(k, s, GFP_NOWAIT, node)
    if page is None:
        k.bug("early_kmem_cache_node_alloc")
    if page_to_nid(k, page.pfn) != node:
        k.printk(KERN_ERR, f"SLUB: Unable to allocate memory from node {node}\n")
        k.printk(KERN_ERR, "SLUB: Allocating a useless per node structure in order to be able to continue\n")
    obj = page.freelist
    page.freelist = page.get_freepointer(obj)
    page.inuse = 1
    page.frozen = False
    n = KmemCacheNode(obj)
    s.node[node] = n
    init_object(k, s, obj, SLUB_RED_ACTIVE)
    init_tracking(k, s, obj)
    init_kmem_cache_node(k, n)
    inc_slabs_node(s, node, page.objects)
    add_partial(k, n, page, False)


@kfunc
def free_kmem_cache_nodes(k: Kernel, s: KmemCache) -> None:
    """Give up the cache's parts on all nodes."""
    for n in s.node.values():
        kmem_cache_free(k, k.kmem_cache_node, n.address)
    s.node = {}


@kfunc
def init_kmem_cache_nodes(k: Kernel, s: KmemCache) -> bool:
    """The cache's part on every node with memory, each from memory of that node."""
    for node in sorted(k.node_states["N_NORMAL_MEMORY"]):
        if k.slab_state == DOWN:
            early_kmem_cache_node_alloc(k, node)
            continue
        address = kmem_cache_alloc_node(k, k.kmem_cache_node, GFP_KERNEL, node)
        if not address:
            free_kmem_cache_nodes(k, s)
            return False
        n = s.node[node] = KmemCacheNode(address)
        init_kmem_cache_node(k, n)
    return True


@kfunc
def kmem_cache_open(k: Kernel, s: KmemCache, flags: int) -> int:
    """Lay out a cache and give it its parts on nodes and CPUs: 0, or -EINVAL.

    Which debugging slub_debug= asks for goes by the cache's name, so the nameless ones of the boot get
    it only where it is for all.
    """
    s.flags = kmem_cache_flags(k, s.size, flags, s.name, s.ctor)
    s.reserved = 0
    ok = calculate_sizes(k, s, -1)
    if ok and k.disable_higher_order_debug and get_order(s.size) > get_order(s.object_size):
        k.step("debugging-would-raise-the-order")
        s.flags &= ~DEBUG_METADATA_FLAGS
        s.offset = 0
        ok = calculate_sizes(k, s, -1)
    if ok:
        if system_has_cmpxchg_double(k) and not s.flags & SLAB_DEBUG_FLAGS:
            s.flags |= CMPXCHG_DOUBLE
        set_min_partial(k, s, (s.size.bit_length() - 1) // 2)
        s.cpu_partial = cpu_partial_objects(s)
        s.remote_node_defrag_ratio = 1000
        if init_kmem_cache_nodes(k, s):
            if alloc_kmem_cache_cpus(k, s):
                return 0
            free_kmem_cache_nodes(k, s)
    if flags & SLAB_PANIC:
        k.panic(
            f"Cannot create slab {s.name or '(null)'} size={s.size} realsize={s.size} "
            f"order={s.oo.order} offset={s.offset} flags={flags:x}"
        )
    return -EINVAL


@kfunc
def bootstrap(k: Kernel, static_cache: KmemCache) -> KmemCache:
    """Move a static cache into an object of the cache for caches, and its slabs with it.

    The CPU's slab goes to the node's list first, so that the list names every slab that still points to
    the old place. This turns the slab's free list round: the next objects come from its end.
    """
    address = kmem_cache_zalloc(k, k.kmem_cache, GFP_NOWAIT)
    s = static_cache.copied_to(address)
    __flush_cpu_slab(k, s, smp_processor_id(k))
    for n in s.node.values():
        for page in n.partial + n.full:
            page.slab_cache = s
    k.slab_caches.insert(0, s)
    return s


@kfunc
def kmem_cache_init(k: Kernel) -> None:
    """Start SLUB: two static caches that need each other, their move into slabs, then kmalloc's caches."""
    boot_kmem_cache, boot_kmem_cache_node = KmemCache(), KmemCache()
    k.kmem_cache_node = boot_kmem_cache_node
    k.kmem_cache = boot_kmem_cache
    create_boot_cache(
        k, k.kmem_cache_node, "kmem_cache_node", k.build.sizeof("kmem_cache_node"), SLAB_HWCACHE_ALIGN
    )
    k.slab_state = PARTIAL
    size = k.build.structs["kmem_cache"].offset("node") + 8 * k.nr_node_ids
    create_boot_cache(k, k.kmem_cache, "kmem_cache", size, SLAB_HWCACHE_ALIGN)
    k.kmem_cache = bootstrap(k, boot_kmem_cache)
    k.kmem_cache_node = bootstrap(k, boot_kmem_cache_node)
    create_kmalloc_caches(k, 0)
    k.printk(
        KERN_INFO,
        f"SLUB: HWalign={CACHE_LINE_SIZE}, Order={k.slub_min_order}-{k.slub_max_order}, "
        f"MinObjects={k.slub_min_objects}, CPUs={k.nr_cpu_ids}, Nodes={k.nr_node_ids}\n",
    )


@kfunc
def kmem_cache_init_late(k: Kernel) -> None:
    """Nothing: SLUB is complete since kmem_cache_init()."""


@kfunc
def __kmem_cache_alias(
    k: Kernel, name: str, size: int, align: int, flags: int, ctor: str | None
) -> KmemCache | None:
    """Let `name` share an existing cache, where one suits: that cache, or None."""
    s = find_mergeable(k, size, align, flags, name, ctor)
    if s is None:
        return None
    s.refcount += 1
    s.object_size = max(s.object_size, size)
    s.inuse = max(s.inuse, size + 7 & ~7)
    if sysfs_slab_alias(k, s, name):
        s.refcount -= 1
        return None
    return s


@kfunc
def __kmem_cache_create(k: Kernel, s: KmemCache, flags: int) -> int:
    """Open a cache and, once sysfs knows caches, show it there: 0 or an error."""
    error = kmem_cache_open(k, s, flags)
    if error or k.slab_state <= UP:
        return error
    return int(sysfs_slab_add(k, s))


@kfunc
def sysfs_slab_add(k: Kernel, s: KmemCache) -> int:
    """Show a cache in sysfs.

    Simplified: sysfs takes no memory here.
    """
    return 0


@kfunc
def sysfs_slab_alias(k: Kernel, s: KmemCache, name: str) -> int:
    """Note a cache's other name for the time when sysfs can show it.

    Simplified: the link that is made at once when sysfs is there already takes no memory here.
    """
    if k.slab_state == FULL:
        return 0
    if not kmalloc(k, 24, GFP_KERNEL):  # struct saved_alias: three pointers
        return -ENOMEM
    k.alias_list.insert(0, SavedAlias(s, name))
    return 0


@kfunc
def sysfs_slab_remove(k: Kernel, s: KmemCache) -> None:
    """Take a cache out of sysfs, if it ever got there.

    Simplified: sysfs takes and frees no memory here.
    """
