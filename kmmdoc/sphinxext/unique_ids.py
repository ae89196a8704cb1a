"""The theme wraps a table and gives the wrapper the ids of the table, which then are on the page twice."""

from __future__ import annotations

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform


class TableIds(SphinxPostTransform):
    """Leaves the ids to the table. Runs after the theme's own transform (500)."""

    default_priority = 600
    formats = ("html",)

    def run(self, **kwargs: Any) -> None:
        for wrapper in self.document.findall(nodes.container):
            if "table-wrapper" in wrapper["classes"]:
                wrapper["ids"] = []


def setup(app: Sphinx) -> None:
    app.add_post_transform(TableIds)
