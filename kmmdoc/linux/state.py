"""The one mutable object of a simulated boot: the kernel's memory, as far as memory initialisation needs it.

Every simulated function takes the Kernel as its first argument. Attributes are the kernel's global
variables under the kernel's names, grouped by the file that defines them, at their static initial values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Never

from kmmdoc.linux.arch.x86.include.asm.bootparam import boot_params
from kmmdoc.linux.arch.x86.include.asm.e820 import e820map
from kmmdoc.linux.arch.x86.mm.numa_internal import numa_memblk
from kmmdoc.linux.arch.x86.mm.pat_types import memtype
from kmmdoc.linux.arch.x86.mm.pgtable_ext import PageTables, image_tables
from kmmdoc.linux.include.linux.gfp import GFP_ATOMIC, GFP_BOOT_MASK, GFP_KERNEL
from kmmdoc.linux.include.linux.hugetlb import hstate
from kmmdoc.linux.include.linux.ioport import IORESOURCE_BUSY, IORESOURCE_IO, IORESOURCE_MEM, resource
from kmmdoc.linux.include.linux.memblock import NUMA_NO_NODE, memblock
from kmmdoc.linux.include.linux.mempolicy import mempolicy
from kmmdoc.linux.include.linux.mm_types import MemMap, PageFlags
from kmmdoc.linux.include.linux.mmzone import MAX_NR_ZONES, per_cpu_pageset, pglist_data
from kmmdoc.linux.include.linux.percpu import PcpuChunk
from kmmdoc.linux.include.linux.radix_tree import radix_tree_root
from kmmdoc.linux.include.linux.rbtree import rb_root
from kmmdoc.linux.include.linux.slub_def import DOWN, KmemCache, SavedAlias, SlabPage
from kmmdoc.linux.include.linux.vmalloc import vm_struct, vmap_area, vmap_block
from kmmdoc.model.intervals import IntervalMap
from kmmdoc.model.scenario import EfiMemory, KernelBuild, Machine, Scenario
from kmmdoc.model.snapshot import Snapshot
from kmmdoc.model.trace import Call, Event, Printk, Repeat, RepeatEnd, Return, Step

KERN_EMERG, KERN_ALERT, KERN_CRIT, KERN_ERR = "0", "1", "2", "3"
KERN_WARNING, KERN_NOTICE, KERN_INFO, KERN_DEBUG = "4", "5", "6", "7"
KERN_DEFAULT, KERN_CONT = "d", "c"

__START_KERNEL_map = 0xFFFF_FFFF_8000_0000
PAGE_OFFSET = 0xFFFF_8800_0000_0000


def _image_offset(virt: int) -> int:
    """Offset of an address of the kernel image from where the image's mapping starts."""
    return virt - __START_KERNEL_map


class KernelPanic(Exception):
    """panic() was called: the boot ends with this message."""


class KernelBug(KernelPanic):
    """BUG() or a failed BUG_ON(): the boot ends here; the message names the function."""


class NodeTable(dict[int, pglist_data]):
    """node_data[]: of a node without a structure it has a NULL pointer, and looking there ends the boot.

    That happens where firmware gives a node too little memory to be used, or leaves memory to no node.
    """

    def __init__(self, k: Kernel) -> None:
        super().__init__()
        self.kernel = k

    def __missing__(self, nid: int) -> Never:
        text = f"BUG: unable to handle kernel NULL pointer dereference: node {nid} has no structure\n"
        self.kernel.printk(KERN_ALERT, text)
        self.kernel.panic("Attempted to kill the idle task!")


