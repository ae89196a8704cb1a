"""arch/x86/mm/numa.c: which node each byte of memory and each CPU belongs to."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from kmmdoc.linux.arch.x86.mm.amdtopology import amd_numa_init
from kmmdoc.linux.arch.x86.mm.numa_internal import numa_memblk
from kmmdoc.linux.include.linux.memblock import MAX_NUMNODES, NUMA_NO_NODE, ULLONG_MAX
from kmmdoc.linux.include.linux.mmzone import pglist_data
from kmmdoc.linux.kfunc import early_param, extern, kfunc
from kmmdoc.linux.mm.memblock import (
    __memblock_alloc_base,
    memblock_alloc_nid,
    memblock_clear_hotplug,
    memblock_dump_all,
    memblock_find_in_range,
    memblock_free,
    memblock_reserve,
    memblock_set_node,
)
from kmmdoc.linux.mm.page_alloc.ranges import (
    __absent_pages_in_range,
    absent_pages_in_range,
    early_pfn_to_nid,
    setup_nr_node_ids,
)
from kmmdoc.linux.state import KERN_DEBUG, KERN_ERR, KERN_INFO, KERN_WARNING, Kernel, __pa, __va
from kmmdoc.model.quantities import PAGE_SHIFT, PAGE_SIZE

x86_acpi_numa_init = extern("x86_acpi_numa_init")

EINVAL, ENOMEM = 22, 12
LOCAL_DISTANCE, REMOTE_DISTANCE = 10, 20
NR_NODE_MEMBLKS = MAX_NUMNODES * 2
NODE_MIN_SIZE = 4 << 20
SMP_CACHE_BYTES = 64
BAD_APICID = 0xFFFF


@early_param("numa")
@kfunc
def numa_setup(k: Kernel, value: str | None) -> int:
    """numa=off: one node. numa=noacpi: do not ask ACPI.

    Numa=fake= is for kernels built with it, which this is not.
    """
    if value is None:
        return -EINVAL
    if value.startswith("off"):
        k.numa_off = 1
    if value.startswith("noacpi"):
        k.acpi_numa = -1
    return 0


@kfunc
def numa_cpu_node(k: Kernel, cpu: int) -> int:
    """Node of `cpu` by its APIC id, or NUMA_NO_NODE."""
    apicid = k.x86_cpu_to_apicid.get(cpu, BAD_APICID)
    return NUMA_NO_NODE if apicid == BAD_APICID else k.apicid_to_node.get(apicid, NUMA_NO_NODE)


@kfunc
def numa_set_node(k: Kernel, cpu: int, node: int) -> None:
    """Put `cpu` on `node`.

    Simplified: one table serves before and after the per-cpu areas exist.
    """
    k.x86_cpu_to_node_map[cpu] = node


def numa_clear_node(k: Kernel, cpu: int) -> None:
    """Put `cpu` on no node."""
    numa_set_node(k, cpu, NUMA_NO_NODE)


@kfunc
def early_cpu_to_node(k: Kernel, cpu: int) -> int:
    """Node of `cpu`, or NUMA_NO_NODE."""
    return k.x86_cpu_to_node_map[cpu]


@kfunc
def setup_node_to_cpumask_map(k: Kernel) -> None:
    """Make room for each possible node's set of CPUs."""
    if k.nr_node_ids == MAX_NUMNODES:
        setup_nr_node_ids(k)
    k.node_to_cpumask_map = {node: set() for node in range(k.nr_node_ids)}


@kfunc
def numa_add_cpu(k: Kernel, cpu: int) -> None:
    """`cpu` runs: count it to its node."""
    k.node_to_cpumask_map[early_cpu_to_node(k, cpu)].add(cpu)


def numa_add_memblk_to(k: Kernel, nid: int, start: int, end: int, mi: list[numa_memblk]) -> int:
    """Append bytes `[start, end)` of node `nid` to `mi`; nonsense is passed over with a warning."""
    if start == end:
        return 0
    if start > end or not 0 <= nid < MAX_NUMNODES:
        text = f"NUMA: Warning: invalid memblk node {nid} {_mem(start, end)}\n"
        k.printk(KERN_WARNING, text)
        return 0
    if len(mi) >= NR_NODE_MEMBLKS:
        k.printk(KERN_ERR, "NUMA: too many memblk ranges\n")
        return -EINVAL
    mi.append(numa_memblk(start, end, nid))
    return 0


