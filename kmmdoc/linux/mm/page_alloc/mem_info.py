"""mm/page_alloc.c: the line that says how much memory there is."""

from __future__ import annotations

from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.state import KERN_DEFAULT, Kernel
from kmmdoc.model.quantities import PAGE_SHIFT

KFILE = "mm/page_alloc.c"

PAGE_TO_K = PAGE_SHIFT - 10


def nr_free_pages(k: Kernel) -> int:
    """Free pages of all zones."""
    return max(k.vm_stat.get("NR_FREE_PAGES", 0), 0)


def get_num_physpages(k: Kernel) -> int:
    """Present pages of all online nodes."""
    return sum(k.node_data[nid].node_present_pages for nid in k.node_states["N_ONLINE"])


@kfunc
def mem_init_print_info(k: Kernel, text: str | None) -> None:
    """Print free and present memory and what the kernel image takes, `text` at the end.

    Where one section of the image lies inside another, its size is taken off the outer one.
    """
    at = k.build.symbol
    spans = {
        "code": ("_stext", "_etext"),
        "data": ("_sdata", "_edata"),
        "rodata": ("__start_rodata", "__end_rodata"),
        "init data": ("__init_begin", "__init_end"),
        "init code": ("_sinittext", "_einittext"),
        "bss": ("__bss_start", "__bss_stop"),
    }
    size = {name: at(end) - at(start) for name, (start, end) in spans.items()}
    for outer, inner in (
        ("init data", "init code"),
        ("code", "init code"),
        ("data", "init data"),
        ("code", "rodata"),
        ("data", "rodata"),
    ):
        start, end = spans[outer]
        if at(start) <= at(spans[inner][0]) < at(end) and size[outer] > size[inner]:
            size[outer] -= size[inner]
    init = size["init data"] + size["init code"]
    present = get_num_physpages(k)
    k.printk(
        KERN_DEFAULT,
        f"Memory: {nr_free_pages(k) << PAGE_TO_K}K/{present << PAGE_TO_K}K available "
        f"({size['code'] >> 10}K kernel code, {size['data'] >> 10}K rwdata, {size['rodata'] >> 10}K rodata, "
        f"{init >> 10}K init, {size['bss'] >> 10}K bss, "
        f"{present - k.totalram_pages << PAGE_TO_K}K reserved{', ' + text if text else ''})\n",
    )
