from pathlib import Path

import pytest

from kmmdoc.evidence.compare import compare_lines, compare_snapshots, leaves, memory_lines
from kmmdoc.evidence.recorded import log_lines, recorded_snapshots
from kmmdoc.model.errors import KmmdocError
from kmmdoc.model.snapshot import Snapshot

RECORD = Path(__file__).parent.parent / "data" / "truth" / "m2g-c4"


def test_a_record_held_against_itself_is_equal_in_everything():
    scores = compare_snapshots(recorded_snapshots(RECORD), recorded_snapshots(RECORD))
    assert sum(s.compared for s in scores.values()) > 3000
    assert all(s.equal == s.compared and not s.differences for s in scores.values())


def test_nothing_predicted_scores_nothing():
    assert all(s.equal == 0 for s in compare_snapshots(recorded_snapshots(RECORD), {}).values())


def test_one_changed_leaf_is_one_difference():
    changed = recorded_snapshots(RECORD)
    changed["after_initmem_init"]["memblock"]["memory"]["cnt"] += 1
    scores = compare_snapshots(recorded_snapshots(RECORD), changed)
    (difference,) = [d for s in scores.values() for d in s.differences]
    assert (difference.stage, difference.section, difference.path) == (
        "after_initmem_init",
        "memblock",
        ".memory.cnt",
    )
    assert (difference.recorded, difference.predicted) == (2, 3)


def test_a_list_of_plain_values_is_one_leaf_and_a_longer_list_has_a_length():
    assert dict(leaves({"a": [1, 2], "b": [[1], [2]]})) == {
        ".a": [1, 2],
        ".b.#": 2,
        ".b[0]": [1],
        ".b[1]": [2],
    }


def test_predicting_a_list_that_was_not_recorded_counts_against():
    truth = {"after_initmem_init": Snapshot("after_initmem_init", 0, {"numa": {"x": 1}})}
    ours = {"after_initmem_init": Snapshot("after_initmem_init", 0, {"numa": {"x": 1, "y": [[1]]}})}
    score = compare_snapshots(truth, ours)["after_initmem_init", "numa"]
    assert (score.equal, score.compared) == (1, 2)


def test_lines_too_many_and_too_few_both_count():
    score = compare_lines(["a", "b", "c"], ["a", "x", "c", "d"])
    assert (score.equal, score.compared) == (2, 4)
    assert [(d.recorded, d.predicted) for d in score.differences] == [("b", "x"), ("nothing", "d")]


def test_the_memory_lines_of_a_log():
    lines = memory_lines(log_lines((RECORD / "dmesg.txt").read_text()))
    assert lines[0] == "e820: BIOS-provided physical RAM map:"
    assert "Zone ranges:" in lines
    assert not [line for line in lines if line.startswith(("ACPI", "["))]


def test_a_folder_without_snapshots_is_named(tmp_path):
    with pytest.raises(KmmdocError, match=r"snapshots\.json: No such file"):
        recorded_snapshots(tmp_path)


def test_a_broken_record_is_named_with_its_line(tmp_path):
    (tmp_path / "snapshots.json").write_text('{"stages":\n [}')
    with pytest.raises(KmmdocError, match=r"snapshots\.json:2: not JSON"):
        recorded_snapshots(tmp_path)
