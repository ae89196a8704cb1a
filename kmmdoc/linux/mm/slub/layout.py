"""How objects lie in a slab: order of its pages, place of free pointer and debug data, boot options."""

from __future__ import annotations

from kmmdoc.linux.include.linux.gfp import __GFP_COMP, __GFP_RECLAIMABLE, GFP_DMA
from kmmdoc.linux.include.linux.slab import (
    MAX_ORDER,
    PAGE_SHIFT,
    SLAB_CACHE_DMA,
    SLAB_DEBUG_FREE,
    SLAB_DESTROY_BY_RCU,
    SLAB_FAILSLAB,
    SLAB_POISON,
    SLAB_RECLAIM_ACCOUNT,
    SLAB_RED_ZONE,
    SLAB_STORE_USER,
    SLAB_TRACE,
    get_order,
)
from kmmdoc.linux.include.linux.slub_def import KmemCache, OrderObjects
from kmmdoc.linux.kfunc import kfunc, setup_param
from kmmdoc.linux.lib.cmdline import get_option
from kmmdoc.linux.state import KERN_ERR, Kernel

KFILE = "mm/slub.c"

MIN_PARTIAL, MAX_PARTIAL = 5, 10
SLAB_DEBUG_FLAGS = SLAB_RED_ZONE | SLAB_POISON | SLAB_STORE_USER | SLAB_TRACE | SLAB_DEBUG_FREE
DEBUG_DEFAULT_FLAGS = SLAB_DEBUG_FREE | SLAB_RED_ZONE | SLAB_POISON | SLAB_STORE_USER
DEBUG_METADATA_FLAGS = SLAB_RED_ZONE | SLAB_POISON | SLAB_STORE_USER
MAX_OBJS_PER_PAGE = 32767
OBJECT_POISON = 0x8000_0000
CMPXCHG_DOUBLE = 0x4000_0000
ENOSYS = 38
WORD = 8


def kmem_cache_debug(s: KmemCache) -> bool:
    """Is any debugging of this cache on? Then its objects never go through a CPU's lockless list."""
    return bool(s.flags & SLAB_DEBUG_FLAGS)


def kmem_cache_has_cpu_partial(s: KmemCache) -> bool:
    """Does this cache keep partial slabs per CPU?"""
    return not kmem_cache_debug(s)


def align_up(value: int, align: int) -> int:
    """ALIGN: `value` rounded up to a multiple of `align`, a power of two."""
    return value + align - 1 & -align


def slab_ksize(s: KmemCache) -> int:
    """The bytes of an object that its user may touch."""
    if s.flags & (SLAB_RED_ZONE | SLAB_POISON):
        return s.object_size
    if s.flags & (SLAB_DESTROY_BY_RCU | SLAB_STORE_USER):
        return s.inuse
    return s.size


def order_objects(order: int, size: int, reserved: int) -> int:
    """Objects of `size` bytes that fit a block of `order` whose last `reserved` bytes are kept free."""
    return ((1 << PAGE_SHIFT + order) - reserved) // size


def oo_make(order: int, size: int, reserved: int) -> OrderObjects:
    """An order with its number of objects, as the kernel packs the two into one word."""
    word = (order << 16) + order_objects(order, size, reserved)
    return OrderObjects(word >> 16, word & 0xFFFF)


# Debug options.

_DEBUG_LETTERS = {
    "f": SLAB_DEBUG_FREE,
    "z": SLAB_RED_ZONE,
    "p": SLAB_POISON,
    "u": SLAB_STORE_USER,
    "t": SLAB_TRACE,
    "a": SLAB_FAILSLAB,
}


@setup_param("slub_debug")
@kfunc
def setup_slub_debug(k: Kernel, rest: str) -> int:
    """slub_debug[=letters][,slabs]: what to check, and for which caches (a prefix of their names).

    No letters mean all checks, `-` none, `o` all but where they would need a larger slab.
    """
    k.slub_debug = DEBUG_DEFAULT_FLAGS
    value = rest[1:] if rest.startswith("=") else ""
    if not value:
        return 1
    letters, comma, slabs = value.partition(",")
    if letters[:1].lower() == "o":
        k.disable_higher_order_debug = 1
        return 1
    if letters:
        k.slub_debug = 0
        if letters[0] == "-":
            return 1
        for letter in letters:
            flag = _DEBUG_LETTERS.get(letter.lower())
            if flag is None:
                k.printk(KERN_ERR, f"slub_debug option '{letter}' unknown. skipped\n")
            else:
                k.slub_debug |= flag
    if comma:
        k.slub_debug_slabs = slabs
    return 1


@kfunc
def kmem_cache_flags(k: Kernel, object_size: int, flags: int, name: str | None, ctor: str | None) -> int:
    """The cache's own flags and those that slub_debug= adds to it."""
    wanted = k.slub_debug_slabs
    if k.slub_debug and (wanted is None or (name is not None and name.startswith(wanted))):
        flags |= k.slub_debug
    return flags


# The order of a slab.


