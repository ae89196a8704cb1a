"""Write what a machine knows better into annotation files: spans and hashes. Never a line of text."""

from __future__ import annotations

from pathlib import Path

from kmmdoc.excerpts import ctext
from kmmdoc.excerpts.facts import Facts, v3_18
from kmmdoc.excerpts.store import HEADING, ROOT, SHORT, Document, fact_of, parse
from kmmdoc.excerpts.trees import Tree, text_of, write_atomically
from kmmdoc.model.errors import KmmdocError
from kmmdoc.model.excerpt import SymbolFact


def stamp(path: Path, tree: Tree, *, root: Path = ROOT, facts: Facts | None = None) -> bool:
    """Bring span, sha256 and the sections' hashes of one English file up to date; True if it changed.

    The tree need not be v3.18's as long as the symbol's text is. KmmdocError where it is not.
    """
    facts = facts or v3_18()
    document = parse(path)
    fact = fact_of(document, root, facts)
    lines = _lines(document, fact, tree, facts)
    old = path.read_text(encoding="utf-8")
    rest = old.split("\n")
    rest = rest[rest.index("+++", 1) + 1 :]
    by_slug = {s.slug: s for s in document.sections}
    for index, line in enumerate(rest):
        found = HEADING.fullmatch(line)
        section = by_slug.get(found["slug"]) if found else None
        if found and section and section.lines:
            if section.lines.end > len(lines):
                raise document.fail(section.at, f"lines {section.lines} end after the symbol's {len(lines)}")
            digest = ctext.digest(lines[section.lines.start - 1 : section.lines.end])[:SHORT]
            rest[index] = f"## {section.title} {{#{section.slug} {section.lines} {digest}}}"
    matter = ["+++", f'symbol = "{fact.name}"', f'kind = "{fact.kind}"']
    if fact.through:
        matter += [f'through = "{fact.through}"', f'title = "{document.matter["title"]}"']
    matter += [f"span = [{fact.span.start}, {fact.span.end}]", f'sha256 = "{ctext.digest(lines)}"', "+++"]
    new = "\n".join([*matter, *rest]).rstrip("\n") + "\n"
    if new != old:
        write_atomically(path, new.encode())
    return new != old


def _lines(document: Document, fact: SymbolFact, tree: Tree, facts: Facts) -> list[str]:
    """The symbol's lines, surely v3.18's."""
    text = text_of(tree, fact.file)
    if text is None:
        raise KmmdocError(tree.label, fact.file, "is not in the tree")
    same = ctext.digest(text.split("\n")[:-1]) == facts.files[fact.file].sha256
    if fact.through and not same:
        raise document.fail("through", f"{tree.label} has another text of {fact.file} than v3.18")
    if same:
        return ctext.lines_of(text, fact.span)
    spans = [fact.span, *(d.span for d in ctext.find(text, fact.name, fact.kind))]
    for span in spans if fact.sha256 else spans[1:] or spans:
        lines = ctext.lines_of(text, span)
        if not fact.sha256 or ctext.digest(lines) == fact.sha256:
            return lines
    raise document.fail("symbol", f"{tree.label} has another text of {fact.name} than v3.18")


def confirm_translation(path: Path) -> bool:
    """Note in a Chinese file that it translates the English text as it now is; True if it changed."""
    english = parse(path.with_name(path.name.removesuffix(".zh.md") + ".md"))
    document = parse(path, "zh_CN")
    lines = path.read_text(encoding="utf-8").split("\n")
    rest = lines[lines.index("+++", 1) :]
    matter = ["+++", f'symbol = "{document.matter["symbol"]}"']
    if "title" in document.matter:
        matter.append(f'title = "{document.matter["title"]}"')
    matter.append(f'translates = "{english.digest}"')
    new = "\n".join([*matter, *rest])
    if new != "\n".join(lines):
        write_atomically(path, new.encode())
        return True
    return False
