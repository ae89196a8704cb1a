"""init/do_mounts.c: the root file system."""

from __future__ import annotations

from kmmdoc.linux.kfunc import kfunc, setup_param
from kmmdoc.linux.state import Kernel


@setup_param("root=")
@kfunc
def root_dev_setup(k: Kernel, rest: str) -> int:
    """root=DEVICE: where the root file system is."""
    k.saved_root_name = rest
    return 1


@setup_param("rootfstype=")
@kfunc
def fs_names_setup(k: Kernel, rest: str) -> int:
    """rootfstype=: its type."""
    return 1


@kfunc
def prepare_namespace(k: Kernel) -> None:
    """Mount the root file system; without one to mount, the boot ends.

    Simplified: a device that root= names is taken to be there.
    """
    if not k.saved_root_name:
        k.panic("VFS: Unable to mount root fs on unknown-block(0,0)")
