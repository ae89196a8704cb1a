"""init/main.c: the order in which everything happens."""

from __future__ import annotations

from kmmdoc.linux.arch.x86.kernel.cpu.bugs_64 import check_bugs
from kmmdoc.linux.arch.x86.kernel.e820.use import e820_reserve_resources_late
from kmmdoc.linux.arch.x86.kernel.pci_swiotlb import pci_swiotlb_late_init
from kmmdoc.linux.arch.x86.kernel.smpboot import native_smp_prepare_boot_cpu, native_smp_prepare_cpus
from kmmdoc.linux.arch.x86.mm.init_64_mem import mem_init
from kmmdoc.linux.arch.x86.mm.init_64_rodata import mark_rodata_ro
from kmmdoc.linux.arch.x86.mm.init_free import free_initmem
from kmmdoc.linux.drivers.tty.tty_io import console_init
from kmmdoc.linux.fs.dcache import vfs_caches_init, vfs_caches_init_early
from kmmdoc.linux.include.linux.bootmem import memblock_virt_alloc
from kmmdoc.linux.include.linux.gfp import __GFP_BITS_MASK
from kmmdoc.linux.include.linux.mm import pgtable_init
from kmmdoc.linux.init.do_mounts import prepare_namespace
from kmmdoc.linux.init.initramfs import populate_rootfs
from kmmdoc.linux.kernel.cgroup import cgroup_init_early
from kmmdoc.linux.kernel.events.core import perf_event_init
from kmmdoc.linux.kernel.extable import sort_main_extable
from kmmdoc.linux.kernel.fork import fork_init, kernel_thread
from kmmdoc.linux.kernel.irq.irqdesc import early_irq_init
from kmmdoc.linux.kernel.params import CORE_PARAMS, parameq, parameqn, parse_args
from kmmdoc.linux.kernel.pid import pidhash_init
from kmmdoc.linux.kernel.printk.printk import setup_log_buf
from kmmdoc.linux.kernel.rcu.tree import rcu_init
from kmmdoc.linux.kernel.sched.core import sched_init, sched_init_smp
from kmmdoc.linux.kernel.smp import setup_nr_cpu_ids, smp_init
from kmmdoc.linux.kernel.smp_calls import call_function_init
from kmmdoc.linux.kfunc import early_param, early_params, extern, kfunc, setup_param, setup_params
from kmmdoc.linux.lib.cmdline import get_option
from kmmdoc.linux.lib.idr import idr_init_cache
from kmmdoc.linux.lib.radix_tree import radix_tree_init
from kmmdoc.linux.mm.hugetlb import hugetlb_init
from kmmdoc.linux.mm.mempolicy import numa_default_policy, numa_policy_init
from kmmdoc.linux.mm.page_alloc.hash import page_alloc_init
from kmmdoc.linux.mm.page_alloc.pcp import setup_per_cpu_pageset
from kmmdoc.linux.mm.page_alloc.wmark import init_per_zone_wmark_min
from kmmdoc.linux.mm.page_alloc.zonelists import build_all_zonelists
from kmmdoc.linux.mm.percpu.area import percpu_init_late
from kmmdoc.linux.mm.slub.boot import kmem_cache_init, kmem_cache_init_late
from kmmdoc.linux.mm.vmalloc.init import vmalloc_init
from kmmdoc.linux.state import KERN_NOTICE, KERN_WARNING, Kernel

setup_arch = extern("setup_arch")
EINVAL = 22
COMMAND_LINE_SIZE = 2047
SYSTEM_RUNNING = 1

setup_per_cpu_areas = extern("setup_per_cpu_areas")
trap_init = extern("trap_init")
efi_free_boot_services = extern("efi_free_boot_services")


@early_param("debug")
def debug_kernel(k: Kernel, value: str | None) -> int:
    """debug: show every message on the console."""
    k.console_loglevel = 10
    return 0


@early_param("quiet")
def quiet_kernel(k: Kernel, value: str | None) -> int:
    """quiet: show only the worst messages on the console."""
    k.console_loglevel = 4
    return 0


@early_param("loglevel")
@kfunc
def loglevel(k: Kernel, value: str | None) -> int:
    """loglevel=N: show messages below level N on the console."""
    kind, level, _ = get_option(value)
    if not kind:
        return -EINVAL
    k.console_loglevel = level
    return 0


@setup_param("init=")
@kfunc
def init_setup(k: Kernel, rest: str) -> int:
    """init=: the first program to run."""
    return 1


@kfunc
def repair_env_string(k: Kernel, param: str, value: str | None) -> int:
    """Put the '=' back between name and value."""
    return 0


@kfunc
def obsolete_checksetup(k: Kernel, line: str) -> int:
    """Offer `line`, a whole option, to every __setup() handler.

    1 when one took it or it was an early option.
    """
    had_early_param = 0
    for option, _ in early_params:
        if parameqn(line, option, len(option)) and line[len(option) : len(option) + 1] in ("", "="):
            had_early_param = 1
    for prefix, function in setup_params:
        if parameqn(line, prefix, len(prefix)) and function(k, line[len(prefix) :]):
            return 1
    return had_early_param


@kfunc
def unknown_bootoption(k: Kernel, param: str, value: str | None) -> int:
    """An option that is no kernel parameter: for a __setup() handler, or else for init.

    Simplified: what is kept for init (its arguments and environment) is not modelled.
    """
    repair_env_string(k, param, value)
    obsolete_checksetup(k, param if value is None else f"{param}={value}")
    return 0


