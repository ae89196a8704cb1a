"""Where the definitions in a C file begin and end: a scanner at the level of the lexer.

Nothing is preprocessed: every branch of an `#if` is read, so variants of one name come out as several
definitions. An `#else` goes on from the nesting that its `#if` began with, which keeps the count of
braces right where branches open the same block in different words.
"""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Iterator
from typing import NamedTuple

from kmmdoc.model.excerpt import Span

_TOKEN = re.compile(
    r"""
    (?P<directive>^[ \t]*\#(?:/\*.*?\*/|\\\n|[^\n\\]|\\(?!\n))*)
  | (?P<skip>/\*.*?\*/ | //[^\n]* | "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*' | \.?\d\w*)
  | (?P<word>[A-Za-z_$][\w$]*)
  | (?P<mark>[{}()\[\];,=*])
    """,
    re.VERBOSE | re.MULTILINE | re.DOTALL,
)
_DIRECTIVE = re.compile(r"[ \t]*#[ \t]*(\w+)(?:[ \t]+(\w+))?")
_AGGREGATES = ("struct", "union", "enum")
_KEYWORDS = frozenset(
    """
    if for while switch return sizeof typeof __typeof__ do else case goto defined __attribute__ asm volatile
    __volatile__ alignof __alignof__ offsetof
    """.split()  # noqa: SIM905
)
# Written with parentheses beside a function's name without being it.
_ATTRIBUTES = frozenset(
    """
    __attribute__ __printf __scanf __aligned __section __acquires __releases __must_hold __alloc_size
    __assume_aligned __declspec __malloc __nonnull __typeof__ typeof __cond_lock __acquire __release
    """.split()  # noqa: SIM905
)


class Definition(NamedTuple):
    """A definition in a file. `name` is "" for a structure without a tag."""

    name: str
    kind: str
    span: Span
    """From the first line of its declaration (or the `#define`) to the line of its last brace or `;`."""


class Token(NamedTuple):
    kind: str
    text: str
    line: int


class Group(NamedTuple):
    """A word followed by parentheses in a declaration: what calls, macros and functions look like."""

    word: str
    place: int
    """Index of the word in the declaration."""


def tokens(text: str) -> Iterator[Token]:
    """The words, brackets and directives of a C text with their lines; comments and literals dropped."""
    line, at = 1, 0
    for found in _TOKEN.finditer(text):
        kind = found.lastgroup
        if kind == "skip":
            continue
        start = found.start()
        line += text.count("\n", at, start)
        at = start
        yield Token(kind or "", found.group(), line)


class _Open(NamedTuple):
    """A brace that is open: what its closing ends."""

    name: str
    kind: str
    start: int


