"""mm/mm_init.c: checks of what memory initialisation made, and what it says with mminit_loglevel=."""

from __future__ import annotations

from kmmdoc.linux.include.linux.mmzone import populated_zone
from kmmdoc.linux.kfunc import early_param, kfunc
from kmmdoc.linux.lib.cmdline import get_option
from kmmdoc.linux.state import KERN_CONT, KERN_DEBUG, KERN_WARNING, Kernel

MMINIT_WARNING, MMINIT_VERIFY, MMINIT_TRACE = 0, 1, 2


def mminit_dprintk(k: Kernel, level: int, prefix: str, text: str) -> None:
    """Print `text` where mminit_loglevel is above `level`."""
    if level < k.mminit_loglevel:
        k.printk(KERN_WARNING if level <= MMINIT_WARNING else KERN_DEBUG, f"mminit::{prefix} {text}")


@kfunc
def mminit_verify_zonelist(k: Kernel) -> None:
    """Print, for every zone of every node, what an allocation from it tries; nobody checks it."""
    if k.mminit_loglevel < MMINIT_VERIFY:
        return
    for nid in sorted(k.node_states["N_ONLINE"]):
        pgdat = k.node_data[nid]
        for listid, kind in enumerate(("general", "thisnode")):
            for z in pgdat.node_zones:
                if not populated_zone(z):
                    continue
                k.printk(KERN_DEBUG, f"mminit::zonelist {kind} {nid}:{z.name} = ")
                for ref in pgdat.node_zonelists[listid].zonerefs:
                    if ref.zone_idx <= z.idx:
                        k.printk(KERN_CONT, f"{ref.zone.node}:{ref.zone.name} ")
                k.printk(KERN_CONT, "\n")


@kfunc
def mminit_verify_pageflags_layout(k: Kernel) -> None:
    """Print how node and zone share a page's flags word with the flags.

    Simplified: the layout itself is checked by the tests of PageFlags.
    """
    if k.mminit_loglevel <= MMINIT_TRACE:
        return
    flags = k.page_flags
    nodes, zones = 64 - flags.node_shift, flags.node_shift - flags.zone_shift
    used, width = k.build.enums["pageflags"]["__NR_PAGEFLAGS"], 64 - nodes - zones
    shown = (
        ("widths", f"Section 0 Node {nodes} Zone {zones} Lastcpupid 0 Flags {used}"),
        ("shifts", f"Section 0 Node {nodes} Zone {zones} Lastcpupid 0"),
        ("pgshifts", f"Section 0 Node {flags.node_shift} Zone {flags.zone_shift} Lastcpupid 0"),
        ("nodezoneid", f"Node/Zone ID: 64 -> {flags.zone_shift}"),
        ("usage", f"location: 64 -> {width} layout {width} -> {used} unused {used} -> 0 page-flags"),
    )
    for name, text in shown:
        mminit_dprintk(k, MMINIT_TRACE, f"pageflags_layout_{name}", text + "\n")


@kfunc
def mminit_verify_page_links(k: Kernel, page: int, zone: int, nid: int) -> None:
    """The page must say that it is of this zone and node."""
    flags = k.mem_map[page].flags
    if (k.page_flags.zonenum(flags), k.page_flags.nid(flags)) != (zone, nid):
        k.bug("mminit_verify_page_links")


@early_param("mminit_loglevel")
@kfunc
def set_mminit_loglevel(k: Kernel, text: str | None) -> int:
    """mminit_loglevel=N: 2 shows what is verified, 3 and more what is done."""
    kind, value, _ = get_option(text)
    if kind:
        k.mminit_loglevel = value
    return 0
