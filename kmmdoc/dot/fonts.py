"""The fonts everything is set in, and how wide a text is in them.

Labels are measured in the very fonts that draw them, in the PDF and (as a subset web font) on the
site, so a node made as wide as its label always holds it. The fonts come as Python packages with
static weights, none from the system: a build looks the same on every machine. All are under the SIL
Open Font License.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from fontTools.ttLib import TTFont

from kmmdoc.model.errors import KmmdocError

#: The family of figures and headings, as it is called inside an SVG (Chinese comes from the fallback).
SANS = "Source Sans Pro"
SANS_CJK = "Noto Sans SC"
SERIF = "Source Serif Pro"
SERIF_CJK = "Noto Serif SC"
#: Comes with the typst wheel.
MONO = "DejaVu Sans Mono"


@dataclass(frozen=True, slots=True)
class FontFile:
    """One static font file: its family and weight, the package and the file in it."""

    family: str
    weight: int
    italic: bool
    package: str
    file: str

    def path(self) -> Path:
        """Where the file is installed; a KmmdocError if the package or the file is missing."""
        spec = importlib.util.find_spec(self.package)
        if spec is None or not spec.submodule_search_locations:
            raise KmmdocError(self.package, None, f"the package that holds {self.family} is not installed")
        path = Path(next(iter(spec.submodule_search_locations))) / self.file
        if not path.is_file():
            raise KmmdocError(path, None, f"font file of {self.family} is missing")
        return path


def _source(family: str, package: str, style: str, weight: int, italic: bool = False) -> FontFile:
    return FontFile(family, weight, italic, package, f"files/{family.replace(' ', '')}-{style}.otf")


FONT_FILES: tuple[FontFile, ...] = (
    _source(SANS, "font_source_sans_pro", "Regular", 400),
    _source(SANS, "font_source_sans_pro", "It", 400, italic=True),
    _source(SANS, "font_source_sans_pro", "Semibold", 600),
    _source(SANS, "font_source_sans_pro", "Bold", 700),
    _source(SERIF, "font_source_serif_pro", "Regular", 400),
    _source(SERIF, "font_source_serif_pro", "It", 400, italic=True),
    _source(SERIF, "font_source_serif_pro", "Semibold", 600),
    _source(SERIF, "font_source_serif_pro", "Bold", 700),
    FontFile(SANS_CJK, 400, False, "pylopdf_fonts_zh_cn", "NotoSansSC-Regular.otf"),
    FontFile(SERIF_CJK, 400, False, "pylopdf_fonts_zh_cn", "NotoSerifSC-Regular.otf"),
)


def font_file(family: str, weight: int = 400, *, italic: bool = False) -> FontFile:
    """The file of a family and weight; KeyError if we ship none."""
    for font in FONT_FILES:
        if (font.family, font.weight, font.italic) == (family, weight, italic):
            return font
    raise KeyError((family, weight, italic))


@cache
def _advances(weight: int) -> dict[int, float]:
    """Code point to advance width in em, in the sans font of that weight."""
    font = TTFont(font_file(SANS, weight).path(), lazy=True)
    per_em = font["head"].unitsPerEm
    metrics = font["hmtx"]
    return {code: metrics[glyph][0] / per_em for code, glyph in font.getBestCmap().items()}


def text_width(text: str, size: float, *, weight: int = 400) -> float:
    """Width of one line of text in points, set in the sans font (400 or 600) at `size` points.

    Kerning is left out, so the figure is a little too large rather than too small. A character that
    the font lacks counts one em, which is what every Chinese character and punctuation mark takes.
    """
    advances = _advances(weight)
    return size * sum(advances.get(ord(char), 1.0) for char in text)
