"""Hypothesis strategies: machines as odd as firmware, hypervisors and users make them, and command lines."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import strategies as st

from kmmdoc.linux.state import __START_KERNEL_map
from kmmdoc.machines.builds import load_build
from kmmdoc.model.scenario import (
    AcpiTable,
    E820Entry,
    Lapic,
    Machine,
    MpTable,
    Scenario,
    SetupData,
    SratCpu,
    SratMemory,
)

KIB, MIB, GIB, TIB = 1 << 10, 1 << 20, 1 << 30, 1 << 40
PAGE = 4096
LIMIT = 1 << 46
IMAGE = (0x1000000, -(-(load_build().symbol("_end") - __START_KERNEL_map) // MIB) * MIB)
"""Where the kernel lies: a boot loader puts it nowhere but in usable memory."""


def _power(low: int, high: int) -> st.SearchStrategy[int]:
    """Numbers of every size: a power of two from 2**`low` to 2**`high`, times up to 16."""
    return st.builds(lambda n, bits: n << max(bits - 3, 0), st.integers(1, 16), st.integers(low, high))


sizes = _power(20, 40)
"""Sizes of memory in bytes, in whole MiB mostly."""

granules = st.sampled_from([1, 0x400, PAGE, 64 * KIB, MIB, 2 * MIB, 128 * MIB, GIB])


@st.composite
def memory_maps(draw: st.DrawFn) -> tuple[E820Entry, ...]:
    """A firmware's map: ascending areas of every type with holes, the kernel's image in usable memory."""
    low = draw(st.sampled_from([0x9FC00, 0x9F800, 0xA0000, 0x80000, 0x9F000, 0x9D400]))
    entries = [E820Entry(0, low, 1)]
    if low < 0xA0000 and draw(st.booleans()):
        entries.append(E820Entry(low, 0xA0000 - low, 2))
    if draw(st.booleans()):
        entries.append(E820Entry(0xF0000, 0x10000, 2))
    end = IMAGE[1] + draw(_power(12, 30))
    entries.append(E820Entry(MIB, end - MIB, 1))
    for _ in range(draw(st.integers(0, 12))):
        granule = draw(granules)
        gap = draw(st.sampled_from([0, 0, 0, PAGE, MIB, 200 * MIB, 3 * GIB, 512 * GIB]))
        start = -(-(end + gap) // granule) * granule
        size = -(-draw(_power(10, 42)) // granule) * granule
        if start + size > LIMIT:
            break
        entries.append(E820Entry(start, size, draw(st.sampled_from([1, 1, 1, 1, 2, 3, 4, 5, 7]))))
        end = start + size
    if draw(st.integers(0, 5)) == 0:
        entries += draw(overlaps(end))
    if draw(st.integers(0, 5)) == 0:
        entries = draw(st.permutations(entries))
    return tuple(entries)


@st.composite
def overlaps(draw: st.DrawFn, end: int) -> list[E820Entry]:
    """Areas that overlap others, but not the kernel's image."""
    found = []
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, end // PAGE)) * PAGE
        size = draw(_power(8, 32))
        if start >= IMAGE[1] or start + size <= IMAGE[0]:
            found.append(E820Entry(start, size, draw(st.sampled_from([1, 2, 3, 4, 5]))))
    return found


@st.composite
def cpu_lists(draw: st.DrawFn) -> tuple[Lapic, ...]:
    """Local APICs: in order or not, some of them disabled, more than the kernel takes at times."""
    count = draw(st.sampled_from([0, 1, 1, 2, 2, 3, 4, 4, 6, 8, 16, 24, 64, 80]))
    ids = list(range(count))
    if draw(st.integers(0, 3)) == 0:
        step = draw(st.sampled_from([2, 3, 16]))
        ids = [i * step % 255 for i in ids] if count < 15 else ids
    if len(set(ids)) < count:
        ids = list(range(count))
    disabled = draw(st.sets(st.integers(1, count - 1), max_size=6)) if count > 1 else set()
    return tuple(Lapic(i, apic, i not in disabled) for i, apic in enumerate(ids))


