"""kernel/printk/printk.c, its memory: the log buffer and the options about it."""

from __future__ import annotations

from kmmdoc.linux.include.linux.bootmem import memblock_virt_alloc, memblock_virt_alloc_nopanic
from kmmdoc.linux.kfunc import early_param, kfunc
from kmmdoc.linux.lib.cmdline import memparse
from kmmdoc.linux.state import KERN_ERR, KERN_INFO, Kernel

LOG_ALIGN = 8


def log_buf_len_update(k: Kernel, size: int) -> None:
    """Ask for a log buffer of `size` bytes, rounded up to a power of two, if that is more than there is."""
    size &= 0xFFFF_FFFF
    if size:
        size = 1 << (size - 1).bit_length()
    if size > k.log_buf_len:
        k.new_log_buf_len = size


@early_param("log_buf_len")
@kfunc
def log_buf_len_setup(k: Kernel, value: str | None) -> int:
    """log_buf_len=SIZE: the log buffer's size; it is too early to allocate it here."""
    log_buf_len_update(k, memparse(value or "")[0])
    return 0


@kfunc
def log_buf_add_cpu(k: Kernel) -> None:
    """Ask for more log buffer when many CPUs may come.

    Each adds one share, if all but one exceed half of it.
    """
    if len(k.cpu_possible_mask) == 1:
        return
    share = 1 << k.build.number("LOG_CPU_MAX_BUF_SHIFT")
    base = 1 << k.build.number("LOG_BUF_SHIFT")
    cpu_extra = (len(k.cpu_possible_mask) - 1) * share
    if cpu_extra <= base // 2:
        return
    k.printk(KERN_INFO, f"log_buf_len individual max cpu contribution: {share} bytes\n")
    k.printk(KERN_INFO, f"log_buf_len total cpu_extra contributions: {cpu_extra} bytes\n")
    k.printk(KERN_INFO, f"log_buf_len min size: {base} bytes\n")
    log_buf_len_update(k, cpu_extra + base)


@kfunc
def setup_log_buf(k: Kernel, early: int) -> None:
    """Move the log into a larger buffer, once, if one was asked for.

    Simplified: how much of the first buffer is used is not modelled, so its free part is not printed.
    """
    if k.log_buf != k.build.symbol("__log_buf"):
        return
    if not early and not k.new_log_buf_len:
        log_buf_add_cpu(k)
    if not k.new_log_buf_len:
        return
    size = k.new_log_buf_len
    found = (memblock_virt_alloc if early else memblock_virt_alloc_nopanic)(k, size, LOG_ALIGN)
    if not found:
        k.printk(KERN_ERR, f"log_buf_len: {size} bytes not available\n")
        return
    k.log_buf, k.log_buf_len, k.new_log_buf_len = found, size, 0
    k.printk(KERN_INFO, f"log_buf_len: {size} bytes\n")


@early_param("ignore_loglevel")
@kfunc
def ignore_loglevel_setup(k: Kernel, value: str | None) -> int:
    """ignore_loglevel: show every message on the console."""
    k.printk(KERN_INFO, "debug: ignoring loglevel setting.\n")
    return 0
