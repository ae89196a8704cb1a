"""Chinese text is written over several lines in a source file and has no blanks in it when it is read."""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform

from kmmdoc.sphinxext.search import CJK

_WIDE = rf"[{CJK}\u3000-\u303f\uff00-\uffef]"
_LINE_END = re.compile(rf"(?<={_WIDE})[ ]*\n[ ]*(?={_WIDE})")


def join_lines(text: str) -> str:
    """Drop line ends between two Chinese characters; other line ends stay and read as a blank.

    >>> join_lines("内存，\\n页面\\nzone")
    '内存，页面\\nzone'
    """
    return _LINE_END.sub("", text)


class JoinChineseLines(SphinxTransform):
    """Joins the lines of Chinese text. The Markdown parser gives a line end as a text of its own."""

    default_priority = 880

    def apply(self, **kwargs: Any) -> None:
        for text in list(self.document.findall(nodes.Text)):
            parent = text.parent
            if "\n" not in text or isinstance(parent, (nodes.FixedTextElement, nodes.literal)):
                continue
            at = parent.index(text)
            before = parent[at - 1].astext()[-1:] if at else ""
            after = parent[at + 1].astext()[:1] if at + 1 < len(parent) else ""
            joined = join_lines(before + str(text) + after)[len(before) :]
            joined = joined[: len(joined) - len(after)]
            if joined != str(text):
                parent.replace(text, nodes.Text(joined))


def setup(app: Sphinx) -> None:
    app.add_transform(JoinChineseLines)
