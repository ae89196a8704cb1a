"""Roles that name things of the kernel and link to where they are explained.

    {kfunc}`memblock_add`            the function's page, functions/memblock_add
    {kstruct}`zone`                  the structure's page, structs/zone
    {kglobal}`max_pfn`               the variable's page, globals/max_pfn
    {kmacro}`PFN_UP <PFN_ALIGN>`     the page of the family that the macro belongs to, macros/PFN_ALIGN
    {ksrc}`mm/memblock.c:580`        a line (or 580-612) in the public source browser
    {kval}`0x9fc00`                  a value of the run
    {knew}`..` {kgone}`..` {kchanged}`..`   marks for what a stage added, removed, changed

A name without a page stays plain text: pages appear as annotations are written.
"""

from __future__ import annotations

import re

from docutils import nodes
from docutils.parsers.rst.states import Inliner
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.roles import XRefRole
from sphinx.util.docutils import SphinxRole

from kmmdoc.model.folders import FOLDERS, ROLES

#: Role name to the folder of its pages.
PAGES = {role: FOLDERS[kind] for kind, role in ROLES.items()}

_PLACE = re.compile(r"(?P<path>[\w./+-]+?)(?::(?P<first>\d+)(?:-(?P<last>\d+))?)?$")


class KernelSource(SphinxRole):
    """A place in the kernel's source: path, path:line or path:first-last."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        match = _PLACE.fullmatch(self.text)
        if match is None:
            message = self.inliner.reporter.error(f"not a path:line: {self.text!r}", line=self.lineno)
            return [self.inliner.problematic(self.rawtext, self.rawtext, message)], [message]
        uri = source_uri(self.env, match["path"], int(match["first"]) if match["first"] else None)
        link = nodes.reference("", "", internal=False, refuri=uri, classes=["kmm-src"])
        link += nodes.literal("", self.text)
        return [link], []

    inliner: Inliner


class Marked(SphinxRole):
    """Text in a class of its own, literal for values."""

    def __init__(self, css: str, *, literal: bool = False) -> None:
        super().__init__()
        self.css, self.literal = css, literal

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        make = nodes.literal if self.literal else nodes.inline
        return [make(self.rawtext, self.text, classes=[self.css])], []


def source_uri(env: BuildEnvironment, path: str, line: int | None = None) -> str:
    """Link to a kernel file, or to a line of it, in the public source browser."""
    return f"{env.config.kmm_source_browser}{path}" + (f"#L{line}" if line else "")


def resolve(
    app: Sphinx, env: BuildEnvironment, node: addnodes.pending_xref, text: nodes.Node
) -> nodes.Node | None:
    """Turn a kfunc, kstruct, ... into a link, or into its plain text if there is no such page."""
    folder = PAGES.get(node.get("reftype", ""))
    if folder is None:
        return None
    page = f"{folder}/{node['reftarget'].removesuffix('()').removeprefix('struct ')}"
    if page not in env.found_docs:
        return text
    uri = app.builder.get_relative_uri(node["refdoc"], page)
    return nodes.reference("", "", text, internal=True, refuri=uri, classes=["kmm-ref"])


def setup(app: Sphinx) -> None:
    app.add_config_value("kmm_source_browser", "", "env", types=[str])
    for name in PAGES:
        app.add_role(name, XRefRole(innernodeclass=nodes.literal))
    app.add_role("ksrc", KernelSource())
    app.add_role("kval", Marked("kmm-val", literal=True))
    for name in ("new", "gone", "changed"):
        app.add_role(f"k{name}", Marked(f"kmm-{name}"))
    app.connect("missing-reference", resolve)
