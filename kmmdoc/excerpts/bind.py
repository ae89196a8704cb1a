"""Hold annotations against a tree: where does their text stand there, and is it still that text?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from kmmdoc.excerpts import ctext
from kmmdoc.excerpts.facts import Facts, v3_18
from kmmdoc.excerpts.store import SHORT
from kmmdoc.excerpts.trees import Tree, text_of
from kmmdoc.model.excerpt import Annotation, BoundRange, Excerpt, Outcome, Section, Span, SymbolFact

NOTICE = {
    "en": (
        "The lines of source shown here are from the Linux kernel ({tree}), which is licensed under the GNU "
        "General Public License, version 2. Copyright by Linus Torvalds and the other authors, who are "
        "named in its files and history. They were taken from the reader's own copy when this was made."
    ),
    "zh_CN": (
        "此处所示的源代码行取自 Linux 内核的源码树 {tree}，依 GNU 通用公共许可证第 2 版授权；版权归 Linus "
        "Torvalds 及其他作者所有，姓名见各文件及提交历史。这些代码行是在生成时从读者自己的源码副本中读取的。"
    ),
}


def notice(tree: str, language: str = "en") -> str:
    """The licence notice for a page or a book that shows text of `tree` (an Excerpt's `tree`)."""
    return NOTICE[language if language in NOTICE else "en"].format(tree=tree)


class Binder:
    """Binds symbols of the facts to one tree, or to none. Reads and scans each file of the tree once."""

    def __init__(self, tree: Tree | None, facts: Facts | None = None) -> None:
        self.tree, self.facts = tree, facts or v3_18()
        self._texts: dict[str, str | None] = {}

    def bind(self, annotation: Annotation) -> Excerpt:
        """The annotation with the text it is about. LookupError where it is about none of the facts."""
        symbol, file, kind = annotation.symbol, annotation.file, annotation.kind
        variants = self.facts.variants(symbol, file, kind)
        if annotation.through:
            variants = self.facts.family(symbol, annotation.through, file, kind)
        fact = next((v for v in variants if v.span == annotation.span), None)
        if fact is None:
            raise LookupError(
                f"no {annotation.kind} {annotation.symbol} at {annotation.file}:{annotation.span}"
            )
        return self._bind(fact, annotation, annotation.sha256)

    def bind_fact(self, fact: SymbolFact) -> Excerpt:
        """A symbol that nobody has annotated. Of a symbol without a hash the whole file's decides."""
        return self._bind(fact, None, fact.sha256)

    def _bind(self, fact: SymbolFact, annotation: Annotation | None, sha256: str) -> Excerpt:
        if self.tree is None or (self._text(fact.file) is None and not self._elsewhere(fact)):
            return _without_text(fact, annotation)
        found = self._same(fact, sha256)
        if found:
            file, span = found
            here = (file, span) == (fact.file, fact.span)
            outcome = Outcome.EXACT if here else Outcome.MOVED
            ranges = _moved_along(annotation, outcome, span)
            return self._excerpt(fact, annotation, outcome, file, span, ranges)
        near = self._nearest(fact, annotation)
        if near is None:
            ranges = tuple(BoundRange(s, Outcome.DRIFTED, None) for s in _ranged(annotation))
            return Excerpt(
                fact, Outcome.DRIFTED, fact.file, fact.span, annotation, ranges, tree=self.tree.label
            )
        file, span, ranges = near
        some = any(r.outcome.holds for r in ranges)
        return self._excerpt(
            fact, annotation, Outcome.PARTIAL if some else Outcome.DRIFTED, file, span, ranges
        )

    def _excerpt(
        self,
        fact: SymbolFact,
        annotation: Annotation | None,
        outcome: Outcome,
        file: str,
        span: Span,
        ranges: tuple[BoundRange, ...],
    ) -> Excerpt:
        assert self.tree is not None
        lines = ctext.lines_of(self._text(file) or "", span)
        calls = ctext.calls(lines, span.start) if fact.kind == "function" else []
        shown = tuple(line.encode("utf-8", "surrogateescape").decode("utf-8", "replace") for line in lines)
        return Excerpt(fact, outcome, file, span, annotation, ranges, shown, tuple(calls), self.tree.label)

    def _text(self, path: str) -> str | None:
        if path not in self._texts:
            self._texts[path] = text_of(self.tree, path) if self.tree else None
        return self._texts[path]

    def _elsewhere(self, fact: SymbolFact) -> list[str]:
        """Other known files that have the name, those of the same folder first."""
        folder = PurePosixPath(fact.file).parent
        others = sorted(self.facts.files, key=lambda p: (PurePosixPath(p).parent != folder, p))
        return [p for p in others if p != fact.file and fact.name in (self._text(p) or "")]

    def _same(self, fact: SymbolFact, sha256: str) -> tuple[str, Span] | None:
        """Where the very text stands: at its old place, elsewhere in its file, or in another file."""
        text = self._text(fact.file)
        if text is not None and sha256 and _digest(text, fact.span) == sha256:
            return fact.file, fact.span
        if not sha256:
            return (fact.file, fact.span) if text is not None and self._whole_file(fact.file) else None
        length = fact.span.length
        for path in self._candidates(fact):
            text = self._text(path) or ""
            for found in ctext.find(text, fact.name, fact.kind):
                # A fact's first line may be further up than the declaration's (see the facts' tool);
                # a family goes on behind its first definition.
                first, last = found.span
                for span in (found.span, Span(last - length + 1, last), Span(first, first + length - 1)):
                    if span.start > 0 and _digest(text, span) == sha256:
                        return path, span
        return None

    def _whole_file(self, path: str) -> bool:
        text = self._text(path)
        return text is not None and ctext.digest(text.split("\n")[:-1]) == self.facts.files[path].sha256

    def _candidates(self, fact: SymbolFact) -> Iterator[str]:
        if self._text(fact.file) is not None:
            yield fact.file
        yield from self._elsewhere(fact)

    def _nearest(
        self, fact: SymbolFact, annotation: Annotation | None
    ) -> tuple[str, Span, tuple[BoundRange, ...]] | None:
        """The definition of the name that keeps most of the ranges; of equals the same variant."""
        same = [v.span for v in self.facts.variants(fact.name, fact.file, fact.kind)]
        rank = same.index(fact.span) if fact.span in same else 0
        best: tuple[int, tuple[str, Span, tuple[BoundRange, ...]]] | None = None
        for path in self._candidates(fact):
            text = self._text(path) or ""
            for number, span in enumerate(_definitions(text, fact)):
                lines = ctext.lines_of(text, span)
                there = path == fact.file
                ranges = tuple(_locate(s, lines, span, fact, there) for s in _ranged(annotation))
                score = 2 * sum(r.outcome.holds for r in ranges) + (number == rank)
                if best is None or score > best[0]:
                    best = score, (path, span, ranges)
            if best:
                break  # a definition in its own file is better than any elsewhere
        return best[1] if best else None


def _definitions(text: str, fact: SymbolFact) -> list[Span]:
    """The definitions of the symbol; those of a family reach to the last of its names that follows."""
    found = [d.span for d in ctext.find(text, fact.name, fact.kind)]
    if not fact.through:
        return found
    ends = [d.span.end for d in ctext.find(text, fact.through)]
    return [
        Span(span.start, max([end for end in ends if end > span.end], default=span.end)) for span in found
    ]


def _without_text(fact: SymbolFact, annotation: Annotation | None) -> Excerpt:
    ranges = _moved_along(annotation, Outcome.NO_TREE, fact.span)
    return Excerpt(fact, Outcome.NO_TREE, fact.file, fact.span, annotation, ranges, calls=fact.calls)


def _ranged(annotation: Annotation | None) -> list[Section]:
    return [s for s in annotation.sections if s.lines] if annotation else []


def _moved_along(annotation: Annotation | None, outcome: Outcome, span: Span) -> tuple[BoundRange, ...]:
    """Every range at its distance from the symbol's first line."""
    return tuple(
        BoundRange(s, outcome, s.lines.shifted(span.start - 1)) for s in _ranged(annotation) if s.lines
    )


def _locate(section: Section, lines: list[str], span: Span, fact: SymbolFact, same_file: bool) -> BoundRange:
    """The section's lines within a definition's text `lines`, by their hash; of several the nearest."""
    assert section.lines is not None
    length, wanted = section.lines.length, section.lines.start - 1
    at = [i for i in range(len(lines) - length + 1) if _short(lines[i : i + length]) == section.digest]
    if not at:
        return BoundRange(section, Outcome.DRIFTED, None)
    nearest = min(at, key=lambda i: abs(i - wanted))
    place = Span(span.start + nearest, span.start + nearest + length - 1)
    unmoved = same_file and place == section.lines.shifted(fact.span.start - 1)
    return BoundRange(section, Outcome.EXACT if unmoved else Outcome.MOVED, place)


def _short(lines: list[str]) -> str:
    return ctext.digest(lines)[:SHORT]


def _digest(text: str, span: Span) -> str:
    lines = ctext.lines_of(text, span)
    return ctext.digest(lines) if len(lines) == span.length else ""
