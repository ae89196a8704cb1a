"""What the simulator's source says that it simplifies, and the same in other languages.

A docstring's paragraph that begins with `Simplified:` says in English what a function or a module does less
than the kernel. `templates/simplified.toml` has a table for each, named as the function or the module's path:

    [detect_calgary]
    en = "none has one."
    zh_CN = "没有一台机器有它。"

`en` is the paragraph that was translated. Where the source says something else by now, pages show that.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path

from kmmdoc.model.errors import KmmdocError
from kmmdoc.model.words import TEMPLATES

PACKAGE = Path(__file__).resolve().parents[1]
TRANSLATIONS = TEMPLATES / "simplified.toml"
LANGUAGES = ("en", "zh_CN")
_PARAGRAPH = re.compile(r"\bSimplified:\s*(.*?)(?:\n\s*\n|\Z)", re.DOTALL)


def paragraph(doc: str | None) -> str:
    """The `Simplified:` paragraph of a docstring on one line, or nothing.

    >>> paragraph("Boot.\\n\\nSimplified: only\\nthe log.\\n\\nMore.")
    'only the log.'
    """
    match = _PARAGRAPH.search(doc or "")
    return " ".join(match[1].split()) if match else ""


def is_kfunc(node: ast.stmt) -> bool:
    """Whether a statement of the simulator's source defines a kernel function."""
    return isinstance(node, ast.FunctionDef) and any(map(_marks_kfunc, node.decorator_list))


def written(package: Path = PACKAGE) -> dict[str, str]:
    """Kernel function, or path of a module (relative to the project) -> what it simplifies."""
    found = {}
    for path in sorted((package / "linux").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        found[path.relative_to(package.parent).as_posix()] = paragraph(ast.get_docstring(tree))
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and is_kfunc(node):
                found[node.name] = paragraph(ast.get_docstring(node))
    return {name: text for name, text in found.items() if text}


def translations(path: Path = TRANSLATIONS) -> dict[str, Mapping[str, str]]:
    """Function or path of a module -> its paragraph by language. KmmdocError where the form is wrong."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise KmmdocError(path, None, "there is no such file") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise KmmdocError(path, None, str(error)) from error
    for name, table in data.items():
        texts = table.values() if isinstance(table, dict) else ()
        whole = all(isinstance(text, str) and text.strip() for text in texts)
        if not isinstance(table, dict) or tuple(table) != LANGUAGES or not whole:
            raise KmmdocError(path, header(name), f"{name} has not a text each for {', '.join(LANGUAGES)}")
    return data


@lru_cache(maxsize=4)
def in_language(language: str) -> Mapping[str, Mapping[str, str]]:
    """Function or path of a module -> English paragraph -> its translation; empty for English."""
    if language not in LANGUAGES[1:]:
        return {}
    return {name: {texts["en"]: texts[language]} for name, texts in translations().items()}


def said(name: str, text: str, language: str) -> str:
    """What `name` simplifies, in a language; the English `text` where no translation is of that text."""
    return in_language(language).get(name, {}).get(text, text)


def problems(source: Mapping[str, str], path: Path) -> Iterator[tuple[str, KmmdocError]]:
    """Kind of finding, with place and reason, where not each paragraph of `source` is translated as it is."""
    try:
        known = translations(path)
    except KmmdocError as error:
        yield "form", error
        return
    for name in sorted(source.keys() - known.keys()):
        yield "untranslated", KmmdocError(path, 1, f"has no {name}: {source[name]}")
    for name, texts in known.items():
        if name not in source:
            yield "stale", KmmdocError(path, header(name), f"{name} simplifies nothing that its source says")
        elif texts["en"] != source[name]:
            reason = f"the translation is of another text; {name} says: {source[name]}"
            yield "stale", KmmdocError(path, header(name), reason)


def header(name: str) -> str:
    """The beginning of the line that opens a name's table."""
    return f"[{name}]" if re.fullmatch(r"\w+", name) else f'["{name}"]'


def _marks_kfunc(decorator: ast.expr) -> bool:
    if isinstance(decorator, ast.Call):
        decorator = decorator.func
    return isinstance(decorator, ast.Name) and decorator.id == "kfunc"
