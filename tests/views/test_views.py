"""Every view on a recorded boot: what it shows is what the recording says."""

import xml.etree.ElementTree as ET
from itertools import pairwise
from pathlib import Path

import pytest

import kmmdoc.views
from kmmdoc.dot.draw import draw as to_svg
from kmmdoc.model.graph import Bands, Graph, Table
from kmmdoc.model.sections import memblock, nodes
from kmmdoc.views import draw, views

FILES = sorted(p.stem for p in Path(kmmdoc.views.__file__).parent.glob("*.py") if p.stem != "__init__")


def only(figures, name):
    return next(f for f in figures if f.name == name)


def test_discovery_finds_every_file():
    assert sorted(views()) == FILES


def test_a_module_that_is_no_view_is_refused(monkeypatch, tmp_path):
    (tmp_path / "broken.py").write_text("NEEDS = 1\n")
    monkeypatch.setattr(kmmdoc.views, "__path__", [str(tmp_path)])
    views.cache_clear()
    try:
        with pytest.raises(TypeError, match="is no view"):
            views()
    finally:
        views.cache_clear()


@pytest.mark.parametrize("name", FILES)
def test_every_view_draws_every_recorded_stage_that_has_its_sections(name, snapshots, shot):
    drawn = 0
    earlier = None
    for stage, snapshot in snapshots.items():
        if not all(section in snapshot for section in views()[name].needs):
            assert draw(name, shot(stage)) == ()
            continue
        for figure in draw(name, shot(stage, earlier)):
            drawn += 1
            if isinstance(figure, Table):
                assert all(len(row) == len(figure.header) for row in figure.rows)
            else:
                assert figure.alt
                ET.fromstring(to_svg(figure))
        earlier = stage
    assert drawn


def test_memblock_marks_exactly_the_regions_that_are_new(shot, snapshots):
    figure = only(draw("memblock", shot("after_reserve_real_mode", "after_memblock_x86_fill")), "memblock")
    memory, reserved = figure.tracks
    before = {(r.base, r.end) for r in memblock(snapshots["after_memblock_x86_fill"]).reserved}
    assert not any(s.changed for s in memory.segments)
    assert [s.changed for s in reserved.segments] == [
        (s.start, s.end) not in before for s in reserved.segments
    ]
    assert any(s.changed for s in reserved.segments)


def test_memblock_table_has_every_region_and_what_is_gone(shot, snapshots):
    figures = draw("memblock", shot("after_reserve_real_mode", "after_memblock_x86_fill"))
    table = only(figures, "memblock-reserved")
    now = memblock(snapshots["after_reserve_real_mode"]).reserved
    old = memblock(snapshots["after_memblock_x86_fill"]).reserved
    starts = [int(row[1].text, 16) for row in table.rows]
    assert starts[: len(now)] == [r.base for r in now]
    assert starts[len(now) :] == [r.base for r in old if r not in now]
    assert not any(f.name == "memblock-memory" for f in figures)  # that list did not change


def test_free_area_rows_are_the_recorded_counts(shot, snapshots):
    figures = draw("free_area", shot("after_mem_init", "before_mem_init"))
    raw = [z for n in snapshots["after_mem_init"]["nodes"] for z in n["zones"] if z["present_pages"]]
    assert len(figures) == len(raw)
    for figure, zone in zip(figures, raw, strict=True):
        head = figure.nodes[0]
        assert [int(r.value.split(" ")[0]) for r in head.rows] == zone["nr_free"]
        assert [r.changed for r in head.rows] == [n > 0 for n in zone["nr_free"]]  # all were empty before
        lists = sum(1 for counts in zone["free_list_counts"] for n in counts if n)
        assert len(figure.edges) == lists


def test_free_area_lists_begin_with_the_recorded_blocks(shot, snapshots):
    figure = only(draw("free_area", shot("after_mem_init")), "free_area-0-DMA32")
    zone = snapshots["after_mem_init"]["nodes"][0]["zones"][1]
    drawn = next(n for n in figure.nodes if n.id == "list-10-2")
    assert [r.label for r in drawn.rows[:5]] == [str(p) for p in zone["free_list_pfns"]["10/2"][:5]]
    assert drawn.rows[5].label == f"+ {zone['nr_free'][10] - 5}"


