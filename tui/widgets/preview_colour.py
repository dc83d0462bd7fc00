"""Text with its syntax in colour, by pygments. Blocks, and imports: for a thread."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tui.widgets.preview_data import Spans, TextData

_LINES = 1_500
_CHARACTERS = 64 * 1024
_LINE = 400  # what is beyond stays uncoloured; no lexer's patterns run long on so little
_ROLES = (
    ("Comment", "muted"),
    ("Keyword.Constant", "warm"),
    ("Keyword", "spot"),
    ("Literal.Number", "warm"),
    ("Literal.String", "run"),
    ("Literal", "warm"),
    ("Name.Tag", "cool"),
    ("Name.Attribute", "cool"),
    ("Name.Function", "cool"),
    ("Name.Class", "cool"),
    ("Name.Decorator", "cool"),
    ("Generic.Heading", "bold text"),
    ("Generic.Subheading", "bold text"),
    ("Generic.Strong", "bold text"),
    ("Generic.Emph", "italic text"),
    ("Generic.Deleted", "danger"),
    ("Generic.Inserted", "run"),
    ("Generic.Error", "danger"),
)
_PLAIN = frozenset({"", "txt", "log", "csv", "tsv", "psv", "tab", "srt", "vtt"})
_OTHERS = {"jsonl": "json", "ndjson": "json", "cfg": "ini", "conf": "ini", "md": "markdown",
           "yml": "yaml", "py": "python", "sh": "bash", "ps1": "powershell", "kt": "kotlin",
           "rs": "rust", "rb": "ruby", "js": "javascript", "ts": "typescript", "h": "c",
           "svg": "xml", "htm": "html"}  # fmt: skip


def coloured(text: TextData) -> TextData:
    """The same lines with colours, as many as are worth it; unchanged without a lexer for them."""
    if text.language in _PLAIN or not text.lines:
        return text
    lexer = _lexer(_OTHERS.get(text.language, text.language))
    if lexer is None:
        return text
    short = _worth_it(text.lines)
    rows = _rows(lexer, short)
    if len(rows) != len(short):
        return text  # it does not keep to the lines
    made = [
        (*spans, ("text", line[_LINE:])) if len(line) > _LINE else spans
        for spans, line in zip(rows, text.lines, strict=False)
    ]
    plain: list[Spans] = [(("text", line),) for line in text.lines[len(made) :]]
    return replace(text, colours=(*made, *plain))


def _worth_it(lines: tuple[str, ...]) -> list[str]:
    short: list[str] = []
    left = _CHARACTERS
    for line in lines[:_LINES]:
        short.append(line[:_LINE])
        left -= len(short[-1]) + 1
        if left < 0:
            break
    return short


def _lexer(name: str) -> Any:
    from pygments.lexers import get_lexer_by_name  # type: ignore[import-untyped]
    from pygments.util import ClassNotFound  # type: ignore[import-untyped]

    try:
        return get_lexer_by_name(name, stripnl=False, ensurenl=False)
    except ClassNotFound:
        return None


def _rows(lexer: Any, lines: list[str]) -> list[Spans]:
    rows: list[list[tuple[str, str]]] = [[]]
    roles: dict[Any, str] = {}
    for kind, value in lexer.get_tokens("\n".join(lines)):
        role = roles.get(kind)
        if role is None:
            role = roles[kind] = _role(str(kind))
        first, *others = value.split("\n")
        if first:
            rows[-1].append((role, first))
        rows += [[(role, part)] if part else [] for part in others]
    return [tuple(row) for row in rows]


def _role(kind: str) -> str:
    name = kind.removeprefix("Token.")
    return next((role for head, role in _ROLES if name.startswith(head)), "text")
