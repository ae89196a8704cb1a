"""kernel/fork.c."""

from __future__ import annotations

from kmmdoc.linux.include.linux.sched import task_struct
from kmmdoc.linux.kfunc import kfunc
from kmmdoc.linux.mm.mempolicy import __mpol_dup
from kmmdoc.linux.state import Kernel
from kmmdoc.model.quantities import PAGE_SIZE

THREAD_SIZE = 16384
MIN_THREADS = 20


@kfunc
def fork_init(k: Kernel, mempages: int) -> None:
    """Limit the number of threads so that their stacks take no more than an eighth of memory.

    Simplified: the cache that tasks come from is left out.
    """
    k.max_threads = max(mempages // (8 * THREAD_SIZE // PAGE_SIZE), MIN_THREADS)


@kfunc
def copy_process(k: Kernel) -> task_struct | None:
    """A copy of the running task with a memory policy of its own; None where there is no memory for that.

    Simplified: only the policy is copied. What else a task needs, from its structure and stack on, takes no
    memory here.
    """
    if k.task_policy is None:
        return task_struct(None, 0, k.il_next)
    address = __mpol_dup(k)
    return task_struct(k.task_policy, address, k.il_next) if address else None


@kfunc
def kernel_thread(k: Kernel) -> task_struct | None:
    """A new thread of the kernel, which does not run yet; None where there is no memory for it."""
    return copy_process(k)
