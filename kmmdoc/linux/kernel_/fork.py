"""kernel/fork.c."""

from __future__ import annotations

from kmmdoc.linux.kernel import Kernel
from kmmdoc.linux.kfunc import kfunc
from kmmdoc.model.quantities import PAGE_SIZE

THREAD_SIZE = 16384
MIN_THREADS = 20


@kfunc
def fork_init(k: Kernel, mempages: int) -> None:
    """Limit the number of threads so that their stacks take no more than an eighth of memory.

    Simplified: the cache that tasks come from is left out.
    """
    k.max_threads = max(mempages // (8 * THREAD_SIZE // PAGE_SIZE), MIN_THREADS)
