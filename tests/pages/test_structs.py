"""Pages of structures: rows, values over the stages, what is shown of values, and whole pages of a run."""

from pathlib import Path

import pytest

from kmmdoc.excerpts.members import MemberNote
from kmmdoc.excerpts.store import Annotations
from kmmdoc.machines.builds import load_build
from kmmdoc.machines.recorded import load_recorded
from kmmdoc.model.errors import KmmdocError
from kmmdoc.model.run import Run
from kmmdoc.model.snapshot import Snapshot
from kmmdoc.model.words import words
from kmmdoc.pages import structs
from kmmdoc.pages.instances import instances, structures
from kmmdoc.pages.shown import Shower
from kmmdoc.pages.site import Site
from kmmdoc.pages.values import Change, histories
from kmmdoc.render import Renderer
from kmmdoc.simulate import simulate

TRUTH = Path(__file__).parents[1] / "data" / "truth"


@pytest.fixture(scope="module")
def run():
    return simulate(load_recorded(TRUTH / "m2g-c4"))


@pytest.fixture(scope="module")
def site(run):
    return Site(run)


# Values over the stages.


def test_only_changes_are_kept_each_with_its_first_stage():
    found = histories({"one": {"a": 1, "b": 5}, "two": {"a": 1, "b": 6}, "three": {"a": 2, "b": 6, "c": 0}})
    assert {h.name: h.changes for h in found} == {
        "a": (Change("one", 1), Change("three", 2)),
        "b": (Change("one", 5), Change("two", 6)),
        "c": (Change("three", 0),),
    }


def test_what_a_stage_lacks_is_no_longer_known():
    (found,) = histories({"one": {"a": 1}, "two": {}, "three": {}, "four": {"a": 1}})
    assert found.changes == (Change("one", 1), Change("two", None), Change("four", 1))


def test_of_many_changes_the_first_and_the_last_are_shown():
    (found,) = histories({f"s{i}": {"a": i} for i in range(10)})
    folded = found.folded(5)
    assert [c.value for c in folded] == [0, 1, 2, 8, 9]
    assert [c.left_out for c in folded] == [0, 0, 0, 5, 0]
    assert found.folded(10) == found.changes


# How values are shown.


@pytest.mark.parametrize(
    ("value", "unit", "member", "shown"),
    [
        (4096, "bytes", "", "4,096 (4 KiB)"),
        (12, "bytes", "", "12"),
        (512, "pages", "", "512 (2 MiB)"),
        ("0x1000", "page-frame", "", "`0x1000`"),
        (4096, "physical-address", "", "`0x1000`"),
        ("0x0", "pointer", "", "0"),
        ("0x1f", "", "", "`0x1f`"),
        (["0xffff880000000000"], "array", "", "`0xffff880000000000`"),
        ("0x1f", "number", "", "31"),
        (31, "", "", "31"),
        (None, "count", "", "–"),
        ("DMA32", "text", "", "`DMA32`"),
        ([0, 0, 0, 5, 6], "count", "", "3 × 0, 5, 6"),
        (list(range(9)), "count", "", "0, 1, 2, 3, 4, 5, … (+3)"),
        ({"NR_FREE_PAGES": 7}, "counter", "", "NR\\_FREE\\_PAGES 7"),
        # Of two bits of a resource, and of a cache's order and objects: include/linux/ioport.h, mm/slub.c.
        ("0x80000200", "flags", "resource.flags", "`0x80000200` (`IORESOURCE_MEM`, `IORESOURCE_BUSY`)"),
        (1 << 16 | 42, "", "kmem_cache_order_objects.x", "65,578 (order 1, 42 objects)"),
        (64, "node", "memblock_region.nid", "64 (`MAX_NUMNODES`)"),
        # Bit 10 is PG_reserved; node in the upper 6 bits, below it 2 bits of zone.
        (3 << 58 | 1 << 56 | 1 << 10, "flags", "page.flags",
         f"`{3 << 58 | 1 << 56 | 1 << 10:#x}` (`PG_reserved`, `ZONE_DMA32, node 3`)"),
    ],
)  # fmt: skip
def test_values_by_their_unit(value, unit, member, shown):
    assert Shower(load_build(), words("en"))(value, unit, member) == shown


# Instances.


def test_every_structure_that_can_be_shown_is_shown_with_members_of_its_layout(run):
    layouts = run.scenario.build.structs
    for struct in structures():
        found = instances(run, struct)
        assert found, struct
        names = {field.name for field in layouts[struct].fields}
        for one in found:
            assert all(set(values) <= names for values in one.stages.values()), (struct, one.which)
            assert words("en")(f"struct.is-{one.which}", **one.about)


def test_the_largest_zone_is_the_one_with_most_pages(run):
    zones = run.snapshots["after_free_initmem"]["nodes"][0]["zones"]
    largest = max(zones, key=lambda z: z["present_pages"])
    (shown,) = instances(run, "zone")
    assert shown.about == {"nid": "0", "name": largest["name"]}
    assert shown.stages["after_free_initmem"]["managed_pages"] == largest["managed_pages"]