def test_per_cpu_unit_is_filled_without_gaps(shot, snapshots):
    units, unit = draw("per_cpu", shot("after_setup_per_cpu_areas"))
    raw = snapshots["after_setup_per_cpu_areas"]["pcpu"]
    parts = unit.tracks[0].segments
    assert parts[0].start == 0
    assert parts[-1].end == raw["pcpu_unit_size"]
    assert all(a.end == b.start for a, b in pairwise(parts))
    assert parts[0].end == int(raw["__per_cpu_end"], 16)
    assert len(units.tracks) == raw["pcpu_nr_units"]
    dynamic = sum(s.end - s.start for s in parts if s.kind == "free")
    assert dynamic == raw["first_chunk"]["free_size"]


def test_page_tables_hang_below_the_table_that_maps_them(shot, snapshots):
    (figure,) = draw("page_tables", shot("after_sparse_init", "after_init_mem_mapping"))
    raw = snapshots["after_sparse_init"]["pagetables"]
    tables = [n for n in figure.nodes if n.title in ("PUD", "PMD", "PTE")]
    assert len(tables) == len(raw["tables"])
    parent = {e.dest: e.source for e in figure.edges}
    titles = {n.id: n.title for n in figure.nodes}
    above = {"PUD": "init_level4_pgt", "PMD": "PUD", "PTE": "PMD"}
    for table in tables:
        assert titles[parent[table.id]] == above[table.title]
    # vmemmap's two tables are the ones that were not there before.
    assert sorted(n.note for n in tables if n.changed) == ["0x7f7d8000", "0x7f7d9000"]


def test_sections_show_the_address_of_their_page_structures(shot):
    (figure,) = draw("sections", shot("before_mem_init"))
    maps = [n for n in figure.nodes if n.title == "struct page[]"]
    # Section 0 begins at vmemmap; section 1's structures follow 32768 * 64 bytes later, up to section 15's.
    assert [m.rows[0].label for m in maps] == ["0xffffea0000000000", "0xffffea0000200000"]
    assert maps[-1].rows[1].label == f"– {0xFFFFEA0000000000 + 16 * 32768 * 64 - 1:#x}"


def test_zonelists_follow_the_recorded_order(shot, snapshots):
    (figure,) = draw("zonelists", shot("after_build_all_zonelists"))
    refs = snapshots["after_build_all_zonelists"]["zonelists"]["0"][0]["zonerefs"]
    assert [e.dest for e in figure.edges] == [f"zone-{nid}-{zone}" for nid, zone, _ in refs]


def test_pagesets_change_from_shared_to_own(shot):
    (figure,) = draw("pagesets", shot("after_setup_per_cpu_pageset", "after_vmalloc_init"))
    rows = [n.rows[0] for n in figure.nodes if n.id.startswith("z")]
    assert {r.before for r in rows} == {"boot_pageset"}
    assert len({r.value for r in rows}) == len(rows)


def test_zones_table_says_what_managed_was(shot, snapshots):
    table = only(draw("zones", shot("after_mem_init", "before_mem_init")), "zones-table")
    old = {z.name: z.managed for n in nodes(snapshots["before_mem_init"]) for z in n.zones}
    for row in table.rows:
        zone = row[0].text.split()[-1]
        assert row[4].before == f"{old[zone]:,}"


def test_page_frames_add_up_to_the_present_sections(shot):
    (figure,) = draw("page_frames", shot("after_mem_init"))
    assert isinstance(figure, Bands)
    total = sum(s.end - s.start for t in figure.tracks for s in t.segments)
    assert total == 16 * (1 << 15)  # 16 sections of 32768 frames are present in 2 GiB


def test_slub_draws_the_caches_that_are_asked_for(shot):
    graph = only(draw("slub", shot("after_kmem_cache_init", caches="kmem_cache,kmalloc-512,none")), "slub")
    assert isinstance(graph, Graph)
    assert [n.title for n in graph.nodes if n.kind == "kernel"] == ["kmem_cache", "kmalloc-512"]
