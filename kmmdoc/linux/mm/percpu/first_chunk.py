"""mm/percpu.c: the layout of per-cpu areas, and the first chunk, which holds the static variables."""

from __future__ import annotations

from collections.abc import Callable

from kmmdoc.linux.include.linux.bootmem import memblock_free_early, memblock_virt_alloc_nopanic
from kmmdoc.linux.include.linux.percpu import (
    PCPU_MIN_UNIT_SIZE,
    PERCPU_DYNAMIC_EARLY_SIZE,
    PERCPU_DYNAMIC_EARLY_SLOTS,
    PcpuAllocInfo,
    PcpuChunk,
)
from kmmdoc.linux.kfunc import early_param, kfunc
from kmmdoc.linux.mm.percpu.area import (
    __pcpu_size_to_slot,
    pcpu_chunk_relocate,
    pcpu_count_occupied_pages,
)
from kmmdoc.linux.mm.percpu.bootmem import memblock_virt_alloc
from kmmdoc.linux.mm.percpu_vm import __pcpu_map_pages
from kmmdoc.linux.mm.vmalloc.init import vm_area_register_early
from kmmdoc.linux.state import KERN_DEBUG, KERN_INFO, KERN_WARNING, Kernel, __pa
from kmmdoc.model.quantities import PAGE_SHIFT, PAGE_SIZE

KFILE = "mm/percpu.c"

LOCAL_DISTANCE = 10
VMALLOC_TOTAL = 0xFFFF_E8FF_FFFF_FFFF - 0xFFFF_C900_0000_0000
EINVAL, ENOMEM = 22, 12

CpuDistance = Callable[[Kernel, int, int], int]
FcAlloc = Callable[[Kernel, int, int, int], int]
FcFree = Callable[[Kernel, int, int], None]
FcPopulatePte = Callable[[Kernel, int], None]