@kfunc
def slab_order(
    k: Kernel, size: int, min_objects: int, max_order: int, fract_leftover: int, reserved: int
) -> int:
    """The smallest order up to `max_order` that takes `min_objects` and wastes at most 1/`fract_leftover`.

    `max_order` + 1 (or more) where there is none. The result is also above `max_order` where even the
    smallest order would.
    """
    min_order = k.slub_min_order
    if order_objects(min_order, size, reserved) > MAX_OBJS_PER_PAGE:
        return get_order(size * MAX_OBJS_PER_PAGE) - 1
    order: int = max(min_order, (min_objects * size - 1).bit_length() - PAGE_SHIFT)
    while order <= max_order:
        slab_size = 1 << PAGE_SHIFT + order
        fits = slab_size >= min_objects * size + reserved
        if fits and (slab_size - reserved) % size <= slab_size // fract_leftover:
            break
        order += 1
    return order


@kfunc
def calculate_order(k: Kernel, size: int, reserved: int) -> int:
    """The page order for slabs of objects of `size` bytes, -ENOSYS where none can hold one.

    Many CPUs ask for many objects a slab. Waste up to a 16th is tried first, then an 8th and a 4th, then
    with fewer objects; at last a single object, above slub_max_order if it must be.
    """
    wanted = k.slub_min_objects or 4 * (k.nr_cpu_ids.bit_length() + 1)
    for min_objects in range(min(wanted, order_objects(k.slub_max_order, size, reserved)), 1, -1):
        for fraction in (16, 8, 4):
            order = slab_order(k, size, min_objects, k.slub_max_order, fraction, reserved)
            if order <= k.slub_max_order:
                return order
    order = slab_order(k, size, 1, k.slub_max_order, 1, reserved)
    if order <= k.slub_max_order:
        return order
    order = slab_order(k, size, 1, MAX_ORDER, 1, reserved)
    return order if order < MAX_ORDER else -ENOSYS


@kfunc
def set_min_partial(k: Kernel, s: KmemCache, minimum: int) -> None:
    """How many slabs a node keeps although they are empty."""
    s.min_partial = min(max(minimum, MIN_PARTIAL), MAX_PARTIAL)


@kfunc
def calculate_sizes(k: Kernel, s: KmemCache, forced_order: int) -> bool:
    """Lay out an object and its slab: size with debug data, free pointer, order. False where it cannot be.

    `forced_order` -1 lets calculate_order() choose. Behind the object come, each only where needed: a red
    zone word, the free pointer (it lies in the object otherwise), two tracking records, a padding word.
    """
    flags = s.flags
    size = align_up(s.object_size, WORD)
    if flags & SLAB_POISON and not flags & SLAB_DESTROY_BY_RCU and not s.ctor:
        s.flags |= OBJECT_POISON
    else:
        s.flags &= ~OBJECT_POISON
    if flags & SLAB_RED_ZONE and size == s.object_size:
        size += WORD
    s.inuse = size
    if flags & (SLAB_DESTROY_BY_RCU | SLAB_POISON) or s.ctor:
        s.offset = size
        size += WORD
    if flags & SLAB_STORE_USER:
        size += 2 * k.build.sizeof("track")
    if flags & SLAB_RED_ZONE:
        size += WORD
    size = align_up(size, s.align)
    s.size = size

    order = forced_order if forced_order >= 0 else calculate_order(k, size, s.reserved)
    if order < 0:
        return False
    s.allocflags = __GFP_COMP if order else 0
    if s.flags & SLAB_CACHE_DMA:
        s.allocflags |= GFP_DMA
    if s.flags & SLAB_RECLAIM_ACCOUNT:
        s.allocflags |= __GFP_RECLAIMABLE
    s.oo = oo_make(order, size, s.reserved)
    s.min = oo_make(get_order(size), size, s.reserved)
    if s.oo.objects > s.max.objects:
        s.max = s.oo
    return s.oo.objects != 0


def system_has_cmpxchg_double(k: Kernel) -> bool:
    """Can this CPU exchange two words at once, and does the build use it?"""
    return k.build.enabled("HAVE_CMPXCHG_DOUBLE") and "cx16" in k.machine.cpu_flags


def cpu_partial_objects(s: KmemCache) -> int:
    """How many free objects a CPU's partial slabs may count before they move to their nodes."""
    if not kmem_cache_has_cpu_partial(s):
        return 0
    if s.size >= 1 << PAGE_SHIFT:
        return 2
    if s.size >= 1024:
        return 6
    return 13 if s.size >= 256 else 30


@setup_param("slub_min_order=")
@kfunc
def setup_slub_min_order(k: Kernel, rest: str) -> int:
    """slub_min_order=N: no slab is smaller."""
    if rest:
        k.slub_min_order = get_option(rest)[1]
    return 1


@setup_param("slub_max_order=")
@kfunc
def setup_slub_max_order(k: Kernel, rest: str) -> int:
    """slub_max_order=N: a slab is larger only where a single object needs it."""
    if rest:
        k.slub_max_order = get_option(rest)[1]
    k.slub_max_order = min(k.slub_max_order, MAX_ORDER - 1)
    return 1


@setup_param("slub_min_objects=")
@kfunc
def setup_slub_min_objects(k: Kernel, rest: str) -> int:
    """slub_min_objects=N: how many objects a slab should take, 0 to go by the number of CPUs."""
    if rest:
        k.slub_min_objects = get_option(rest)[1]
    return 1
