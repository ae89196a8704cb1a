"""What the simulator simplifies is there in Chinese; a translation of another text is found and not shown."""

import pytest

from kmmdoc.excerpts import simplified
from kmmdoc.model.errors import KmmdocError

SOURCE = {"pour": "no drop is lost.", "sim/jug.py": "jugs have no lids."}
TOML = """\
[pour]
en = "no drop is lost."
zh_CN = "一滴不漏。"

["sim/jug.py"]
en = "jugs have no lids."
zh_CN = "壶没有盖。"
"""


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "simplified.toml"
    path.write_text(TOML, encoding="utf-8")
    return path


def findings(path, source=SOURCE):
    return [(kind, e.where, e.reason) for kind, e in simplified.problems(source, path)]


def test_the_simulator_s_own_are_all_translated_as_they_are():
    source = simplified.written()
    assert list(simplified.problems(source, simplified.TRANSLATIONS)) == []
    assert any(name.endswith(".py") for name in source)
    assert "detect_calgary" in source
    for name, text in source.items():
        assert simplified.said(name, text, "en") == text
        chinese = simplified.said(name, text, "zh_CN")
        assert any("\u4e00" <= letter <= "\u9fff" for letter in chinese), name


def test_nothing_is_found_where_all_are_translated(path):
    assert findings(path) == []


def test_one_without_a_translation_and_one_that_is_translated_for_nothing(path):
    assert findings(path, SOURCE | {"fill": "up to the brim."}) == [
        ("untranslated", 1, "has no fill: up to the brim.")
    ]
    assert findings(path, {"pour": SOURCE["pour"]}) == [
        ("stale", '["sim/jug.py"]', "sim/jug.py simplifies nothing that its source says")
    ]


def test_a_text_that_has_changed_since_is_stale_and_shown_as_it_is(path, monkeypatch):
    [(kind, where, reason)] = findings(path, SOURCE | {"pour": "some drops are lost."})
    assert (kind, where) == ("stale", "[pour]")
    assert "some drops are lost." in reason
    simplified.in_language.cache_clear()
    known = simplified.translations(path)
    monkeypatch.setattr(simplified, "translations", lambda: known)
    assert simplified.said("pour", "no drop is lost.", "zh_CN") == "一滴不漏。"
    assert simplified.said("pour", "some drops are lost.", "zh_CN") == "some drops are lost."
    simplified.in_language.cache_clear()


@pytest.mark.parametrize(
    "text",
    [
        "[pour]\nen = 'x'\n",
        "[pour]\nen = 'x'\nzh_CN = ' '\n",
        "pour = 'x'\n",
        "[pour",
        "[pour]\nen = 1\nzh_CN = 'x'\n",
    ],
)
def test_a_file_of_another_form(path, text):
    path.write_text(text, encoding="utf-8")
    with pytest.raises(KmmdocError):
        simplified.translations(path)
    assert [kind for kind, *_ in findings(path)] == ["form"]
