"""Search that finds Chinese: runs of CJK characters are cut into overlapping pairs.

Sphinx cuts Chinese with a dictionary package when it is installed, and its zh search names a stemmer
that its own JavaScript lacks, which stops every query. Pairs need no dictionary. The index (Python)
and the query (JavaScript) are cut by the same rule; everything else is English as Sphinx does it.
"""

from __future__ import annotations

import re

from sphinx.application import Sphinx
from sphinx.search.en import SearchEnglish

#: Han characters, as the inside of a character class of Python and of JavaScript alike.
CJK = r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"

_RUNS = re.compile(rf"([{CJK}]+)|((?:(?![{CJK}])\w)+)")


def cut(text: str) -> list[str]:
    """Words of a text: Latin words whole, a run of CJK as its overlapping pairs (one alone as itself).

    >>> cut("zone 的水位线, __free_one_page")
    ['zone', '的水', '水位', '位线', '__free_one_page']
    """
    words: list[str] = []
    for run in _RUNS.finditer(text):
        chinese, other = run.groups()
        if other is not None:
            words.append(other)
        elif len(chinese) == 1:
            words.append(chinese)
        else:
            words += [chinese[i : i + 2] for i in range(len(chinese) - 1)]
    return words


_CUT_IN_JAVASCRIPT = (
    """
function splitQuery(query) {
  const words = [];
  const runs = query.matchAll(/([CJK]+)|((?:(?![CJK])[\\p{Letter}\\p{Number}_])+)/gu);
  for (const [, chinese, other] of runs) {
    if (other !== undefined) words.push(other);
    else if (chinese.length === 1) words.push(chinese);
    else for (let i = 0; i + 1 < chinese.length; i++) words.push(chinese.slice(i, i + 2));
  }
  return words;
}
"""
).replace("CJK", CJK)


class SearchPairs(SearchEnglish):
    """The search of the English site; the Chinese terms on it are found, too."""

    lang = "en"
    js_splitter_code = _CUT_IN_JAVASCRIPT

    def __init__(self, options: dict[str, str]) -> None:
        super().__init__(options)
        self._stems: dict[str, str] = {}

    def split(self, input: str) -> list[str]:
        return cut(input)

    def stem(self, word: str) -> str:
        # Pages share most of their words, and stemming is a fifth of the writing without this.
        if word not in self._stems:
            self._stems[word] = super().stem(word)
        return self._stems[word]


class SearchPairsChinese(SearchPairs):
    """The same for the Chinese site."""

    lang = "zh"


def setup(app: Sphinx) -> None:
    app.add_search_language(SearchPairs)
    app.add_search_language(SearchPairsChinese)
