from kmmdoc.model.trace import (
    Call,
    KernelRef,
    Printk,
    Repeat,
    RepeatEnd,
    Return,
    call_tree,
    dmesg,
    fold,
)

A, B, C = (KernelRef("mm/x.c", name) for name in "abc")


def calls(*names_and_ends):
    return [Return(None) if x is None else Call(x, ()) for x in names_and_ends]


def flat(node):
    return [(depth, n.ref.name, n.count) for depth, n in node.walk()]


def test_the_tree_follows_calls_and_returns():
    (root,) = call_tree(calls(A, B, C, None, None, B, None, None))
    assert flat(root) == [(0, "a", 1), (1, "b", 1), (2, "c", 1), (1, "b", 1)]
    assert (root.at, root.end) == (0, 7)


def test_repeats_multiply_counts_and_nest():
    events = [
        *calls(A),
        Repeat(3),
        *calls(B),
        Repeat(2),
        *calls(C, None),
        RepeatEnd(),
        *calls(None),
        RepeatEnd(),
        *calls(None),
    ]
    (root,) = call_tree(events)
    assert flat(root) == [(0, "a", 1), (1, "b", 3), (2, "c", 6)]


def test_folding_joins_equal_neighbours_only():
    (root,) = call_tree(calls(A, B, C, None, None, B, C, None, None, B, None, None))
    assert flat(fold(root)) == [(0, "a", 1), (1, "b", 2), (2, "c", 2), (1, "b", 1)]


def test_a_panic_leaves_calls_open_and_the_tree_whole():
    (root,) = call_tree(calls(A, B))
    assert flat(root) == [(0, "a", 1), (1, "b", 1)]
    assert root.children[0].end == 2


def test_log_lines_join_continuations():
    events = [
        Printk("6", "one\n"),
        Printk("6", "two:"),
        Printk("c", " 1"),
        Printk("c", " 2\n"),
        Printk("6", "three\nfour\n"),
    ]
    assert dmesg(events) == ["one", "two: 1 2", "three", "four"]


def test_a_console_drops_what_is_above_its_level():
    events = [Printk("7", "debug\n"), Printk("6", "info\n"), Printk("4", "warning\n")]
    assert dmesg(events, console_level=7) == ["info", "warning"]
