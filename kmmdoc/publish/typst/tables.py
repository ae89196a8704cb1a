"""Tables of a doctree as Typst's table()."""

from __future__ import annotations

from collections.abc import Callable

from docutils import nodes

from kmmdoc.publish.typst.markup import array, call


def table_source(table: nodes.table, inside: Callable[[nodes.Element], str]) -> str:
    """A table as content; `inside` makes the content of a cell."""
    group = next(iter(table.findall(nodes.tgroup)))
    columns = [c["colwidth"] for c in group.children if isinstance(c, nodes.colspec)]
    given = "colwidths-given" in table["classes"]
    widths = array([f"{width}fr" if given else "auto" for width in columns])
    header: list[str] = []
    body: list[str] = []
    for part in group.children:
        if isinstance(part, (nodes.thead, nodes.tbody)):
            cells = header if isinstance(part, nodes.thead) else body
            for row in part.findall(nodes.row):
                cells += [_cell(entry, inside) for entry in row.findall(nodes.entry)]
    head = [f"table.header({', '.join(header)})"] if header else []
    return call("tabular", *head, *body, columns=widths)


def _cell(entry: nodes.entry, inside: Callable[[nodes.Element], str]) -> str:
    named = []
    if "morecols" in entry:
        named.append(f"colspan: {entry['morecols'] + 1}")
    if "morerows" in entry:
        named.append(f"rowspan: {entry['morerows'] + 1}")
    for side in ("left", "center", "right"):
        if f"text-{side}" in entry["classes"]:
            named.append(f"align: {side}")
    content = f"[{inside(entry)}]"
    return f"table.cell({', '.join(named)}, {content})" if named else content