def test_a_page_is_what_its_run_says():
    # Frames 8-15 are two free blocks of order 2, 16-19 are in a slab.
    runs = [[0, "P", 8, "0x400", 1, 0xFFFFFFFF], [8, "F", 2, 2, "0x0"], [16, "P", 4, "0x80", 1, "slab"]]
    snapshot = Snapshot("end", 1, {"pages": {"runs": runs}})

    class Scenario:
        kernel_load = 5 << 12

    kernel, free, slab = instances(Run(Scenario(), [], {"end": snapshot}), "page")
    assert kernel.stages["end"] == {"flags": "0x400", "_count": 1, "_mapcount": -1}
    assert (free.about, free.stages["end"]["private"]) == ({"pfn": "0xc"}, 2)
    assert slab.stages["end"] == {"flags": "0x80", "_count": 1}


def test_a_run_without_snapshots_shows_nothing(run):
    empty = Run(run.scenario, [], {})
    assert all(instances(empty, struct) == [] for struct in structures())


# Pages.


def test_where_each_member_of_page_is(site):
    page = structs.struct_page(site, "page")
    at = {row.name: (row.offset, row.size) for row in page.rows if not row.padding}
    # include/linux/mm_types.h, as configured here: unions from the second word to the seventh, then a hole.
    assert at["mapping"] == at["s_mem"] == (8, 8)
    assert (at["inuse"], at["objects"], at["frozen"], at["_count"]) == ((24, 2), (26, 2), (27, 1), (28, 4))
    assert at["private"] == at["slab_cache"] == (48, 8)
    assert page.padding == 8


def test_the_drawing_has_every_byte_once_where_there_is_no_union(site):
    for name in ("zone", "kmem_cache", "memblock_region", "pglist_data"):
        drawing = structs.struct_page(site, name).drawing
        at = 0
        for span in drawing.spans:
            assert span.start == at
            at = span.end
        assert at == drawing.size


def test_who_wrote_and_since_when(site):
    explained = {e.member.name: e for e in structs.struct_page(site, "zone").explained}
    assert explained["present_pages"].writers[0].ref.name == "free_area_init_core"
    assert explained["zone_pgdat"].writers == ()
    assert explained["zone_pgdat"].since == ""
    private = {e.member.name: e for e in structs.struct_page(site, "page").explained}["private"]
    assert (private.writers, private.since) == ((), "after_mem_init")


def test_writers_that_a_cut_run_did_not_come_to_are_left_out(run):
    cut = Run(run.scenario, run.recorded, dict(list(run.snapshots.items())[:12]))
    cut.events = run.events[: run.snapshots["after_paging_init"].at]
    explained = {e.member.name: e for e in structs.struct_page(Site(cut), "zone").explained}
    assert explained["present_pages"].writers
    assert not explained["watermark"].writers


def test_the_page_says_all_that_is_known(run, site, tmp_path):
    renderer = Renderer(site, tmp_path)
    renderer.struct("memblock_type")
    text = (tmp_path / "structs/memblock_type.md").read_text()
    assert "`cnt`{#m-cnt}\n: unsigned long · offset `0x0`, 8 bytes · count\n\n  Regions in use." in text
    assert "First written by {kfunc}`memblock_insert_region() <memblock_insert_region>`, in [" in text
    final = run.snapshots["after_mem_init"]["memblock"]["reserved"]["cnt"]
    assert f"|  | {final} | [`" in text
    drawing = (tmp_path / "figures/structs-memblock_type-0-layout.svg").read_text()
    assert "struct:memblock_type#m-regions" in drawing


def test_a_structure_that_nobody_explains_is_a_table(run, tmp_path):
    (tmp_path / "none").mkdir()
    silent = Site(run, annotations=Annotations(tmp_path / "none"))
    Renderer(silent, tmp_path).struct("gate_struct64")
    text = (tmp_path / "structs/gate_struct64.md").read_text()
    assert "| 0 | 0x0 | 2 | `offset_low`{#m-offset_low} | u16 |" in text
    assert "## Members" not in text


def test_a_broken_file_about_members_is_named(run, tmp_path):
    folder = tmp_path / "include/linux/memblock.h"
    folder.mkdir(parents=True)
    source = Annotations().root / "include/linux/memblock.h/memblock_type.md"
    (folder / "memblock_type.md").write_text(source.read_text())
    (folder / "memblock_type.members.toml").write_text('[cnt]\nen = "Only one language."\n')
    with pytest.raises(KmmdocError, match=r"memblock_type\.members\.toml: cnt: has no text in zh_CN"):
        structs.struct_page(Site(run, annotations=Annotations(tmp_path)), "memblock_type")


def test_notes_are_found_in_both_languages(run):
    for language in ("en", "zh_CN"):
        notes = structs.member_notes(Site(run, language), "memblock_type")
        assert isinstance(notes["cnt"], MemberNote)
    page = structs.struct_page(Site(run, "zh_CN"), "memblock_type")
    assert "区域" in page.explained[0].text