class _Scanner:
    """One pass over a file. `declaration` is what was read since the last definition or outer `;`."""

    def __init__(self) -> None:
        self.found: list[Definition] = []
        self.braces: list[_Open] = []
        self.parens = 0
        self.declaration: list[Token] = []
        self.local: list[Token] = []  # words since the last mark inside braces: finds inner structures
        self.branches: list[tuple[list[_Open], int, list[Token]]] = []
        self.first = 0  # line of a declaration that an earlier branch began and left open

    def run(self, text: str) -> list[Definition]:
        for token in tokens(text):
            if token.kind == "directive":
                self.directive(token)
            elif token.text == "{":
                self.open(token)
            elif token.text == "}":
                self.close(token)
            else:
                self.other(token)
        return sorted(self.found, key=lambda d: (d.span, d.kind, d.name))

    def directive(self, token: Token) -> None:
        found = _DIRECTIVE.match(token.text)
        word = found[1] if found else ""
        if word == "define" and found and found[2]:
            end = token.line + token.text.count("\n")
            self.found.append(Definition(found[2], "macro", Span(token.line, end)))
        elif word in ("if", "ifdef", "ifndef"):
            self.branches.append((self.braces.copy(), self.parens, self.declaration.copy()))
        elif word in ("else", "elif") and self.branches:
            if self.declaration and not self.braces:
                self.first = self.first or self.declaration[0].line
            braces, self.parens, declaration = self.branches[-1]
            self.braces, self.declaration = braces.copy(), declaration.copy()
        elif word == "endif" and self.branches:
            self.branches.pop()
        self.local = []

    def open(self, token: Token) -> None:
        if self.braces:
            name, kind, start = _aggregate(self.local) or ("", "", token.line)
        else:
            name, kind, start = _what(self.declaration) or ("", "", token.line)
            start = self.first or start
            self.first = 0
        self.braces.append(_Open(name, kind, start))
        self.local = []

    def close(self, token: Token) -> None:
        self.local = []
        if not self.braces:  # an unbalanced branch: begin afresh
            self.declaration = []
            return
        name, kind, start = self.braces.pop()
        if kind:
            self.found.append(Definition(name, kind, Span(start, token.line)))
        if not self.braces:
            self.parens = 0
            if kind == "function":
                self.declaration = []
            elif self.declaration:
                self.declaration.append(Token("mark", "}", token.line))

    def other(self, token: Token) -> None:
        if self.braces:
            if token.kind == "word":
                self.local.append(token)
            elif token.text not in "()*":
                self.local = []
            return
        if token.text == "(":
            self.parens += 1
        elif token.text == ")":
            self.parens = max(0, self.parens - 1)
        elif token.text == ";" and not self.parens and not _old_style(self.declaration):
            self.statement(token)
            self.declaration, self.first = [], 0
            return
        elif token.kind == "word" and not self.parens and _only_a_macro(self.declaration, token):
            self.declaration = []
        self.declaration.append(token)

    def statement(self, end: Token) -> None:
        """A declaration has ended in `;`: a variable or a typedef, perhaps."""
        words = self.declaration
        if not words or words[0].text == "extern":
            return
        span = Span(words[0].line, end.line)
        flat = _outside(words)
        if words[0].text == "typedef":
            names = [t.text for t in flat if t.kind == "word"]
            if len(names) > 1 and not _groups(words):
                self.found.append(Definition(names[-1], "typedef", span))
            return
        name = _variable(words, flat)
        if name:
            self.found.append(Definition(name, "variable", span))


def _outside(words: list[Token]) -> list[Token]:
    """The tokens that stand in no parentheses or brackets."""
    depth, out = 0, []
    for token in words:
        if token.text in ("(", "["):
            depth += 1
        if depth == 0:
            out.append(token)
        if token.text in (")", "]"):
            depth -= 1
    return out


def _groups(words: list[Token]) -> list[Group]:
    """The words directly before an opening parenthesis of the outermost level."""
    depth, out = 0, []
    for index, token in enumerate(words):
        if token.text == "(":
            if depth == 0 and index and words[index - 1].kind == "word":
                out.append(Group(words[index - 1].text, index - 1))
            depth += 1
        elif token.text == ")":
            depth -= 1
    return out


def _variable(words: list[Token], flat: list[Token]) -> str:
    """The name that a declaration without a body declares, or ""."""
    equals = next((i for i, t in enumerate(words) if t.text == "="), len(words))
    groups = [g for g in _groups(words[:equals]) if g.word not in _ATTRIBUTES]
    if groups and (groups[0].place == 0 or "DEFINE" in groups[0].word):
        if not re.match(r"(DEFINE|DECLARE)_|LIST_HEAD|BLOCKING_NOTIFIER_HEAD|RAW_NOTIFIER", groups[0].word):
            return ""
        inner = [t.text for t in words[groups[0].place + 2 :] if t.kind == "word"]
        return inner[1 if "PER_CPU" in groups[0].word and len(inner) > 1 else 0] if inner else ""
    if groups:
        return ""
    names: list[str] = []
    least = 2  # a type and a name
    for token in flat:
        if token.text in ("=", ","):
            break
        if token.text == "}":
            names, least = [], 1  # the type was a structure with its body
        elif token.kind == "word" and not token.text.startswith("__"):
            names.append(token.text)
    return names[-1] if len(names) >= least else ""


def _aggregate(words: list[Token]) -> tuple[str, str, int] | None:
    """(tag, kind, first line) when `words` end in what stands before the brace of a structure."""
    for back in (1, 2, 3):
        if len(words) >= back and words[-back].text in _AGGREGATES:
            after = [t.text for t in words[len(words) - back + 1 :] if t.kind == "word"]
            tags = [w for w in after if not w.startswith("____")]
            return (tags[-1] if tags else ""), words[-back].text, words[-back].line
    return None


