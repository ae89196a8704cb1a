"""The Sphinx extension: roles, figures, annotated source, components of pages, search."""

from __future__ import annotations

from typing import Any

from sphinx.application import Sphinx

from kmmdoc import __version__
from kmmdoc.sphinxext import (
    chinese,
    components,
    graph,
    interface,
    navigation,
    roles,
    search,
    source,
    unique_ids,
)

#: Raise it when the nodes of a page change shape, so that old pickled pages are read anew.
ENV_VERSION = 3


def setup(app: Sphinx) -> dict[str, Any]:
    for part in (roles, graph, source, components, chinese, interface, unique_ids, navigation, search):
        part.setup(app)
    return {
        "version": __version__,
        "env_version": ENV_VERSION,
        "parallel_read_safe": True,
        "parallel_write_safe": True,
    }
