"""Call trees on traces written by hand."""

from kmmdoc.dot.bands import draw_bands
from kmmdoc.model.run import Run
from kmmdoc.model.snapshot import Snapshot
from kmmdoc.model.trace import Call, KernelRef, Return
from kmmdoc.model.words import words
from kmmdoc.views.runs.call_tree import call_trees, neighbours
from kmmdoc.views.runs.calls import between, boundary, trim_context
from kmmdoc.views.runs.timeline import Stretch, timeline


def ref(name):
    return KernelRef("mm/x.c", name)


def trace(text):
    """`a( b() b() )` to events."""
    events = []
    for word in text.replace("(", "( ").replace(")", " )").split():
        events.append(Return(None) if word == ")" else Call(ref(word[:-1]), ()))
    return events


def run_of(text, **stages):
    snapshots = {name: Snapshot(name, at) for name, at in stages.items()}
    return Run(None, trace(text), snapshots)


def shape(forest):
    return [(c.ref.name, c.count, c.context, shape(c.children)) for c in forest]


def test_calls_of_one_caller_are_joined_even_when_others_stand_between():
    run = run_of("a( b() c() b( d() ) )")
    assert shape(between(run.calls, 0, 99)) == [
        ("a", 1, False, [("b", 2, False, [("d", 1, False, [])]), ("c", 1, False, [])])
    ]


def test_a_stop_at_an_entry_stands_before_that_call():
    # Events: 0 a, 1 b, 2 return, 3 c, 4 return, 5 return. The stop at c's entry stands behind event 3.
    run = run_of("a( b() c() )", before_c=4, after_b=3)
    assert boundary(run, "before_c") == 3
    assert boundary(run, "after_b") == 3


def test_functions_entered_earlier_are_context_and_only_what_lies_between_is_shown():
    run = run_of("a( b() s( c() d() ) e() )")
    # From c's call (index 4) to before d's (index 6): only c, inside a and s.
    forest = between(run.calls, 4, 6)
    assert shape(forest) == [("a", 0, True, [("s", 0, True, [("c", 1, False, [])])])]
    path, rest = trim_context(forest)
    assert [r.name for r in path] == ["a"]
    assert [c.ref.name for c in rest] == ["s"]


def test_no_figure_is_larger_than_the_limit_and_every_direct_call_is_in_one():
    calls = " ".join(f"f{i}( g{i}() h{i}() )" for i in range(30))
    run = run_of(f"a( {calls} )")
    graphs = call_trees(between(run.calls, 0, 999), words(), limit=25)
    assert all(len(g.nodes) <= 25 for g in graphs)
    titles = {n.title for g in graphs for n in g.nodes}
    assert {f"f{i}" for i in range(30)} <= titles


def test_what_is_folded_is_counted_on_the_box():
    deep = "a( b( " + " ".join(f"c{i}( d{i}() )" for i in range(40)) + " ) )"
    graphs = call_trees(between(run_of(deep).calls, 0, 999), words(), limit=25, figures=1)
    box = next(n for n in graphs[0].nodes if n.title == "b")
    assert box.note == "▸80"  # 40 functions and one below each


def test_a_small_tree_is_one_figure_with_all_levels_that_fit():
    (graph,) = call_trees(between(run_of("a( b( c( d() ) ) )").calls, 0, 99), words())
    assert [n.title for n in graph.nodes] == ["a", "b", "c", "d"]
    assert len(graph.edges) == 3


def test_neighbours_have_callers_on_the_left_and_callees_on_the_right():
    (a,) = between(run_of("a( b() )").calls, 0, 99)
    graph = neighbours(ref("f"), [a], [a.children[0]], words())
    assert [(e.source, e.dest) for e in graph.edges] == [("in0", "self"), ("self", "out0")]


def test_timeline_has_a_track_for_each_chapter_in_order():
    bands = timeline([Stretch("one", "stages/one", 0, 5, 2), Stretch("two", "stages/two", 5, 5, 0)], words())
    assert [t.title for t in bands.tracks] == ["one", "two"]
    assert bands.tracks[1].segments[0].end == 6  # an empty stretch is still to be seen
    assert bands.tracks[0].target == "doc:stages/one"
    assert "<title>one · 2 calls</title>" in draw_bands(bands)  # positions mean nothing here
