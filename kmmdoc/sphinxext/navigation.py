"""The sidebar of pages that are not in it.

The theme draws the whole contents anew for every page, which is most of the writing of a site of hundreds of
pages. Pages of functions and structures are not in the contents, so on all of one folder it looks the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx


class Sidebar:
    """Keeps the drawn contents by folder."""

    def __init__(self) -> None:
        self._drawn: dict[tuple[str, str], str] = {}

    def reuse(
        self, app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
    ) -> None:
        """Give the page a `toctree` that draws once for all pages of its folder, if it is in no contents."""
        draw: Callable[..., str] | None = context.get("toctree")
        if draw is None or doctree is None or page in app.env.toctree_includes or self._listed(app, page):
            return
        folder = page.rpartition("/")[0]

        def drawn(**options: Any) -> str:
            key = (folder, repr(sorted(options.items())))
            if key not in self._drawn:
                self._drawn[key] = draw(**options)
            return self._drawn[key]

        context["toctree"] = drawn

    @staticmethod
    def _listed(app: Sphinx, page: str) -> bool:
        return page == app.config.root_doc or any(
            page in pages for pages in app.env.toctree_includes.values()
        )


def setup(app: Sphinx) -> None:
    # The theme draws at the usual priority, 500.
    app.connect("html-page-context", Sidebar().reuse, priority=400)