class Kernel:
    """State of one simulated kernel.

    `stops_before` and `stops_after` map a function's name to the stage that the debugger stops at, and
    lose the entry when it was taken; `snapshots` collects what it saw.
    """

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.machine: Machine = scenario.machine
        self.build: KernelBuild = scenario.build

        self._phys_base = scenario.kernel_load - _image_offset(self.build.symbol("_text"))

        # The recorder.
        self.events: list[Event] = []
        self.snapshots: dict[str, Snapshot] = {}
        self.stops_before: dict[str, str] = {}
        self.stops_after: dict[str, str] = {}
        self.stop: Callable[[str], None] = lambda stage: None
        self.warned: set[str] = set()

        # init/main.c
        self.boot_command_line = scenario.command_line
        self.saved_command_line = ""
        self.system_state = 0

        self._init_arch()
        self._init_memblock()
        self._init_zones()
        self._init_mm()
        self._init_slab()

    def _init_arch(self) -> None:
        """arch/x86: e820, setup, the direct map, NUMA, CPUs, resources."""
        nr_cpus = self.build.number("NR_CPUS")
        # init/main.c, kernel/params.c, kernel/printk/printk.c
        self.static_command_line = ""
        self.early_param_done = False
        self.console_loglevel = 7
        self.log_buf = self.build.symbol("__log_buf")
        self.log_buf_len = 1 << self.build.number("LOG_BUF_SHIFT")
        self.new_log_buf_len = 0
        # arch/x86/kernel/head64.c
        self.early_mapped: set[tuple[int, int]] = set()
        self.next_early_pgt = 2
        self.cr3_is_early = True
        # arch/x86/kernel/e820.c
        self.boot_params = boot_params(self.machine)
        self.e820 = e820map()
        self.e820_saved = e820map()
        self.e820_res: list[resource] = []
        self.e820_userdef = False
        self.pci_mem_start = 0xAEEDBABE
        # arch/x86/kernel/setup.c
        self._brk_start = self._brk_end = self.build.symbol("__brk_base")
        self.reserve_low = self.build.number("X86_RESERVE_LOW") << 10
        self.relocated_ramdisk = 0
        self.initrd_start = self.initrd_end = 0
        self.saved_max_pfn = 0
        self.mmap_min_addr = 0
        self.noreplace_smp = False
        self.do_retain_initrd = False
        self.max_threads = 0
        self.saved_root_name = ""
        # mm/hugetlb.c, fs/namespace.c
        self.hstates: list[hstate] = []
        self.parsed_hstate: hstate | None = None
        self.default_hstate_size = 0
        self.default_hstate_max_huge_pages = 0
        self.last_mhp: int | str | None = None
        self.huge_boot_pages: list[tuple[hstate, int]] = []
        self.mhash_entries = self.mphash_entries = 0
        self.high_memory = 0
        self.max_pfn_mapped = self.max_low_pfn_mapped = 0
        self.crashk_res = resource("Crash kernel", 0, 0, IORESOURCE_BUSY | IORESOURCE_MEM)
        self.crashk_low_res = resource("Crash kernel", 0, 0, IORESOURCE_BUSY | IORESOURCE_MEM)
        self.iomem_resource = resource("PCI mem", 0, (1 << 64) - 1, IORESOURCE_MEM)
        self.ioport_resource = resource("PCI IO", 0, 0xFFFF, IORESOURCE_IO)
        self.efi_memmap: list[EfiMemory] = []
        self.efi_boot = False
        self.add_efi_memmap = False
        self.efi_disable_runtime = False
        # arch/x86/kernel/cpu/mtrr/cleanup.c
        self.disable_mtrr_trim = False
        # arch/x86/kernel/check.c, arch/x86/realmode/init.c
        self.memory_corruption_check = -1
        self.corruption_check_size = 64 << 10
        self.scan_areas: list[tuple[int, int]] = []
        self.real_mode_header = 0
        # arch/x86/mm/init.c, arch/x86/mm/init_64.c
        self.pgt_buf_start = self.pgt_buf_end = self.pgt_buf_top = 0
        self.min_pfn_mapped = 0
        self.can_use_brk_pgt = True
        self.after_bootmem = 0
        self.direct_gbpages = int(self.build.enabled("DIRECT_GBPAGES"))
        self.page_size_mask = 0
        self.pfn_mapped: list[tuple[int, int]] = []
        self.direct_pages_count = [0] * 5
        self.disable_nx = False
        self.vsyscall_mode = "emulate"
        self.init_pgt = PageTables()
        image_tables(self.init_pgt, self.pa_symbol, self.phys_base)
        self.early_ioremap_debug = 0
        # arch/x86/kernel/mpparse.c, arch/x86/kernel/acpi/boot.c, arch/x86/kernel/apic
        self.smp_found_config = False
        self.acpi_disabled = False
        self.acpi_lapic = self.acpi_ioapic = False
        self.acpi_numa = 0
        self.disable_apic = False
        self.skip_ioapic_setup = False
        self.acpi_noirq = False
        self.disabled_cpu_apicid = 0xFFFF
        self.mp_lapic_addr = 0
        self.ioapics: list[tuple[int, int]] = []
        self.enable_update_mptable = self.alloc_mptable = False
        self.mpc_new_phys, self.mpc_new_length = 0, 4096
        self.num_processors = self.disabled_cpus = self.total_cpus = 0
        self.setup_max_cpus = nr_cpus
        self.setup_possible_cpus = -1
        self.nr_cpu_ids = nr_cpus
        self.boot_cpu_physical_apicid = -1
        self.x86_cpu_to_apicid: dict[int, int] = {}
        self.cpu_possible_mask: set[int] = set()
        self.cpu_present_mask: set[int] = set()
        self.cpu_online_mask: set[int] = set()
        self.cpu_active_mask: set[int] = set()
        # arch/x86/mm/numa.c, arch/x86/mm/srat.c, drivers/acpi/numa.c
        self.numa_off = 0
        self.numa_nodes_parsed: set[int] = set()
        self.numa_meminfo: list[numa_memblk] = []
        self.numa_distance_cnt = 0
        self.numa_distance = 0
        self.numa_distance_table: list[list[int]] = []
        self.apicid_to_node: dict[int, int] = {}
        self.x86_cpu_to_node_map = [NUMA_NO_NODE] * nr_cpus
        self.pxm_to_node_map: dict[int, int] = {}
        self.parsed_numa_memblks = 0
        self.node_to_cpumask_map: dict[int, set[int]] = {}
        # kernel/resource.c, kernel/power/snapshot.c, drivers/firmware/memmap.c
        self.reserved = 0
        self.nosave_regions: list[tuple[int, int]] = []
        self.firmware_map: list[tuple[int, int, str]] = []

    def _init_memblock(self) -> None:
        """mm/memblock.c, mm/nobootmem.c, mm/sparse*.c."""
        self.memblock = memblock()
        self.memblock_debug = False
        self.memblock_can_resize = False
        self.memblock_in_slab = {"memory": False, "reserved": False}
        self.movable_node_enabled = False
        self.max_low_pfn = 0
        self.min_low_pfn = 0
        self.max_pfn = 0

    def _init_zones(self) -> None:
        """Nodes, zones, sections: mm/page_alloc.c, mm/sparse.c, arch/x86/mm/numa.c. Counts are in pages."""
        max_nodes = 1 << self.build.number("NODES_SHIFT")
        self.node_data: dict[int, pglist_data] = NodeTable(self)
        self.node_states: dict[str, set[int]] = {
            "N_POSSIBLE": set(range(max_nodes)),
            "N_ONLINE": {0},
            "N_NORMAL_MEMORY": set(),
            "N_CPU": set(),
        }
        self.nr_node_ids = max_nodes
        self.nr_online_nodes = 1
        self.totalram_pages = 0
        self.totalreserve_pages = 0
        self.dirty_balance_reserve = 0
        self.percpu_pagelist_fraction = 0
        self.nr_kernel_pages = 0
        self.nr_all_pages = 0
        self.dma_reserve = 0
        self.highest_memmap_pfn = 0
        self.arch_zone_lowest_possible_pfn = [0] * MAX_NR_ZONES
        self.arch_zone_highest_possible_pfn = [0] * MAX_NR_ZONES
        self.required_kernelcore = 0
        self.required_movablecore = 0
        self.zone_movable_pfn = [0] * max_nodes
        self.movable_zone = 0
        self.page_group_by_mobility_disabled = 0
        self.min_free_kbytes = 1024
        self.user_min_free_kbytes = -1
        self.zone_reclaim_mode = 0
        self.current_zonelist_order = 0
        self.user_zonelist_order = 0
        self.node_load = [0] * max_nodes
        self.node_order: list[int] = []
        self.policy_zone = 0
        self.vm_total_pages = 0
        # Large hash tables: kernel/pid.c, fs/dcache.c, fs/inode.c. Tables are direct-map addresses.
        self.hashdist = 1 if self.build.enabled("NUMA") and self.build.enabled("64BIT") else 0
        self.pid_hash = self.dentry_hashtable = self.inode_hashtable = 0
        self.pidhash_shift = 4
        self.d_hash_shift = self.d_hash_mask = self.i_hash_shift = self.i_hash_mask = 0
        self.dhash_entries = self.ihash_entries = 0
        self.boot_pageset = {0: per_cpu_pageset()}
        self.early_pfn_last = (0, 0, 0)
        # mm/sparse.c: section_mem_map words and usemap addresses by section, roots by number.
        self.mem_section: dict[int, int] = {}
        self.section_mem_map: IntervalMap[int] = IntervalMap(0)
        self.section_usemap: IntervalMap[tuple[int, int]] = IntervalMap((0, 0))
        self.pageblock_migratetype: IntervalMap[int] = IntervalMap(0)
        # mm/sparse-vmemmap.c: the node's buffer; arch/x86/mm/init_64.c: large pages not yet printed.
        self.vmemmap_buf = self.vmemmap_buf_end = 0
        self.vmemmap_addr_start = self.vmemmap_addr_end = 0
        self.vmemmap_p_start = self.vmemmap_p_end = 0
        self.vmemmap_node_start = 0
        self.mminit_loglevel = 0

    def _init_mm(self) -> None:
        """mm/page_alloc.c, mm/mm_init.c, mm/vmstat.c, large hashes, mm/percpu.c."""
        self.page_flags = PageFlags(self.build)
        self.mem_map = MemMap()
        # lib/swiotlb.c, arch/x86/kernel/pci-dma.c
        self.no_iommu = 0
        self.swiotlb = 0
        self.swiotlb_force = 0
        self.io_tlb_nslabs = 0
        self.io_tlb_start = self.io_tlb_end = 0
        self.io_tlb_overflow_buffer = 0
        self.no_iotlb_memory = False
        self.iommu_table: list[Any] = []
        # mm/nobootmem.c, mm/page_alloc.c
        self.reset_managed_pages_done = False
        self.sysctl_lowmem_reserve_ratio = [256, 256, 32]
        self.gfp_allowed_mask = GFP_BOOT_MASK
        # mm/vmstat.c: counters by their kernel names, absent where 0.
        self.vm_stat: dict[str, int] = {}
        self.vm_events: dict[str, int] = {}
        # mm/percpu.c. What ends in _ptr is where the kernel keeps the table that stands without it.
        self.pcpu_chosen_fc = 0
        self.pcpu_unit_pages = 0
        self.pcpu_unit_size = 0
        self.pcpu_nr_units = 0
        self.pcpu_atom_size = 0
        self.pcpu_nr_slots = 0
        self.pcpu_nr_groups = 0
        self.pcpu_chunk_struct_size = 0
        self.pcpu_low_unit_cpu = 0
        self.pcpu_high_unit_cpu = 0
        self.pcpu_base_addr = 0
        self.pcpu_unit_map: dict[int, int] = {}
        self.pcpu_unit_map_ptr = 0
        self.pcpu_unit_offsets: dict[int, int] = {}
        self.pcpu_unit_offsets_ptr = 0
        self.pcpu_group_offsets: list[int] = []
        self.pcpu_group_offsets_ptr = 0
        self.pcpu_group_sizes: list[int] = []
        self.pcpu_group_sizes_ptr = 0
        self.pcpu_slot: list[list[PcpuChunk]] = []
        self.pcpu_slot_ptr = 0
        self.pcpu_first_chunk: PcpuChunk | None = None
        self.pcpu_reserved_chunk: PcpuChunk | None = None
        self.pcpu_reserved_chunk_limit = 0
        self.pcpu_nr_empty_pop_pages = 0
        self.pcpu_atomic_alloc_failed = False
        self.pcpu_warn_limit = 10
        self.pcpu_pages_ptr = 0
        load = self.build.symbols.get("__per_cpu_load", 0)
        self.per_cpu_offset = [load] * int(self.build.config.get("NR_CPUS", "1"))

    def _init_slab(self) -> None:
        """mm/slub.c, mm/slab_common.c, mm/vmalloc.c."""
        # mm/slab_common.c
        self.slab_state = DOWN
        self.slab_caches: list[KmemCache] = []
        self.kmem_cache = KmemCache()
        self.kmalloc_caches: list[KmemCache | None] = [None] * 14
        self.kmalloc_dma_caches: list[KmemCache | None] = [None] * 14
        self.size_index = (3, 4, 5, 5, *(6,) * 4, *(1,) * 4, *(7,) * 4, *(2,) * 8)
        self.slab_nomerge = 0
        # mm/slub.c; slab_pages has the slab of every page of a slab, by page frame
        self.kmem_cache_node = KmemCache()
        self.slab_pages: dict[int, SlabPage] = {}
        self.slub_debug = 0
        self.slub_debug_slabs: str | None = None
        self.disable_higher_order_debug = 0
        self.slub_min_order = 0
        self.slub_max_order = 3
        self.slub_min_objects = 0
        self.alias_list: list[SavedAlias] = []
        # mm/vmalloc.c
        self.vmap_initialized = False
        self.vmlist: list[vm_struct] = []
        self.vm_init_off = 0
        self.vmap_area_list: list[vmap_area] = []
        self.vmap_area_root = rb_root()
        self.free_vmap_cache: vmap_area | None = None
        self.cached_hole_size = 0
        self.cached_vstart = 0
        self.cached_align = 0
        self.vmap_area_pcpu_hole = 0
        self.vmap_lazy_nr = 0
        self.vmap_block_queue: dict[int, list[vmap_block]] = {}
        self.vmap_block_tree: dict[int, vmap_block] = {}
        self.vmap_block_tree_root = radix_tree_root(GFP_ATOMIC)
        self.pcpu_vms_ptr: dict[int, int] = {}
        # arch/x86/mm/pat.c: what kind of caching I/O memory was reserved with
        self.memtypes: list[memtype] = []
        # mm/mempolicy.c; task_policy is that of the running task, il_next the node whose turn it is
        self.policy_cache: KmemCache | None = None
        self.preferred_node_policy = False
        self.task_policy: mempolicy | None = None
        self.task_policy_ptr = 0
        self.il_next = 0
        # kernel/rcu/tree.c, lib/radix-tree.c, kernel/irq/irqdesc.c, kernel/events/core.c
        self.rcu_callbacks: list[tuple[str, object]] = []
        self.radix_tree_node_cachep: KmemCache | None = None
        self.radix_tree_preloads: list[int] = []
        self.irq_desc_tree = radix_tree_root(GFP_KERNEL)
        self.nr_irqs = 0
        self.perf_sw_context = 0

    # What every kernel function uses.

    def printk(self, level: str, text: str) -> None:
        """Print `text` (with its newline, if the kernel prints one) at `level`, one of KERN_*."""
        self.events.append(Printk(level, text))

    def pr_cont(self, text: str) -> None:
        """Continue the open line of the log."""
        self.events.append(Printk(KERN_CONT, text))

    def step(self, slug: str, **values: Any) -> None:
        """Pass a point inside a function that an annotation explains."""
        self.events.append(Step(slug, tuple(values.items())))

    @contextmanager
    def repeat(self, n: int) -> Iterator[None]:
        """What is recorded inside stands for `n` equal rounds of a loop; nothing is recorded when n is 0."""
        if n == 1:
            yield
            return
        mark = len(self.events)
        self.events.append(Repeat(n))
        yield
        if n == 0:
            del self.events[mark:]
        else:
            self.events.append(RepeatEnd())

    def warn_once(self, text: str, site: str = "") -> None:
        """WARN_ONCE(): print `text` the first time the boot comes by here. `site` names the place; without
        it, the text does.

        Simplified: the registers and the stack that a real warning prints with it are left out.
        """
        if (site or text) not in self.warned:
            self.warned.add(site or text)
            self.printk(KERN_WARNING, text)

    def caller(self) -> str:
        """Who called the running function: what %pF of its return address prints, without the offset.

        Functions that the compiler inlined have no symbol in the build and are passed over. The stack is
        read back out of the trace, so that recording it costs nothing.
        """
        symbols = self.build.symbols
        done, frames = 0, 0
        for event in reversed(self.events):
            if isinstance(event, Return):
                done += 1
            elif isinstance(event, Call):
                if done:
                    done -= 1
                elif event.ref.name in symbols:
                    frames += 1
                    if frames == 2:
                        return event.ref.name
        return "0x0"

    def panic(self, message: str) -> Never:
        """End the boot."""
        self.printk(KERN_EMERG, f"Kernel panic - not syncing: {message}\n")
        raise KernelPanic(message)

    def bug(self, where: str) -> Never:
        """BUG(): end the boot where the kernel's own consistency check fails."""
        self.printk(KERN_CRIT, f"kernel BUG at {where}!\n")
        raise KernelBug(where)

    # Addresses.

    def pa_symbol(self, name: str) -> int:
        """Physical address of a symbol of the kernel image."""
        return _image_offset(self.build.symbol(name)) + self.phys_base

    @property
    def phys_base(self) -> int:
        """How far the image was moved from the address it was linked for, in bytes."""
        return self._phys_base


def __va(phys: int) -> int:
    """Direct-map address of a physical address."""
    return phys + PAGE_OFFSET


def __pa(virt: int) -> int:
    """Physical address of a direct-map address."""
    return virt - PAGE_OFFSET