def _what(words: list[Token]) -> tuple[str, str, int] | None:
    """What the brace after the declaration `words` opens: (name, kind, first line); None: an initialiser."""
    flat = _outside(words)
    if any(t.text == "=" for t in flat):
        return None
    groups = [g for g in _groups(words) if g.word not in _ATTRIBUTES]
    if not groups:
        return _aggregate([t for t in flat if t.text not in ("(", ")")])
    named = ([g for g in groups if g.place > 0] or groups)[0]
    return _returning_a_function(words, named) or named.word, "function", words[0].line


def _returning_a_function(words: list[Token], group: Group) -> str:
    """The name in a declaration such as `int (*name(int a))(void)`, where `group` is "int"; "" in others."""
    after = [t.text for t in words[group.place + 1 : group.place + 5]]
    is_one = len(after) == 4 and after[:2] == ["(", "*"] and after[3] == "("
    return after[2] if is_one else ""


def _old_style(words: list[Token]) -> bool:
    """Whether `words` begin a function of the oldest C, up to the declaration of one of its parameters:
    `int name(a, b) int a`."""
    groups = [g for g in _groups(words) if g.word not in _ATTRIBUTES]
    if not groups or groups[0].place == 0:
        return False
    at = groups[0].place + 2
    while at + 1 < len(words) and words[at].kind == "word" and words[at + 1].text == ",":
        at += 2
    if [t.text for t in words[at + 1 : at + 2]] != [")"] or words[at].kind != "word":
        return False
    after = words[at + 2 :]
    types = [t for t in after if t.kind == "word" and not t.text.startswith("__")]
    return len(types) >= 2 and after[0].kind == "word" and not any(t.text in ("(", "=") for t in after)


def _only_a_macro(words: list[Token], token: Token) -> bool:
    """Whether `words` are complete macro invocations, `token` on a later line beginning something new."""
    if not words or words[-1].text != ")" or words[-1].line == token.line:
        return False
    groups = _groups(words)
    return bool(groups) and groups[0].place == 0 and groups[0].word not in _ATTRIBUTES


@functools.lru_cache(maxsize=256)
def scan(text: str) -> tuple[Definition, ...]:
    """Every definition of a C text, in the order of their lines."""
    return tuple(_Scanner().run(text))


def find(text: str, name: str, kind: str | None = None) -> list[Definition]:
    """The definitions of `name`, `#ifdef` variants in the order of their lines."""
    return [d for d in scan(text) if d.name == name and (kind is None or d.kind == kind)]


def constants(text: str) -> list[tuple[str, int]]:
    """(name, line) of each constant that an `enum` in a C text defines.

    >>> constants("enum tap { OPEN, SHUT = 3 };")
    [('OPEN', 1), ('SHUT', 1)]
    """
    spans = [d.span for d in scan(text) if d.kind == "enum"]
    found: list[tuple[str, int]] = []
    depth, in_enum, expected = 0, -1, False
    words: list[str] = []
    for token in tokens(text):
        if token.kind == "directive":
            continue
        if token.text == "{":
            depth += 1
            if in_enum < 0 and "enum" in words[-2:] and any(s.start <= token.line <= s.end for s in spans):
                in_enum, expected = depth, True
        elif token.text == "}":
            if depth == in_enum:
                in_enum = -1
            depth = max(0, depth - 1)
        elif depth == in_enum and token.text == ",":
            expected = True
        elif depth == in_enum and expected and token.kind == "word":
            found.append((token.text, token.line))
            expected = False
        words = [*words[-1:], token.text]
    return found


def lines_of(text: str, span: Span) -> list[str]:
    """The lines of `span`, without newlines. Fewer where the text ends before."""
    return text.split("\n")[span.start - 1 : span.end]


def digest(lines: list[str]) -> str:
    """sha256 of lines with a newline after each, in hexadecimal.

    >>> digest([])[:12]
    'e3b0c44298fc'
    """
    whole = "".join(line + "\n" for line in lines)
    return hashlib.sha256(whole.encode("utf-8", "surrogateescape")).hexdigest()


def calls(lines: list[str], first: int) -> list[tuple[int, str]]:
    """(line, name) of what looks like a call in the lines of a function whose first line is number `first`.

    Macros used like functions are among them; the function's own name is not.
    """
    out: list[tuple[int, str]] = []
    stream = list(tokens("\n".join(lines)))
    body = next((i for i, t in enumerate(stream) if t.text == "{"), len(stream))
    for word, mark in zip(stream[body:], stream[body + 1 :], strict=False):
        if word.kind == "word" and mark.text == "(" and word.text not in _KEYWORDS:
            out.append((word.line + first - 1, word.text))
    return out