@kfunc
def setup_command_line(k: Kernel, command_line: str) -> None:
    """Keep the command line in three copies: untouched, for the initcalls, and for parsing in place."""
    size = len(k.boot_command_line) + 1
    memblock_virt_alloc(k, size, 0)
    memblock_virt_alloc(k, size, 0)
    memblock_virt_alloc(k, len(command_line) + 1, 0)
    k.saved_command_line, k.static_command_line = k.boot_command_line, command_line


@kfunc
def do_early_param(k: Kernel, param: str, value: str | None) -> int:
    """Hand one option to every early_param() handler of that name (console= also to those of earlycon)."""
    for option, function in early_params:
        if (parameq(param, option) or (param == "console" and option == "earlycon")) and function(k, value):
            k.printk(KERN_WARNING, f"Malformed early option '{param}'\n")
    return 0


@kfunc
def parse_early_options(k: Kernel, cmdline: str) -> None:
    """Go through `cmdline` for early options only."""
    parse_args(k, "early options", cmdline, (), do_early_param)


@kfunc
def parse_early_param(k: Kernel) -> None:
    """Handle the early options, once.

    Architectures that need them sooner call this before start_kernel() does.
    """
    if k.early_param_done:
        return
    parse_early_options(k, k.boot_command_line[:COMMAND_LINE_SIZE])
    k.early_param_done = True


@kfunc
def boot_cpu_init(k: Kernel) -> None:
    """The CPU that runs this is possible, present, online and active."""
    for mask in (k.cpu_possible_mask, k.cpu_present_mask, k.cpu_online_mask, k.cpu_active_mask):
        mask.add(0)


@kfunc
def smp_setup_processor_id(k: Kernel) -> None:
    """Nothing to do on this architecture."""


@kfunc
def mm_init(k: Kernel) -> None:
    """Set up the memory allocators, from memblock to vmalloc."""
    mem_init(k)
    kmem_cache_init(k)
    percpu_init_late(k)
    pgtable_init(k)
    vmalloc_init(k)


@kfunc
def do_initcalls(k: Kernel) -> None:
    """Run the initialisation of every subsystem and driver, level by level.

    Simplified: only those are here that give, take or describe memory as this simulation knows it.
    """
    e820_reserve_resources_late(k)
    populate_rootfs(k)
    pci_swiotlb_late_init(k)
    init_per_zone_wmark_min(k)
    hugetlb_init(k)


@kfunc
def kernel_init_freeable(k: Kernel) -> None:
    """The init thread's part that can be freed afterwards: the other CPUs, all subsystems, the root file
    system. From here on allocations may wait.

    Simplified: an initial RAM disk is taken to hold the first program, so that nothing else is mounted.
    """
    k.gfp_allowed_mask = __GFP_BITS_MASK
    native_smp_prepare_cpus(k, k.setup_max_cpus)
    smp_init(k)
    sched_init_smp(k)
    do_initcalls(k)
    if k.machine.initrd is None:
        prepare_namespace(k)


@kfunc
def kernel_init(k: Kernel) -> None:
    """The init thread: finish the boot and free what only the boot needed.

    Simplified: it ends where it would start the first program.
    """
    kernel_init_freeable(k)
    free_initmem(k)
    mark_rodata_ro(k)
    k.system_state = SYSTEM_RUNNING
    numa_default_policy(k)


@kfunc
def rest_init(k: Kernel) -> None:
    """Start the init thread, which brings up the other CPUs, and become the idle task.

    The init thread takes a copy of the boot's memory policy along. The idle task drops its own before it
    starts the thread that starts all other threads, so those have none. The init thread runs only then.
    """
    init = kernel_thread(k)
    numa_default_policy(k)
    kernel_thread(k)
    if init is not None:
        k.task_policy, k.task_policy_ptr, k.il_next = init
        kernel_init(k)


@kfunc
def start_kernel(k: Kernel) -> None:
    """Architecture-independent start of the kernel, still on one CPU and with interrupts off.

    Simplified: of the steps after mm_init() only those are here that memory management takes part in.
    """
    smp_setup_processor_id(k)
    cgroup_init_early(k)
    boot_cpu_init(k)
    k.printk(KERN_NOTICE, k.build.banner + "\n")
    command_line = setup_arch(k)
    setup_command_line(k, command_line)
    setup_nr_cpu_ids(k)
    setup_per_cpu_areas(k)
    native_smp_prepare_boot_cpu(k)

    build_all_zonelists(k)
    page_alloc_init(k)

    k.printk(KERN_NOTICE, f"Kernel command line: {k.boot_command_line}\n")
    parse_early_param(k)
    parse_args(k, "Booting kernel", k.static_command_line, CORE_PARAMS, unknown_bootoption)

    setup_log_buf(k, 0)
    pidhash_init(k)
    vfs_caches_init_early(k)
    sort_main_extable(k)
    trap_init(k)
    mm_init(k)

    sched_init(k)
    idr_init_cache(k)
    rcu_init(k)
    radix_tree_init(k)
    early_irq_init(k)
    perf_event_init(k)
    call_function_init(k)
    kmem_cache_init_late(k)
    console_init(k)
    setup_per_cpu_pageset(k)
    numa_policy_init(k)
    fork_init(k, k.totalram_pages)
    vfs_caches_init(k, k.totalram_pages)
    check_bugs(k)
    if k.efi_memmap:
        efi_free_boot_services(k)
    rest_init(k)
