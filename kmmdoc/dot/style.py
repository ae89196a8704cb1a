"""Colours and measures of every figure, in one place, light and dark.

Meaning is never carried by colour alone: what changed has a thick border and a mark, kinds have a key.
"""

from __future__ import annotations

from typing import NamedTuple


class Colours(NamedTuple):
    """Fill and line of a kind, in the light and in the dark theme."""

    fill: str
    line: str
    dark_fill: str
    dark_line: str


KINDS: dict[str, Colours] = {
    "plain": Colours("#f3f6fb", "#8aa0c0", "#1f2836", "#7c93b8"),
    "function": Colours("#eaf1fb", "#4a6fa5", "#1c2a40", "#86b0e8"),
    "context": Colours("#ffffff", "#a9b4c4", "#14181f", "#5d6a7d"),
    "memory": Colours("#d6e6fb", "#3b73b9", "#1d3a5f", "#6ea8ec"),
    "reserved": Colours("#fbe0c1", "#b26a18", "#4d3415", "#e0a458"),
    "free": Colours("#d5efd9", "#37864a", "#1b4226", "#71c584"),
    "hole": Colours("#eceff3", "#b6bfcc", "#20262f", "#4d5868"),
    "firmware": Colours("#e9def8", "#7a52b3", "#38284f", "#b390e6"),
    "kernel": Colours("#fadadd", "#b8434e", "#4e2227", "#ee8088"),
    "struct": Colours("#d7f0ee", "#268682", "#173f3f", "#62c4bf"),
    "list": Colours("#fdf6d8", "#a08414", "#3d3513", "#d8bd4a"),
}
"""Kind of a node or segment -> colours. An unknown kind is drawn as `plain`."""

INKS: dict[str, tuple[str, str]] = {
    "title": ("#121c2a", "#eef3fa"),
    "label": ("#46546a", "#a9b8cc"),
    "value": ("#16202e", "#e2eaf5"),
    "before": ("#7a8495", "#8d9aac"),
    "axis": ("#5c6a7f", "#9aa8bc"),
    "edge": ("#6b7a90", "#8d9bb0"),
    "changed": ("#cf4a06", "#ff9152"),
    "mark": ("#7b3fa8", "#c79bee"),
}
"""Colours that do not depend on a kind: (light, dark)."""

WIDTH = 588.0
"""Width in points of the column that a figure should fit."""
TITLE, TEXT, SMALL = 10.4, 10.0, 9.0
"""Sizes of text, in points."""


def kind_of(kind: str) -> str:
    """The kind itself where it has colours, else `plain`."""
    return kind if kind in KINDS else "plain"


def variables() -> dict[str, str]:
    """Literal colour of a drawing -> the CSS variable that stands for it on the site, `var(--k-...)`."""
    table = {}
    for name, colours in KINDS.items():
        table[colours.fill] = f"var(--k-{name}-fill)"
        table[colours.line] = f"var(--k-{name}-line)"
    for name, (light, _) in INKS.items():
        table[light] = f"var(--k-{name})"
    return table


def css() -> str:
    """The style sheet that defines the variables, for the light and the dark theme of the site."""
    light = [f"--k-{n}-fill:{c.fill};--k-{n}-line:{c.line};" for n, c in KINDS.items()]
    dark = [f"--k-{n}-fill:{c.dark_fill};--k-{n}-line:{c.dark_line};" for n, c in KINDS.items()]
    light += [f"--k-{n}:{pair[0]};" for n, pair in INKS.items()]
    dark += [f"--k-{n}:{pair[1]};" for n, pair in INKS.items()]
    rules = [
        f"body{{{''.join(light)}}}",
        f"body[data-theme=dark]{{{''.join(dark)}}}",
        f"@media (prefers-color-scheme:dark){{body:not([data-theme=light]){{{''.join(dark)}}}}}",
    ]
    return "\n".join(rules) + "\n"