@st.composite
def node_layouts(
    draw: st.DrawFn, e820: tuple[E820Entry, ...], lapics: tuple[Lapic, ...]
) -> tuple[tuple[SratMemory, ...], tuple[SratCpu, ...], tuple[tuple[int, ...], ...] | None]:
    """SRAT and SLIT: nodes of very different sizes, interleaved, without memory or without CPUs."""
    count = draw(st.sampled_from([1, 1, 1, 2, 2, 3, 4, 5, 8, 16, 64]))
    if count == 1 and draw(st.booleans()):
        return (), (), None
    end = max(e.addr + e.size for e in e820 if e.type == 1)
    grain = draw(st.sampled_from([PAGE, MIB, 16 * MIB, 128 * MIB, GIB]))
    cuts = sorted(
        {c * grain for c in draw(st.lists(st.integers(1, max(end // grain, 1)), max_size=2 * count))}
    )
    bounds = [0, *(cut for cut in cuts if 0 < cut < end), end]
    memory = []
    for number, (start, stop) in enumerate(pairwise(bounds)):
        owner = number if draw(st.booleans()) else draw(st.integers(0, count - 1))
        if draw(st.integers(0, 15)):
            memory.append(SratMemory(owner % count, start, stop, draw(st.integers(0, 9)) == 0))
    pxms = draw(st.sampled_from([1, 1, 1, 3]))
    memory = [SratMemory(m.pxm * pxms, m.base, m.end, m.hotplug) for m in memory]
    cpus = [SratCpu(draw(st.integers(0, count - 1)) * pxms, cpu.apic_id) for cpu in lapics]
    return tuple(memory), tuple(cpus), draw(st.none() | distances(count * pxms))


@st.composite
def distances(draw: st.DrawFn, count: int) -> tuple[tuple[int, ...], ...]:
    """A SLIT of `count` rows, now and then one that the kernel does not believe."""
    far = (
        [20]
        if count > 16
        else [11, 16, 20, 21, 30, 40, 254, *([10, 255] if draw(st.integers(0, 9)) == 0 else [])]
    )
    row = st.lists(st.sampled_from(far), min_size=count, max_size=count)
    table = [draw(row) for _ in range(count)] if count <= 16 else [[20] * count for _ in range(count)]
    return tuple(
        tuple(10 if i == j else table[min(i, j)][max(i, j)] for j in range(count)) for i in range(count)
    )


@st.composite
def _initrds(draw: st.DrawFn, e820: tuple[E820Entry, ...]) -> tuple[int, int] | None:
    if draw(st.integers(0, 3)):
        return None
    room = [(max(e.addr, IMAGE[1]), e.addr + e.size) for e in e820 if e.type == 1]
    room = [(a, b) for a, b in room if b - a > MIB and b <= 4 * GIB]
    if not room:
        return None
    start, end = draw(st.sampled_from(room))
    size = min(draw(_power(12, 30)), end - start)
    return (start if draw(st.booleans()) else end - size) & -PAGE, size


@st.composite
def machines(draw: st.DrawFn) -> Machine:
    """A whole machine."""
    e820 = draw(memory_maps())
    lapics = draw(cpu_lists())
    memory, cpus, slit = draw(node_layouts(e820, lapics))
    acpi = tuple(
        AcpiTable(name, base, size)
        for name, base, size in (
            ("RSDP", 0xF59D0, 0x14),
            ("RSDT", 0x7FFE1BEF, 0x34),
            ("APIC", 0x7FFE1AFF, 0x90),
        )
    )
    return Machine(
        "random",
        e820,
        initrd=draw(_initrds(e820)),
        setup_data=draw(st.sampled_from([(), (), (SetupData(0x2000000 + 32 * MIB, 3, 0x1000),)])),
        ebda=draw(st.sampled_from([0x9FC00, 0, 0x9F800, 0x80000, 0xA0000])),
        low_memory_kib=draw(st.sampled_from([639, 640, 512, 0, 638])),
        mp_table=draw(
            st.sampled_from([None, MpTable((0xF5BA0, 0x10), (0xF5BB0, 0xC8)), MpTable((0x9FC00, 16), None)])
        ),
        acpi_tables=acpi if draw(st.integers(0, 7)) else (),
        lapics=lapics,
        srat_memory=memory,
        srat_cpus=cpus,
        slit=slit,
        max_phys_bits=draw(st.sampled_from([36, 40, 46, 52])),
        ioapics=draw(st.integers(0, 3)),
    )


numbers = st.one_of(
    st.builds(
        lambda n, unit: f"{n}{unit}", st.integers(0, 999), st.sampled_from(["", "K", "k", "M", "G", "T"])
    ),
    sizes.map(hex),
    sizes.map(str),
    st.sampled_from(["", "x", "-1", "0", "18446744073709551615", "17179869184G"]),
)
"""Sizes as people write them on a command line, the wrong ones among them."""

megabytes = st.builds(lambda n: f"{n}M", st.integers(1, 5000))
signs = st.sampled_from("@#$!")
small = st.integers(-1, 300).map(str)


def _joined(*parts: str | st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.tuples(*(st.just(p) if isinstance(p, str) else p for p in parts)).map("".join)


crash = st.one_of(
    numbers,
    megabytes,
    _joined(megabytes, "@", numbers),
    _joined(megabytes, ",high"),
    _joined(megabytes, ",low"),
    _joined(megabytes, "-", megabytes, ":", megabytes),
    _joined(megabytes, "-:", megabytes, "@", megabytes),
    _joined("0M-1G:", megabytes, ",1G-:", megabytes),
    st.sampled_from([",high", "512M-2G:64M,2G-:128M", "1M-:", "x-y:z", "@16M"]),
)

options = st.one_of(
    _joined("mem=", numbers),
    _joined("mem=", megabytes),
    _joined("mem=", st.sampled_from(["nopentium", "16M", "32M", "40M", "4G"])),
    _joined("memmap=", numbers),
    _joined("memmap=", numbers, signs, numbers),
    _joined("memmap=", megabytes, signs, megabytes),
    _joined("memmap=exactmap memmap=640K@0 memmap=", megabytes, "@1M"),
    _joined("memmap=", st.sampled_from(["exactmap", "nopentium", "64K$0x18690000", "1G!4G"])),
    _joined("kernelcore=", numbers),
    _joined("kernelcore=", megabytes),
    _joined("movablecore=", numbers),
    _joined("movablecore=", megabytes),
    _joined("crashkernel=", crash),
    _joined("crashkernel=", megabytes, ",high crashkernel=", megabytes, ",low"),
    _joined("log_buf_len=", numbers),
    _joined("reservelow=", small),
    _joined("percpu_alloc=", st.sampled_from(["page", "embed", "other", ""])),
    _joined("maxcpus=", small),
    _joined("nr_cpus=", small),
    _joined("possible_cpus=", small),
    _joined("slub_min_order=", small),
    _joined("slub_max_order=", small),
    _joined("slub_min_objects=", small),
    _joined("slub_debug", st.sampled_from(["", "=", "=F", "=FZPUTA", "=O", "=-", "=P,kmalloc-64", "=?"])),
    st.sampled_from(["slub_nomerge", "slab_nomerge", "hashdist=0", "hashdist=1", "hashdist=", "hashdist"]),
    _joined(st.sampled_from(["d", "i", "m", "mp"]), "hash_entries=", numbers),
    _joined("numa_zonelist_order=", st.sampled_from(["n", "z", "d", "node", "Zone", "default", "x", ""])),
    _joined("numa=", st.sampled_from(["off", "fake=4", "fake=512M", "noacpi", ""])),
    _joined("hugepages=", small),
    _joined("hugepagesz=", st.sampled_from(["2M", "1G", "4K", ""]), " hugepages=", small),
    _joined("default_hugepagesz=", st.sampled_from(["2M", "1G", "3M"]), " hugepages=", small),
    _joined("swiotlb=", st.one_of(small, st.sampled_from(["force", "65536", "65536,force", "1,force"]))),
    _joined("iommu=", st.sampled_from(["soft", "off", "force", "noforce", "pt", "allowdac", ""])),
    _joined("acpi=", st.sampled_from(["off", "noirq", "ht", "force", ""])),
    _joined("init=", st.just("/init")),
    _joined("memory_corruption_check=", small),
    _joined("memory_corruption_check_size=", numbers),
    _joined("mminit_loglevel=", small),
    _joined("vsyscall=", st.sampled_from(["none", "native", "emulate"])),
    st.sampled_from(["noinitmem", "nosmp", "nolapic", "disableapic", "gbpages", "nogbpages", "noexec=off"]),
    st.sampled_from(["memblock=debug", "alloc_mptable", "update_mptable", "quiet", "debug", "root=/dev/sda"]),
    st.sampled_from(
        ['a="b c"', "==", "mem", "memmap", "crashkernel", "log_buf_len", "kernelcore", "-- mem=4M"]
    ),
    st.sampled_from(["add_efi_memmap", "pci=noacpi", "swiotlb", "iommu", "numa", "nr_cpus", "hugepagesz"]),
)

command_lines = st.lists(options, max_size=5).map(" ".join)


@st.composite
def scenarios(draw: st.DrawFn) -> Scenario:
    """A machine with a command line."""
    return Scenario(draw(machines()), load_build(), draw(command_lines))
