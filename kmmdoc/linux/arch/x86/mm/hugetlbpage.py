"""arch/x86/mm/hugetlbpage.c: which sizes of huge pages this processor has."""

from __future__ import annotations

from kmmdoc.linux.kfunc import kfunc, setup_param
from kmmdoc.linux.lib.cmdline import memparse
from kmmdoc.linux.mm.hugetlb import PMD_ORDER, PUD_ORDER, hugetlb_add_hstate
from kmmdoc.linux.state import KERN_ERR, Kernel


@setup_param("hugepagesz=")
@kfunc
def setup_hugepagesz(k: Kernel, rest: str) -> int:
    """hugepagesz=SIZE: the hugepages= that follow are about this size: 2M, or 1G if the CPU has them."""
    size, _ = memparse(rest)
    if size == 2 << 20:
        hugetlb_add_hstate(k, PMD_ORDER)
    elif size == 1 << 30 and "pdpe1gb" in k.machine.cpu_flags:
        hugetlb_add_hstate(k, PUD_ORDER)
    else:
        k.printk(KERN_ERR, f"hugepagesz: Unsupported page size {size >> 20} M\n")
        return 0
    return 1
