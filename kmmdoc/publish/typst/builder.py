"""The Sphinx builder `kmmpdf`: every document in the order of the contents, then the appendices."""

from __future__ import annotations

import datetime
import json
import os
import shutil
from collections.abc import Container, Iterable, Iterator, Set
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, NamedTuple

import typst
from docutils import nodes
from sphinx.builders import Builder
from sphinx.util import logging

from kmmdoc.dot import style
from kmmdoc.dot.fonts import FONT_FILES
from kmmdoc.publish.typst.book import Book
from kmmdoc.publish.typst.markup import string
from kmmdoc.publish.typst.writer import CannotPrint, Writer, anchors_of

TEMPLATE = Path(__file__).with_name("template.typ")
_APPENDIX_NAMES = {
    "en": {
        "functions": "Functions",
        "structs": "Structures",
        "globals": "Variables",
        "macros": "Macros and constants",
    },
    "zh_CN": {"functions": "函数", "structs": "结构", "globals": "全局变量", "macros": "宏与常量"},
}

logger = logging.getLogger(__name__)


class Entry(NamedTuple):
    """A document in the report: the level of its title, and down to which level its headings are in the
    contents. `heading` is that of an appendix it opens."""

    docname: str
    level: int
    listed: int = 3
    heading: str = ""


