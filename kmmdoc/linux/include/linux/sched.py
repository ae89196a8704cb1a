"""include/linux/sched.h: a task, as far as memory management looks at it."""

from __future__ import annotations

from typing import NamedTuple

from kmmdoc.linux.include.linux.mempolicy import mempolicy


class task_struct(NamedTuple):
    """A task that does not run now: its memory policy, the address of that, and whose turn is next.

    Of the running task the kernel itself has them: `task_policy`, `task_policy_ptr`, `il_next`.
    """

    mempolicy: mempolicy | None
    mempolicy_ptr: int
    il_next: int
