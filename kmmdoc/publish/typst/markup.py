"""Pieces of Typst source. All text goes in as string literals, so nothing in it can be taken for markup."""

from __future__ import annotations

_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def string(text: str) -> str:
    """A string literal.

    >>> print(string('a "b"'))
    "a \\"b\\""
    """
    return '"' + "".join(_ESCAPES.get(char, char) for char in text) + '"'


def words(text: str) -> str:
    """Running text, as content. A line end is a blank.

    >>> words("one")
    '#"one";'
    """
    text = text.replace("\n", " ")
    return f"#{string(text)};" if text else ""


def array(items: list[str]) -> str:
    """An array of source pieces; the trailing comma makes one item an array, too."""
    return f"({', '.join(items)}{',' if items else ''})"


def label(anchor: str) -> str:
    """The label of an anchor, as an expression."""
    return f"label({string(anchor)})"


def mark(anchor: str) -> str:
    """Content that nobody sees and that links to `anchor` lead to."""
    return f"#mark({label(anchor)});"


def call(name: str, *args: str, body: str | None = None, **named: str) -> str:
    """A call of a function of the template, in content. Names of arguments have _ for -.

    >>> call("code", '"x"', first_line="3")
    '#code("x", first-line: 3);'
    """
    parts = [*args, *(f"{key.replace('_', '-')}: {value}" for key, value in named.items())]
    return f"#{name}({', '.join(parts)})" + (f"[{body}]" if body is not None else "") + ";"
