"""Kernel functions in Python: the decorator that names and records them, and the linker that joins them.

A module under `kmmdoc/linux/` stands for the kernel file of the same path; a module that is one part
of a large kernel file says so with `KFILE = "mm/page_alloc.c"`. `@kfunc` registers a function under
its kernel name and makes every call an event of the running kernel's trace.

`extern` is for the calls that go *up* the tree of imports, as setup_arch() calls a function that
init/main.c defines: the name is bound when it is first called, as the linker would bind it.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TypeVar

from kmmdoc.linux.state import Kernel
from kmmdoc.model.trace import Call, KernelRef, Return

P = ParamSpec("P")
R = TypeVar("R")

symbols: dict[str, Callable[..., Any]] = {}
"""Every kernel function that the simulator has, by kernel name. Filled at import, constant afterwards."""

externs: set[tuple[str, str]] = set()
"""(module that calls, kernel name) of every late-bound call."""

_PREFIX = "kmmdoc.linux."


def kernel_file(module: str) -> str:
    """The kernel file that a simulator module stands for.

    >>> kernel_file("kmmdoc.linux.mm.memblock")
    'mm/memblock.c'
    >>> kernel_file("kmmdoc.linux.kernel.params")
    'kernel/params.c'
    """
    own = getattr(sys.modules.get(module), "KFILE", None)
    return own if own is not None else module.removeprefix(_PREFIX).replace(".", "/") + ".c"


def kfunc(function: Callable[Concatenate[Kernel, P], R]) -> Callable[Concatenate[Kernel, P], R]:
    """Make `function(k, ...)` the kernel function of its name: registered, traced, with the debugger's stops.

    The function's name is the kernel's. Where the debugger has a stop at its entry or after its return
    (see `kmmdoc.linux.stages`), the snapshot is taken there, once, the first time.
    """
    name = function.__name__
    ref = KernelRef(kernel_file(function.__module__), name)
    if name in symbols:
        raise ValueError(
            f"two kernel functions are called {name}: {symbols[name].__module__} and {function.__module__}"
        )

    @functools.wraps(function)
    def call(k: Kernel, /, *args: P.args, **kwargs: P.kwargs) -> R:
        events = k.events
        events.append(Call(ref, (*args, *kwargs.values()) if kwargs else args))
        if name in k.stops_before:
            k.stop(k.stops_before.pop(name))
        value = function(k, *args, **kwargs)
        events.append(Return(value))
        if name in k.stops_after:
            k.stop(k.stops_after.pop(name))
        return value

    call.ref = ref  # type: ignore[attr-defined]
    symbols[name] = call
    return call


def extern(name: str) -> Callable[..., Any]:
    """The kernel function `name`, bound at the first call."""
    caller = sys._getframe(1).f_globals["__name__"]
    externs.add((caller, name))
    target: Callable[..., Any] | None = None

    def call(*args: Any, **kwargs: Any) -> Any:
        nonlocal target
        if target is None:
            target = symbols[name]
        return target(*args, **kwargs)

    call.__name__ = name
    return call


early_params: list[tuple[str, Callable[[Kernel, str | None], int | None]]] = []
"""The options that early_param() declares, in link order of the files that this simulator has."""


def early_param(option: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Declare the handler of an early option: `handler(k, value)`, value None without '='."""

    def declare(function: Callable[..., Any]) -> Callable[..., Any]:
        early_params.append((option, function))
        return function

    return declare


setup_params: list[tuple[str, Callable[[Kernel, str], int | None]]] = []
"""The options that __setup() declares; the prefix includes its '='."""


def setup_param(prefix: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Declare the decorated function as the handler of a __setup() option: `handler(k, rest)`."""

    def declare(function: Callable[..., Any]) -> Callable[..., Any]:
        setup_params.append((prefix, function))
        return function

    return declare
