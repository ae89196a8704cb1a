"""What the init thread starts with: a memory policy of its own, and allocations that may wait."""

from __future__ import annotations

from kmmdoc.lab import Lab
from kmmdoc.linux.include.linux.gfp import __GFP_BITS_MASK as ALL
from kmmdoc.linux.include.linux.gfp import GFP_BOOT_MASK, GFP_KERNEL
from kmmdoc.linux.mm.slub.alloc import kmem_cache_alloc


def test_allocations_may_wait_once_the_init_thread_runs() -> None:
    assert Lab.boot("m1g-c2", after="vfs_caches_init").kernel.gfp_allowed_mask == GFP_BOOT_MASK
    assert Lab.boot("m1g-c2", after="smp_init").kernel.gfp_allowed_mask == ALL


def test_the_init_thread_has_a_copy_of_the_policy_and_the_idle_task_drops_its_own_first() -> None:
    lab = Lab.boot("numa2-m4g-c4", after="vfs_caches_init")
    boots = lab.kernel.task_policy_ptr
    k = Lab.boot("numa2-m4g-c4").kernel
    assert k.task_policy is None
    assert k.policy_cache is not None
    # What was freed last is given out first: the copy, which lies behind the boot's own policy.
    copy, own = (kmem_cache_alloc(k, k.policy_cache, GFP_KERNEL) for _ in range(2))
    assert (copy, own) == (boots + k.policy_cache.size, boots)
