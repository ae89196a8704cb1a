"""The page about evidence says what the comparison found, and nothing else."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from pathlib import Path

import pytest

from kmmdoc.evidence.compare import Difference, Score
from kmmdoc.evidence.recorded import record_names
from kmmdoc.evidence.verify import Verified
from kmmdoc.machines import bundled
from kmmdoc.machines.recorded import load_recorded
from kmmdoc.model.words import words
from kmmdoc.pages import evidence
from kmmdoc.pages.site import Site
from kmmdoc.render import Renderer
from kmmdoc.simulate import simulate

RECORD = Path(__file__).parents[1] / "data" / "truth" / "m2g-c4"


@pytest.fixture(scope="module", params=["en", "zh_CN"])
def site(request: pytest.FixtureRequest) -> Site:
    return Site(simulate(load_recorded(RECORD)), request.param)


def test_every_record_has_a_line_with_sums_that_agree(site: Site) -> None:
    found = evidence.Evidence(site)
    machines = found.machines()
    assert [row[0].text for row in machines.rows] == record_names()
    assert found.compared > 200_000
    for table in (found.sections(), found.by_stage()):
        equal, compared = (1, 2) if table.name == "by-stage" else (2, 3)
        assert sum(int(row[equal].text.replace(",", "")) for row in table.rows) == found.equal
        assert sum(int(row[compared].text.replace(",", "")) for row in table.rows) == found.compared
    assert len(found.differing().rows) == len(found.differences)


def test_every_bundled_sequence_is_equal_in_all_calls() -> None:
    found = evidence.sequences()
    assert len(found) >= 19
    assert [s.name for s in found if s.equal != s.compared] == []
    assert {s.machine for s in found} >= {"m2g-c4", "numa2-m4g-c4"}


def test_the_page_is_written(site: Site, tmp_path: Path) -> None:
    renderer = Renderer(site, tmp_path)
    renderer.page("evidence", "evidence", found=evidence.Evidence(site), simplified={}, modules={})
    text = (tmp_path / "evidence.md").read_text()
    assert f"{evidence.Evidence(site).compared:,}" in text
    for name in record_names():
        assert f"| {name} |" in text.replace("\\", "")


def test_a_difference_is_on_the_page(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    difference = Difference("after_mem_init", "nodes", ".x", 1, 2, "__free_one_page (from free_one_page)")
    result = Verified("one", bundled.load("qemu-2g"), "quiet")
    result.scores["after_mem_init", "nodes"] = Score(2, 3, [difference])
    monkeypatch.setattr(evidence, "verified", lambda: (result,))
    found = evidence.Evidence(site)
    assert (found.equal, found.compared, found.percent) == (2, 3, "66.666")
    (row,) = found.differing().rows
    assert [cell.text for cell in row[:5]] == [
        "one",
        "after_mem_init nodes .x",
        "1",
        "2",
        "__free_one_page (from free_one_page)",
    ]
    assert row[4].target == "function:__free_one_page"
    assert row[5].text == site.words("evidence.reason-other")


def test_causes_have_texts_and_are_found() -> None:
    data = tomllib.loads((files("kmmdoc.evidence") / "reasons.toml").read_text())
    for entry in data["reason"]:
        for language in ("en", "zh_CN"):
            assert words(language)(f"evidence.reason-{entry['cause']}")
    assert evidence.cause(Difference("calls", "counts", "extend_brk", 3, 1, "extend_brk")) == "firmware"
    order = Difference("calls", "order", "9", "pfn_range_is_mapped", "elsewhere", "pfn_range_is_mapped")
    assert evidence.cause(order) == "cpu"
    assert evidence.cause(Difference("calls", "counts", "memblock_add", 3, 1, "memblock_add")) == "other"


def test_a_share_is_never_rounded_up() -> None:
    assert evidence.percent(999_999, 1_000_000) == "99.999"
    assert evidence.percent(0, 7) == "0.000"