def _mem(start: int, end: int) -> str:
    return f"[mem {start:#010x}-{end - 1:#010x}]"


@kfunc
def numa_remove_memblk_from(k: Kernel, idx: int, mi: list[numa_memblk]) -> None:
    """Take entry `idx` out of `mi`."""
    del mi[idx]


@kfunc
def numa_add_memblk(k: Kernel, nid: int, start: int, end: int) -> int:
    """Append bytes `[start, end)` of node `nid` to what is known."""
    return numa_add_memblk_to(k, nid, start, end, k.numa_meminfo)


@kfunc
def alloc_node_data(k: Kernel, nid: int) -> None:
    """Take memory for the node's pg_data_t, from the node itself if it has any, and put the node online."""
    size = -(-k.build.sizeof("pglist_data") // PAGE_SIZE) * PAGE_SIZE
    phys = memblock_alloc_nid(k, size, SMP_CACHE_BYTES, nid)
    if not phys:
        phys = __memblock_alloc_base(k, size, SMP_CACHE_BYTES, 0)
        if not phys:
            k.printk(KERN_ERR, f"Cannot find {size} bytes in node {nid}\n")
            return
    k.printk(KERN_INFO, f"NODE_DATA({nid}) allocated {_mem(phys, phys + size)}\n")
    tnid = early_pfn_to_nid(k, phys >> PAGE_SHIFT)
    if tnid != nid:
        k.printk(KERN_INFO, f"    NODE_DATA({nid}) on node {tnid}\n")
    k.node_data[nid] = pglist_data(0, __va(phys))  # zeroed: free_area_init_node() sets its number
    k.node_states["N_ONLINE"].add(nid)
    k.nr_online_nodes = len(k.node_states["N_ONLINE"])


@kfunc
def numa_cleanup_meminfo(k: Kernel, mi: list[numa_memblk]) -> int:
    """Trim `mi` to the memory there is and join blocks of a node with no other node's memory between them.

    -EINVAL when blocks of two nodes overlap.
    """
    high = k.max_pfn << PAGE_SHIFT
    i = 0
    while i < len(mi):
        mi[i].end = min(mi[i].end, high)
        if mi[i].start >= mi[i].end:
            numa_remove_memblk_from(k, i, mi)
        else:
            i += 1
    i = 0
    while i < len(mi):
        j = i + 1
        while j < len(mi):
            joined = _join(k, mi, mi[i], mi[j])
            if joined < 0:
                return joined
            if joined:
                numa_remove_memblk_from(k, j, mi)
            else:
                j += 1
        i += 1
    return 0


def _join(k: Kernel, mi: list[numa_memblk], bi: numa_memblk, bj: numa_memblk) -> int:
    """Grow `bi` over `bj` if that is possible (1) or not (0); negative when they contradict each other."""
    if bi.end > bj.start and bi.start < bj.end:
        spans = _mem(bi.start, bi.end), _mem(bj.start, bj.end)
        if bi.nid != bj.nid:
            text = f"NUMA: node {bi.nid} {spans[0]} overlaps with node {bj.nid} {spans[1]}\n"
            k.printk(KERN_ERR, text)
            return -EINVAL
        text = f"NUMA: Warning: node {bi.nid} {spans[0]} overlaps with itself {spans[1]}\n"
        k.printk(KERN_WARNING, text)
    if bi.nid != bj.nid:
        return 0
    start, end = min(bi.start, bj.start), max(bi.end, bj.end)
    if any(bk.nid != bi.nid and start < bk.end and end > bk.start for bk in mi):
        return 0
    k.printk(
        KERN_INFO,
        f"NUMA: Node {bi.nid} {_mem(bi.start, bi.end)} + {_mem(bj.start, bj.end)} -> {_mem(start, end)}\n",
    )
    bi.start, bi.end = start, end
    return 1


@kfunc
def numa_nodemask_from_meminfo(k: Kernel, nodemask: set[int], mi: Iterable[numa_memblk]) -> None:
    """Add to `nodemask` every node that has memory in `mi`."""
    nodemask.update(b.nid for b in mi if b.start != b.end and b.nid != NUMA_NO_NODE)


@kfunc
def numa_reset_distance(k: Kernel) -> None:
    """Give the table of distances back; the next distance that is set makes a new one."""
    if k.numa_distance_cnt:
        memblock_free(k, __pa(k.numa_distance), k.numa_distance_cnt**2)
    k.numa_distance_cnt = k.numa_distance = 0
    k.numa_distance_table = []


@kfunc
def numa_alloc_distance(k: Kernel) -> int:
    """Take memory for a table of distances between all nodes known, and fill it with the defaults."""
    nodes = set(k.numa_nodes_parsed)
    numa_nodemask_from_meminfo(k, nodes, k.numa_meminfo)
    cnt = max(nodes, default=0) + 1
    phys = memblock_find_in_range(k, 0, k.max_pfn_mapped << PAGE_SHIFT, cnt * cnt, PAGE_SIZE)
    if not phys:
        k.printk(KERN_WARNING, "NUMA: Warning: can't allocate distance table!\n")
        k.numa_distance = 1
        return -ENOMEM
    memblock_reserve(k, phys, cnt * cnt)
    k.numa_distance, k.numa_distance_cnt = __va(phys), cnt
    k.numa_distance_table = [
        [LOCAL_DISTANCE if i == j else REMOTE_DISTANCE for j in range(cnt)] for i in range(cnt)
    ]
    k.printk(KERN_DEBUG, f"NUMA: Initialized distance table, cnt={cnt}\n")
    return 0


@kfunc
def numa_set_distance(k: Kernel, from_: int, to: int, distance: int) -> None:
    """Set the distance from one node to another; impossible values are passed over with a warning."""
    if not k.numa_distance and numa_alloc_distance(k) < 0:
        return
    values = f"from={from_} to={to} distance={distance}\n"
    if not (0 <= from_ < k.numa_distance_cnt and 0 <= to < k.numa_distance_cnt):
        k.warn_once(f"NUMA: Warning: node ids are out of bound, {values}", "numa_set_distance: ids")
        return
    if distance & 0xFF != distance or (from_ == to and distance != LOCAL_DISTANCE):
        k.warn_once(f"NUMA: Warning: invalid distance parameter, {values}", "numa_set_distance: value")
        return
    k.numa_distance_table[from_][to] = distance


@kfunc
def __node_distance(k: Kernel, from_: int, to: int) -> int:
    """Distance from one node to another: 10 is local."""
    return distance(k, from_, to)


def distance(k: Kernel, from_: int, to: int) -> int:
    """What __node_distance() returns, without a call that is recorded."""
    if from_ >= k.numa_distance_cnt or to >= k.numa_distance_cnt:
        return LOCAL_DISTANCE if from_ == to else REMOTE_DISTANCE
    return k.numa_distance_table[from_][to]


@kfunc
def numa_meminfo_cover_memory(k: Kernel, mi: list[numa_memblk]) -> bool:
    """Do the nodes account for all memory, up to 1 MiB?"""
    numaram = 0
    for block in mi:
        start, end = block.start >> PAGE_SHIFT, block.end >> PAGE_SHIFT
        numaram += end - start - __absent_pages_in_range(k, block.nid, start, end)
        numaram = max(numaram, 0)
    e820ram = k.max_pfn - absent_pages_in_range(k, 0, k.max_pfn)
    if e820ram - numaram >= 1 << (20 - PAGE_SHIFT):
        covered, total = (numaram << PAGE_SHIFT) >> 20, (e820ram << PAGE_SHIFT) >> 20
        text = f"NUMA: nodes only cover {covered}MB of your {total}MB e820 RAM. Not used.\n"
        k.printk(KERN_ERR, text)
        return False
    return True


@kfunc
def numa_clear_kernel_node_hotplug(k: Kernel) -> None:
    """Give the reserved regions their nodes; a node that the kernel has a foot in cannot be unplugged."""
    for block in k.numa_meminfo:
        memblock_set_node(k, block.start, block.end - block.start, k.memblock.reserved, block.nid)
    kernel_nodes = {r.nid for r in k.memblock.reserved.regions}
    for block in k.numa_meminfo:
        if block.nid in kernel_nodes:
            memblock_clear_hotplug(k, block.start, block.end - block.start)


@kfunc
def numa_register_memblks(k: Kernel, mi: list[numa_memblk]) -> int:
    """Give memblock's regions their nodes and put every node with memory online."""
    possible = k.node_states["N_POSSIBLE"]
    possible.clear()
    possible.update(k.numa_nodes_parsed)
    numa_nodemask_from_meminfo(k, possible, mi)
    if not possible:
        return -EINVAL
    for block in mi:
        memblock_set_node(k, block.start, block.end - block.start, k.memblock.memory, block.nid)
    numa_clear_kernel_node_hotplug(k)
    if not numa_meminfo_cover_memory(k, mi):
        return -EINVAL
    for nid in sorted(possible):
        own = [block for block in mi if block.nid == nid]
        start = min((block.start for block in own), default=k.max_pfn << PAGE_SHIFT)
        end = max((block.end for block in own), default=0)
        if start < end and end - start >= NODE_MIN_SIZE:
            alloc_node_data(k, nid)
    memblock_dump_all(k)
    return 0


@kfunc
def numa_init_array(k: Kernel) -> None:
    """Spread the CPUs that have no node over the nodes in turn.

    Where no node is online they get the number behind the last one, which has no structure.
    """
    online = sorted(k.node_states["N_ONLINE"]) or [MAX_NUMNODES]
    turn = 0
    for cpu in range(k.nr_cpu_ids):
        if early_cpu_to_node(k, cpu) != NUMA_NO_NODE:
            continue
        numa_set_node(k, cpu, online[turn % len(online)])
        turn += 1


@kfunc
def numa_init(k: Kernel, init_func: Callable[[Kernel], int]) -> int:
    """Forget all nodes and try one way of finding them. Negative when it gives nothing usable."""
    k.apicid_to_node.clear()
    k.numa_nodes_parsed.clear()
    k.node_states["N_POSSIBLE"].clear()
    k.node_states["N_ONLINE"].clear()
    k.numa_meminfo.clear()
    memblock_set_node(k, 0, ULLONG_MAX, k.memblock.memory, MAX_NUMNODES)
    memblock_set_node(k, 0, ULLONG_MAX, k.memblock.reserved, MAX_NUMNODES)
    memblock_clear_hotplug(k, 0, ULLONG_MAX)
    numa_reset_distance(k)

    result = init_func(k)
    if result < 0:
        return result
    k.memblock.bottom_up = False
    result = numa_cleanup_meminfo(k, k.numa_meminfo)
    if result < 0:
        return result
    result = numa_register_memblks(k, k.numa_meminfo)
    if result < 0:
        return result
    for cpu in range(k.nr_cpu_ids):
        nid = early_cpu_to_node(k, cpu)
        if nid != NUMA_NO_NODE and nid not in k.node_states["N_ONLINE"]:
            numa_clear_node(k, cpu)
    numa_init_array(k)
    return 0


@kfunc
def dummy_numa_init(k: Kernel) -> int:
    """One node with everything: what is left when nothing else works."""
    k.printk(KERN_INFO, "NUMA turned off\n" if k.numa_off else "No NUMA configuration found\n")
    end = k.max_pfn << PAGE_SHIFT
    k.printk(KERN_INFO, f"Faking a node at [mem {0:#018x}-{end - 1:#018x}]\n")
    k.numa_nodes_parsed.add(0)
    numa_add_memblk(k, 0, 0, end)
    return 0


@kfunc
def x86_numa_init(k: Kernel) -> None:
    """Find the nodes: by ACPI, by asking AMD's memory controllers, or make one up."""
    if not k.numa_off:
        if not numa_init(k, x86_acpi_numa_init):
            return
        if not numa_init(k, amd_numa_init):
            return
    numa_init(k, dummy_numa_init)


@kfunc
def find_near_online_node(k: Kernel, node: int) -> int:
    """The online node nearest to `node`, the lowest of equals; -1 if there is none."""
    online = sorted(k.node_states["N_ONLINE"])
    return min(online, key=lambda n: __node_distance(k, node, n), default=-1)


@kfunc
def init_cpu_to_node(k: Kernel) -> None:
    """Put each possible CPU on the node that its APIC id says, or on the nearest that is online."""
    for cpu in sorted(k.cpu_possible_mask):
        node = numa_cpu_node(k, cpu)
        if node == NUMA_NO_NODE:
            continue
        if node not in k.node_states["N_ONLINE"]:
            node = find_near_online_node(k, node)
        numa_set_node(k, cpu, node)
