"""The report as PDF: a Sphinx builder that writes one Typst document and has the typst wheel set it."""

from __future__ import annotations

from typing import Any

from sphinx.application import Sphinx

from kmmdoc.publish.typst.builder import TypstBuilder


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_builder(TypstBuilder)
    app.add_config_value("kmm_pdf", {}, "", types=[dict])
    return {"parallel_read_safe": True, "parallel_write_safe": True}