def _round_up(value: int, unit: int) -> int:
    return -(-value // unit) * unit


@kfunc
def pcpu_alloc_alloc_info(k: Kernel, nr_groups: int, nr_units: int) -> PcpuAllocInfo | None:
    """Room for a layout of `nr_groups` groups with `nr_units` units in all; None without memory."""
    base_size = k.build.sizeof("pcpu_alloc_info") + nr_groups * k.build.sizeof("pcpu_group_info")
    ai_size = _round_up(_round_up(base_size, 4) + nr_units * 4, PAGE_SIZE)
    address = memblock_virt_alloc_nopanic(k, ai_size, 0)
    return PcpuAllocInfo(address, ai_size, nr_groups) if address else None


@kfunc
def pcpu_free_alloc_info(k: Kernel, ai: PcpuAllocInfo) -> None:
    """Give back what pcpu_alloc_alloc_info() took."""
    memblock_free_early(k, __pa(ai.address), ai.ai_size)


def alloc_info_lines(ai: PcpuAllocInfo, nr_possible: int, nr_cpus: int) -> list[str]:
    """The lines that describe a layout in the log: sizes, then CPUs behind their group, by allocation."""
    group_width, cpu_width = len(str(ai.nr_groups)), len(str(nr_possible))
    empty = "--------"[:cpu_width]
    upa = ai.alloc_size // ai.unit_size
    per_line = max(60 // (upa * (cpu_width + 1) + group_width + 3), 1)
    per_line = 1 << per_line.bit_length() - 1
    sizes = f"s{ai.static_size} r{ai.reserved_size} d{ai.dyn_size} u{ai.unit_size}"
    lines = [f"pcpu-alloc: {sizes} alloc={ai.alloc_size // ai.atom_size}*{ai.atom_size}"]
    alloc = 0
    for number, group in enumerate(ai.groups):
        for start in range(0, group.nr_units, upa):
            if alloc % per_line == 0:
                lines.append("pcpu-alloc: ")
            alloc += 1
            units = group.cpu_map[start : start + upa]
            names = (f"{cpu:0{cpu_width}d} " if cpu != nr_cpus else f"{empty} " for cpu in units)
            lines[-1] += f"[{number:0{group_width}d}] " + "".join(names)
    return lines


@kfunc
def pcpu_dump_alloc_info(k: Kernel, lvl: str, ai: PcpuAllocInfo) -> None:
    """Print the layout at level `lvl`."""
    lines = alloc_info_lines(ai, len(k.cpu_possible_mask), k.build.number("NR_CPUS"))
    for line in lines:
        k.printk(lvl, line + "\n")


def _check_layout(k: Kernel, ai: PcpuAllocInfo, base_addr: int) -> None:
    """End the boot if the layout cannot be used."""
    size_sum = ai.static_size + ai.reserved_size + ai.dyn_size
    bad = (
        ai.nr_groups <= 0
        or not ai.static_size
        or not base_addr
        or base_addr % PAGE_SIZE
        or ai.unit_size < size_sum
        or ai.unit_size % PAGE_SIZE
        or ai.unit_size < PCPU_MIN_UNIT_SIZE
        or ai.dyn_size < PERCPU_DYNAMIC_EARLY_SIZE
    )
    if bad:
        k.bug("mm/percpu.c: pcpu_setup_first_chunk")


def _first_chunk(k: Kernel, base_addr: int, symbol: str, areas: list[int], free_size: int) -> PcpuChunk:
    """A chunk over the first chunk's pages, all of them populated, with a map in init data."""
    chunk = PcpuChunk(memblock_virt_alloc(k, k.pcpu_chunk_struct_size, 0), base_addr)
    chunk.map = areas
    chunk.map_ptr = k.build.symbol(symbol)
    chunk.map_alloc = PERCPU_DYNAMIC_EARLY_SLOTS
    chunk.immutable = True
    chunk.populated = (1 << k.pcpu_unit_pages) - 1
    chunk.nr_populated = k.pcpu_unit_pages
    chunk.free_size = chunk.contig_hint = free_size
    return chunk


@kfunc
def pcpu_setup_first_chunk(k: Kernel, ai: PcpuAllocInfo, base_addr: int) -> int:
    """Take the areas at `base_addr` (virtual), laid out as `ai` says, as the first chunk. 0.

    Where part of the chunk is reserved for modules, two chunks share its pages: one serves the reserved
    part, the other, the one in the slots, the dynamic part.

    Simplified: without any possible CPU the kernel goes on from here and spoils its own image; the boot
    ends here.
    """
    _check_layout(k, ai, base_addr)
    nr_cpus = k.build.number("NR_CPUS")
    k.pcpu_group_offsets_ptr = memblock_virt_alloc(k, ai.nr_groups * 8, 0)
    k.pcpu_group_sizes_ptr = memblock_virt_alloc(k, ai.nr_groups * 8, 0)
    k.pcpu_unit_map_ptr = memblock_virt_alloc(k, k.nr_cpu_ids * 4, 0)
    k.pcpu_unit_offsets_ptr = memblock_virt_alloc(k, k.nr_cpu_ids * 8, 0)

    unit_map: dict[int, int] = {}
    unit_off: dict[int, int] = {}
    unit = 0
    for group in ai.groups:
        for i, cpu in enumerate(group.cpu_map):
            if cpu != nr_cpus:
                if cpu in unit_map:
                    k.bug("mm/percpu.c: pcpu_setup_first_chunk")
                unit_map[cpu] = unit + i
                unit_off[cpu] = group.base_offset + i * ai.unit_size
        unit += group.nr_units
    if set(unit_map) != set(k.cpu_possible_mask):
        k.bug("mm/percpu.c: pcpu_setup_first_chunk")
    if not unit_off:
        k.bug("mm/percpu.c: pcpu_setup_first_chunk")
    k.pcpu_low_unit_cpu = min(unit_off, key=unit_off.__getitem__)
    k.pcpu_high_unit_cpu = max(unit_off, key=unit_off.__getitem__)
    k.pcpu_nr_units = unit
    pcpu_dump_alloc_info(k, KERN_DEBUG, ai)

    k.pcpu_nr_groups = ai.nr_groups
    k.pcpu_group_offsets = [group.base_offset for group in ai.groups]
    k.pcpu_group_sizes = [group.nr_units * ai.unit_size for group in ai.groups]
    k.pcpu_unit_map = unit_map
    k.pcpu_unit_offsets = unit_off
    k.pcpu_unit_pages = ai.unit_size >> PAGE_SHIFT
    k.pcpu_unit_size = ai.unit_size
    k.pcpu_atom_size = ai.atom_size
    k.pcpu_chunk_struct_size = k.build.sizeof("pcpu_chunk") + -(-k.pcpu_unit_pages // 64) * 8
    k.pcpu_nr_slots = __pcpu_size_to_slot(k.pcpu_unit_size) + 2
    k.pcpu_slot_ptr = memblock_virt_alloc(k, k.pcpu_nr_slots * k.build.sizeof("list_head"), 0)
    k.pcpu_slot = [[] for _ in range(k.pcpu_nr_slots)]

    reserved, dynamic = ai.reserved_size, ai.dyn_size
    served = reserved or dynamic
    limit = ai.static_size + served
    schunk = _first_chunk(k, base_addr, "smap", [1, ai.static_size, limit | 1], served)
    k.pcpu_first_chunk = schunk
    if reserved:
        k.pcpu_reserved_chunk = schunk
        k.pcpu_reserved_chunk_limit = limit
        areas = [1, limit, limit + dynamic | 1]
        k.pcpu_first_chunk = _first_chunk(k, base_addr, "dmap", areas, dynamic)

    k.pcpu_nr_empty_pop_pages += pcpu_count_occupied_pages(k, k.pcpu_first_chunk, 1)
    pcpu_chunk_relocate(k, k.pcpu_first_chunk, -1)
    k.pcpu_base_addr = base_addr
    return 0


PCPU_FC_AUTO, PCPU_FC_EMBED, PCPU_FC_PAGE = range(3)
pcpu_fc_names = ("auto", "embed", "page")


@early_param("percpu_alloc")
def percpu_alloc_setup(k: Kernel, value: str | None) -> int:
    """percpu_alloc=embed|page chooses how the first chunk is made."""
    if value is None:
        return -EINVAL
    if value in ("embed", "page"):
        k.pcpu_chosen_fc = pcpu_fc_names.index(value)
    else:
        k.printk(KERN_WARNING, f"PERCPU: unknown allocator {value} specified\n")
    return 0


def group_cpus(k: Kernel, possible: list[int], distance: CpuDistance | None) -> list[list[int]]:
    """The CPUs in groups: each CPU joins the first group whose members before it are all near, both ways."""
    groups: list[list[int]] = [[]]
    for cpu in possible:
        for group in groups:
            near = all(
                distance(k, cpu, other) <= LOCAL_DISTANCE and distance(k, other, cpu) <= LOCAL_DISTANCE
                for other in group
                if distance is not None
            )
            if near:
                group.append(cpu)
                break
        else:
            groups.append([cpu])
    return groups


def best_units_per_alloc(alloc_size: int, max_upa: int, sizes: list[int]) -> int:
    """How many units share an allocation: none that waste over a third, then as few as cost nothing.

    `sizes` are the numbers of CPUs of the groups.
    """
    last_allocs: int | None = None
    best = 1
    for upa in range(max_upa, 0, -1):
        if alloc_size % upa or alloc_size // upa % PAGE_SIZE:
            continue
        allocs = sum(-(-n // upa) for n in sizes)
        if allocs * upa - sum(sizes) > sum(sizes) // 3:
            continue
        if last_allocs is not None and allocs > last_allocs:
            break
        last_allocs = allocs
        best = upa
    return best


@kfunc
def pcpu_build_alloc_info(
    k: Kernel, reserved_size: int, dyn_size: int, atom_size: int, cpu_distance_fn: CpuDistance | None
) -> PcpuAllocInfo | None:
    """Lay out the first chunk: CPUs near each other in one group, units in allocations of whole atoms.

    Sizes in bytes; the dynamic part grows to what early allocations need and to whole pages. None without
    memory for the layout itself.
    """
    static_size = k.build.symbol("__per_cpu_end") - k.build.symbol("__per_cpu_start")
    size_sum = static_size + reserved_size + max(dyn_size, PERCPU_DYNAMIC_EARLY_SIZE)
    size_sum = _round_up(size_sum, PAGE_SIZE)
    min_unit_size = max(size_sum, PCPU_MIN_UNIT_SIZE)
    alloc_size = _round_up(min_unit_size, atom_size)
    max_upa = alloc_size // min_unit_size
    while alloc_size % max_upa or alloc_size // max_upa % PAGE_SIZE:
        max_upa -= 1

    k.step("group")
    groups = group_cpus(k, sorted(k.cpu_possible_mask), cpu_distance_fn)
    k.step("units-per-alloc")
    upa = best_units_per_alloc(alloc_size, max_upa, [len(group) for group in groups])
    nr_units = sum(_round_up(len(group), upa) for group in groups)

    ai = pcpu_alloc_alloc_info(k, len(groups), nr_units)
    if ai is None:
        return None
    ai.static_size = static_size
    ai.reserved_size = reserved_size
    ai.dyn_size = size_sum - static_size - reserved_size
    ai.unit_size = alloc_size // upa
    ai.atom_size = atom_size
    ai.alloc_size = alloc_size
    unit = 0
    for info, group in zip(ai.groups, groups, strict=True):
        info.base_offset = unit * ai.unit_size
        info.nr_units = _round_up(len(group), upa)
        info.cpu_map = group + [k.build.number("NR_CPUS")] * (info.nr_units - len(group))
        unit += info.nr_units
    return ai


@kfunc
def pcpu_embed_first_chunk(
    k: Kernel,
    reserved_size: int,
    dyn_size: int,
    atom_size: int,
    cpu_distance_fn: CpuDistance | None,
    alloc_fn: FcAlloc,
    free_fn: FcFree,
) -> int:
    """Put the first chunk into the direct map: an allocation a group, the rest given back. 0 or -errno."""
    ai = pcpu_build_alloc_info(k, reserved_size, dyn_size, atom_size, cpu_distance_fn)
    if ai is None:
        return -ENOMEM
    nr_cpus = k.build.number("NR_CPUS")
    size_sum = ai.static_size + ai.reserved_size + ai.dyn_size
    areas_size = _round_up(ai.nr_groups * 8, PAGE_SIZE)
    areas_ptr = memblock_virt_alloc_nopanic(k, areas_size, 0)
    if not areas_ptr:
        pcpu_free_alloc_info(k, ai)
        return -ENOMEM

    def done(rc: int) -> int:
        pcpu_free_alloc_info(k, ai)
        memblock_free_early(k, __pa(areas_ptr), areas_size)
        return rc

    k.step("allocate-groups")
    areas: list[int] = []
    for group in ai.groups:
        cpu = next((cpu for cpu in group.cpu_map if cpu != nr_cpus), nr_cpus)
        if cpu == nr_cpus:
            k.bug("mm/percpu.c: pcpu_embed_first_chunk")
        ptr = alloc_fn(k, cpu, group.nr_units * ai.unit_size, atom_size)
        if not ptr:
            for allocated, info in zip(areas, ai.groups, strict=False):
                free_fn(k, allocated, info.nr_units * ai.unit_size)
            return done(-ENOMEM)
        areas.append(ptr)

    k.step("copy-and-free")
    for ptr, group in zip(areas, ai.groups, strict=True):
        for i, cpu in enumerate(group.cpu_map):
            unit = ptr + i * ai.unit_size
            if cpu == nr_cpus:
                free_fn(k, unit, ai.unit_size)
            else:
                free_fn(k, unit + size_sum, ai.unit_size - size_sum)

    base = min(areas)
    for ptr, group in zip(areas, ai.groups, strict=True):
        group.base_offset = ptr - base
    max_distance = max(areas) - base + ai.unit_size
    if max_distance > VMALLOC_TOTAL * 3 // 4:
        k.printk(
            KERN_WARNING,
            f"PERCPU: max_distance={max_distance:#x} too large for vmalloc space {VMALLOC_TOTAL:#x}\n",
        )
        return done(-EINVAL)
    k.printk(
        KERN_INFO,
        f"PERCPU: Embedded {size_sum >> PAGE_SHIFT} pages/cpu @{base:016x} s{ai.static_size} "
        f"r{ai.reserved_size} d{ai.dyn_size} u{ai.unit_size}\n",
    )
    return done(pcpu_setup_first_chunk(k, ai, base))


@kfunc
def pcpu_page_first_chunk(
    k: Kernel, reserved_size: int, alloc_fn: FcAlloc, free_fn: FcFree, populate_pte_fn: FcPopulatePte
) -> int:
    """Map the first chunk page by page into the vmalloc space. 0 or -errno."""
    ai = pcpu_build_alloc_info(k, reserved_size, 0, PAGE_SIZE, None)
    if ai is None:
        return -ENOMEM
    possible = len(k.cpu_possible_mask)
    if ai.nr_groups != 1 or ai.groups[0].nr_units != possible:
        k.bug("mm/percpu.c: pcpu_page_first_chunk")
    unit_pages = ai.unit_size >> PAGE_SHIFT
    pages_size = _round_up(unit_pages * possible * 8, PAGE_SIZE)
    pages_ptr = memblock_virt_alloc(k, pages_size, 0)

    def done(rc: int) -> int:
        memblock_free_early(k, __pa(pages_ptr), pages_size)
        pcpu_free_alloc_info(k, ai)
        return rc

    pages: list[int] = []
    for cpu in ai.groups[0].cpu_map:
        for _ in range(unit_pages):
            ptr = alloc_fn(k, cpu, PAGE_SIZE, PAGE_SIZE)
            if not ptr:
                k.printk(KERN_WARNING, f"PERCPU: failed to allocate 4K page for cpu{cpu}\n")
                for page in reversed(pages):
                    free_fn(k, page, PAGE_SIZE)
                return done(-ENOMEM)
            pages.append(ptr)

    addr: int = vm_area_register_early(k, k.build.symbol("vm"), possible * ai.unit_size, PAGE_SIZE)
    for unit in range(possible):
        unit_addr = addr + unit * ai.unit_size
        for i in range(unit_pages):
            populate_pte_fn(k, unit_addr + i * PAGE_SIZE)
        frames = [__pa(page) >> PAGE_SHIFT for page in pages[unit * unit_pages : (unit + 1) * unit_pages]]
        if __pcpu_map_pages(k, unit_addr, frames) < 0:
            k.panic("failed to map percpu area, err=-12\n")

    k.printk(
        KERN_INFO,
        f"PERCPU: {unit_pages} 4K pages/cpu @{addr:016x} s{ai.static_size} "
        f"r{ai.reserved_size} d{ai.dyn_size}\n",
    )
    return done(pcpu_setup_first_chunk(k, ai, addr))
