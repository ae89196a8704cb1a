"""Files of the site that are made, not written: the figures' style sheet and web fonts.

Labels of figures are as wide as they were measured only in the font they were measured in, so the site
brings that one along, cut down to Latin. Chinese is drawn in a font of the reader's system; where there is
none, the browser fetches a cut of Noto Sans SC that has the characters of this site and no others.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import Any

from kmmdoc.dot import style
from kmmdoc.dot.fonts import SANS, SANS_CJK, FontFile, font_file

#: The families of the web fonts. The name Source is reserved by its licence for unchanged files.
LATIN, CHINESE = "KMM Sans", "KMM Chinese"
_WEIGHTS = (400, 600)
#: Latin with its accents, punctuation, arrows, and the few mathematical signs of figures.
_LATIN = [*range(0x20, 0x180), *range(0x2010, 0x2040), *range(0x2190, 0x219A), 0x2212, 0x2248, 0x2264, 0x2265]
_CHINESE = re.compile(r"[\u2e80-\u2fff\u3000-\u303f\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff00-\uffef]")
_RANGE = "U+2E80-2FFF,U+3000-303F,U+3400-4DBF,U+4E00-9FFF,U+F900-FAFF,U+FF00-FFEF"
_CHINESE_FILE = "kmm-chinese.woff2"


def write_static(folder: Path) -> Path:
    """Write the style sheet and the Latin fonts into `folder`, those that are not there yet; returns it."""
    fonts = folder / "fonts"
    fonts.mkdir(parents=True, exist_ok=True)
    sheet = [style.css()]
    for weight in _WEIGHTS:
        name = f"kmm-sans-{weight}.woff2"
        if not (fonts / name).exists():
            _cut(font_file(SANS, weight), LATIN, _LATIN, fonts / name)
        sheet.append(
            f"@font-face{{font-family:'{LATIN}';font-weight:{weight};font-display:block;"
            f"src:url(fonts/{name}) format('woff2')}}"
        )
    sheet.append(
        f"@font-face{{font-family:'{CHINESE}';font-display:swap;unicode-range:{_RANGE};"
        f"src:url(fonts/{_CHINESE_FILE}) format('woff2')}}"
    )
    licence = font_file(SANS).path().with_name("LICENSE.txt")
    _write(fonts / "OFL.txt", licence.read_text(encoding="utf-8"))
    _write(folder / "kmm-figures.css", "\n".join(sheet) + "\n")
    return folder


def write_chinese(site: Path, work: Path) -> None:
    """Cut the Chinese font to the characters on the pages of a built site, and add it to the site."""
    used: set[str] = set()
    for page in site.rglob("*.html"):
        used.update(_CHINESE.findall(page.read_text(encoding="utf-8")))
    characters = "".join(sorted(used))
    kept = work / f"chinese-{sha256(characters.encode()).hexdigest()[:16]}.woff2"
    if not kept.exists():
        for old in work.glob("chinese-*.woff2"):
            old.unlink()
        _cut(font_file(SANS_CJK), CHINESE, map(ord, characters), kept)
    shutil.copyfile(kept, site / "_static" / "fonts" / _CHINESE_FILE)


def _cut(source: FontFile, family: str, characters: Iterable[int], target: Path) -> None:
    """Cut a font down to some characters, under a name of our own, as WOFF2."""
    from fontTools import subset

    options = subset.Options(
        flavor="woff2", layout_features=["kern", "liga"], hinting=False, desubroutinize=False
    )
    font = subset.load_font(str(source.path()), options)
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=list(characters))
    cutter.subset(font)
    _rename(font, family)
    partial = target.with_suffix(".part")
    subset.save_font(font, str(partial), options)
    partial.replace(target)


def _rename(font: Any, family: str) -> None:
    postscript = family.replace(" ", "")
    for record in font["name"].names:
        if record.nameID in (1, 3, 4, 6, 16):
            record.string = postscript if record.nameID == 6 else family
    cff = font["CFF "].cff
    cff.fontNames = [postscript]
    for key in ("FullName", "FamilyName"):
        if hasattr(cff.topDictIndex[0], key):
            setattr(cff.topDictIndex[0], key, family)


def _write(path: Path, text: str) -> None:
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")
