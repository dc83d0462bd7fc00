"""Python and shell code in the theme's colours, by a few tokens; no lexer is imported for it."""

from __future__ import annotations

import re

from textual.content import Content

from tui.widgets.paint import Span, content

_TOKEN = re.compile(
    r"(?P<comment>#[^\n]*)"
    r"|(?P<string>[rbf]?\"(?:\\.|[^\"\\\n])*\"|[rbf]?'(?:\\.|[^'\\\n])*')"
    r"|(?P<keyword>\b(?:import|from|for|in|with|as|print|def|return|if|else|not|and|or)\b)"
    r"|(?P<constant>\b(?:True|False|None|\d+(?:\.\d+)?)\b)"
)
_SHELL = re.compile(
    r"(?P<string>\"(?:\\.|[^\"\\\n])*\"|'[^'\n]*')|(?P<option>(?<=\s)--[a-z0-9-]+|\\$)",
    re.MULTILINE,
)
_ROLES = {
    "comment": "dim",
    "string": "run",
    "keyword": "spot",
    "constant": "warm",
    "option": "cool",
}


def _spans(line: str, tokens: re.Pattern[str]) -> list[Span]:
    spans: list[Span] = []
    at = 0
    for match in tokens.finditer(line):
        spans.append(("text", line[at : match.start()]))
        spans.append((_ROLES[match.lastgroup or "comment"], match[0]))
        at = match.end()
    spans.append(("text", line[at:]))
    return spans


def painted(code: str, *, numbered: bool = False, command_line: bool = False) -> Content:
    """Python (or shell) code as content, with line numbers if asked for."""
    tokens = _SHELL if command_line else _TOKEN
    rows = code.rstrip("\n").split("\n")
    made = []
    for number, row in enumerate(rows, 1):
        lead: list[Span] = [("dim", f"{number:>2}  ")] if numbered else []
        made.append(content(*lead, *_spans(row, tokens)))
    return Content("\n").join(made)
