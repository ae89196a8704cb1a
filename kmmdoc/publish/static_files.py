"""Files of the site that are made, not written: the figures' style sheet and web fonts."""

from __future__ import annotations

from pathlib import Path

from kmmdoc.dot import style
from kmmdoc.dot.fonts import SANS, font_file

#: The family of the web fonts. Their own name is reserved by the font licence for unchanged files.
FAMILY = "KMM Sans"
_WEIGHTS = (400, 600)
#: Latin with its accents, punctuation, arrows, and the few mathematical signs of figures.
_CHARACTERS = [
    *range(0x20, 0x180),
    *range(0x2010, 0x2040),
    *range(0x2190, 0x219A),
    0x2212,
    0x2248,
    0x2264,
    0x2265,
]


def write_static(folder: Path) -> Path:
    """Write the made files into `folder`, those that are not there yet or differ; returns it."""
    fonts = folder / "fonts"
    fonts.mkdir(parents=True, exist_ok=True)
    sheet = [style.css()]
    for weight in _WEIGHTS:
        name = f"kmm-sans-{weight}.woff2"
        if not (fonts / name).exists():
            _subset(weight, fonts / name)
        sheet.append(
            f"@font-face{{font-family:'{FAMILY}';font-weight:{weight};font-display:block;"
            f"src:url(fonts/{name}) format('woff2')}}"
        )
    licence = font_file(SANS).path().with_name("LICENSE.txt")
    _write(fonts / "OFL.txt", licence.read_text(encoding="utf-8"))
    _write(folder / "kmm-figures.css", "\n".join(sheet) + "\n")
    return folder


def _subset(weight: int, target: Path) -> None:
    """Cut the sans font down to what figures use, under a name of our own."""
    from fontTools import subset

    options = subset.Options(
        flavor="woff2", layout_features=["kern", "liga"], hinting=False, notdef_outline=True
    )
    font = subset.load_font(str(font_file(SANS, weight).path()), options)
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=_CHARACTERS)
    cutter.subset(font)
    for record in font["name"].names:
        if record.nameID in (1, 3, 4, 6, 16):
            record.string = FAMILY.replace(" ", "") if record.nameID == 6 else FAMILY
    if "CFF " in font:
        cff = font["CFF "].cff
        cff.fontNames = [FAMILY.replace(" ", "")]
        top = cff.topDictIndex[0]
        for key in ("FullName", "FamilyName"):
            if hasattr(top, key):
                setattr(top, key, FAMILY)
    partial = target.with_suffix(".part")
    subset.save_font(font, str(partial), options)
    partial.replace(target)


def _write(path: Path, text: str) -> None:
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")