class TypstBuilder(Builder):
    """Writes report.typ, report.pdf, and pages.txt (how many it has) to the output folder."""

    name = "kmmpdf"
    format = "typst"
    epilog = ""
    allow_parallel = True

    def get_outdated_docs(self) -> str:
        return "the report"

    def get_target_uri(self, docname: str, typ: str | None = None) -> str:
        return f"%{docname}"

    def get_relative_uri(self, from_: str, to: str, typ: str | None = None) -> str:
        return self.get_target_uri(to, typ)

    def prepare_writing(self, docnames: Set[str]) -> None:
        pass

    def write_documents(self, docnames: Set[str]) -> None:
        entries = list(self._entries())
        trees = {entry.docname: self._tree(entry.docname) for entry in entries}
        figures = Path(self.outdir) / "figures"
        shutil.rmtree(figures, ignore_errors=True)
        figures.mkdir(parents=True)
        book = Book(
            frozenset(anchor for name, tree in trees.items() for anchor in anchors_of(name, tree)),
            self.env.toc_fignumbers,
            self.config.numfig_format,
            figures,
            frozenset(d for d in self.env.found_docs if d not in trees and self._in_appendix(d)),
        )
        parts = [self._head()]
        for entry in entries:
            if entry.heading:
                parts.append(f"\n#appendix({string(entry.heading)});\n")
            numbered = entry.docname != self.config.root_doc
            writer = Writer(
                entry.docname, book, entry.level, self._warn, listed=entry.listed, numbered=numbered
            )
            parts.append(writer.document(trees[entry.docname]))
        self._typeset("\n".join(parts))

    def _entries(self) -> Iterator[Entry]:
        """The root, what its contents list, then what only the appendices hold: the pages that the contents
        link to or, if the report is to be complete, all of them.

        The pages of an appendix follow its index page, FOLDER/index, if the contents have that.
        """
        patterns = self.config.kmm_pdf.get("appendices", ())
        seen: set[str] = set()
        named = None if self.config.kmm_pdf.get("complete") else self._named(patterns)

        def below(docname: str, level: int) -> Iterator[Entry]:
            seen.add(docname)
            folder, _, last = docname.rpartition("/")
            holds = last == "index" and f"{folder}/*" in patterns
            yield Entry(docname, level, 1 if holds else 3)
            for child in self.env.toctree_includes.get(docname, ()):
                if child not in seen and child in self.env.found_docs:
                    yield from below(child, level if docname == self.config.root_doc else level + 1)
            if holds:
                yield from self._appendix(f"{folder}/*", seen, "", named)

        yield from below(self.config.root_doc, 1)
        names = _APPENDIX_NAMES.get(self.config.language, _APPENDIX_NAMES["en"])
        for pattern in patterns:
            folder = pattern.split("/")[0]
            yield from self._appendix(pattern, seen, names.get(folder, folder), named)

    def _in_appendix(self, docname: str) -> bool:
        return any(fnmatch(docname, pattern) for pattern in self.config.kmm_pdf.get("appendices", ()))

    def _named(self, patterns: Iterable[str]) -> set[str]:
        """The documents that the texts of the contents link to, without the appendices' own pages."""
        indexes = {pattern.replace("*", "index") for pattern in patterns}
        named: set[str] = set()
        listed = [self.config.root_doc]
        for docname in listed:
            listed += [d for d in self.env.toctree_includes.get(docname, ()) if d not in listed]
            if docname in indexes:
                continue
            for link in self._tree(docname).findall(nodes.reference):
                target = str(link.get("refuri", ""))
                if target.startswith(self.get_target_uri("")):
                    named.add(target[1:].partition("#")[0])
        return named

    def _appendix(
        self, pattern: str, seen: set[str], heading: str, named: Container[str] | None
    ) -> Iterator[Entry]:
        """The documents that match and are not in the report yet; with `named` only those that are in it."""
        members = sorted(
            d
            for d in self.env.found_docs
            if fnmatch(d, pattern) and d not in seen and (named is None or d in named)
        )
        seen.update(members)
        for i, docname in enumerate(members):
            yield Entry(docname, 2, 1, "" if i else heading)

    def _tree(self, docname: str) -> nodes.document:
        tree = self.env.get_doctree(docname)
        for contents in list(tree.findall(lambda n: type(n).__name__ == "toctree")):
            contents.parent.remove(contents)
        self.env.resolve_references(tree, docname, self)
        return tree

    def _warn(self, message: str, node: nodes.Node) -> None:
        logger.warning(message, location=node, type="kmm", subtype="pdf")

    def _head(self) -> str:
        facts: dict[str, Any] = self.config.kmm_pdf
        named = [f"{key}: {string(facts.get(key, ''))}" for key in ("title", "subtitle", "author", "date")]
        named.append(f"lang: {string(self.config.language)}")
        return f'#import "{TEMPLATE.name}": *\n#show: report.with({", ".join(named)})\n'

    def _typeset(self, source: str) -> None:
        folder = Path(self.outdir)
        shutil.copyfile(TEMPLATE, folder / TEMPLATE.name)
        kinds = [
            f"{string(k)}: (rgb({string(c.fill)}), rgb({string(c.line)}))" for k, c in style.KINDS.items()
        ]
        (folder / "kinds.typ").write_text(f"#let kinds = ({', '.join(kinds)})\n", encoding="utf-8")
        main = folder / "report.typ"
        main.write_text(source, encoding="utf-8")
        date = datetime.date.fromisoformat(self.config.kmm_pdf["date"])
        made = datetime.datetime.combine(date, datetime.time(), datetime.UTC)
        compiler = typst.Compiler(
            str(main), root=str(folder), font_paths=[str(_fonts(folder))], ignore_system_fonts=True
        )
        try:
            _, warnings = compiler.compile_with_warnings(
                output=str(folder / "report.pdf"), format="pdf", timestamp=made, pdf_tags=False
            )
            pages = json.loads(compiler.query("<last-page>", field="value", one=True))
        except typst.TypstError as error:
            raise CannotPrint(f"typst: {error.message}\n{error.diagnostic}") from error
        for warning in warnings:
            logger.warning("typst: %s\n%s", warning.message, warning.diagnostic, type="kmm", subtype="typst")
        (folder / "pages.txt").write_text(f"{pages}\n")

    def finish(self) -> None:
        pass


def _fonts(folder: Path) -> Path:
    """A folder with the fonts of the report in it, as typst wants them."""
    fonts = folder / "fonts"
    fonts.mkdir(exist_ok=True)
    for font in FONT_FILES:
        path = font.path()
        link = fonts / path.name
        if not link.exists():
            try:
                os.symlink(path, link)
            except OSError:
                shutil.copyfile(path, link)
    return fonts
