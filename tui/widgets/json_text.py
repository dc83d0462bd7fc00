"""JSON in the theme's colours: as lines of spans, and in a text area, by a few tokens."""

from __future__ import annotations

import difflib
import re
from typing import Any

from rich.style import Style
from textual.widgets import TextArea
from textual.widgets.text_area import TextAreaTheme

from tui.widgets.paint import Span, Spans

_TOKEN = re.compile(
    r"(?P<key>\"(?:\\.|[^\"\\])*\"(?=\s*:))"
    r"|(?P<string>\"(?:\\.|[^\"\\])*\"?)"
    r"|(?P<constant>\b(?:true|false|null)\b)"
    r"|(?P<number>-?\b\d+(?:\.\d+)?(?:[eE][-+]?\d+)?\b)"
)
ROLES = {"key": "cool", "string": "run", "constant": "spot", "number": "warm"}
LONGEST_LINE = 2_000  # characters that are coloured
_THEME = "skydeck-json"


def json_line(line: str) -> Spans:
    """One line of JSON as spans."""
    spans: list[Span] = []
    at = 0
    for match in _TOKEN.finditer(line[:LONGEST_LINE]):
        if match.start() > at:
            spans.append(("muted", line[at : match.start()]))
        spans.append((ROLES[match.lastgroup or "string"], match[0]))
        at = match.end()
    if at < len(line):
        spans.append(("muted", line[at:]))
    return spans or [("muted", " ")]


def diff_lines(before: str, after: str) -> list[Spans]:
    """What changes from one text to another, as a unified diff; none where nothing does."""
    rows: list[Spans] = []
    found = difflib.unified_diff(before.splitlines(), after.splitlines(), n=3, lineterm="")
    for number, line in enumerate(found):
        if number < 2:
            continue  # the two lines that name files
        role = {"+": "run", "-": "danger", "@": "dim"}.get(line[:1], "muted")
        rows.append(((role, line or " "),))
    return rows


class JsonArea(TextArea):
    """A text area that colours JSON as it is typed."""

    def __init__(self, text: str, *, id: str | None = None) -> None:
        super().__init__(
            text, tab_behavior="indent", soft_wrap=False, show_line_numbers=True, id=id
        )
        self.indent_width = 2

    def on_mount(self) -> None:
        """Take the theme's colours, and those of another theme."""
        self.app.theme_changed_signal.subscribe(self, lambda _theme: self._take_colours())
        self._take_colours()

    def _take_colours(self) -> None:
        colours = self.app.theme_variables
        styles = {name: Style(color=colours.get(f"sky-{role}")) for name, role in ROLES.items()}
        theme = TextAreaTheme(
            _THEME,
            cursor_style=_on(colours, "ink", "text"),
            cursor_line_style=_on(colours, None, "panel"),
            selection_style=_on(colours, None, "cursor"),
            bracket_matching_style=Style(bold=True, color=colours.get("sky-bright")),
            gutter_style=Style(color=colours.get("sky-dim")),
            cursor_line_gutter_style=Style(color=colours.get("sky-text")),
            syntax_styles=styles,
        )
        self.register_theme(theme)
        self.theme = _THEME

    def _build_highlight_map(self) -> None:
        """Textual's hook after every edit; offsets are in bytes of UTF-8.

        A private name of Textual 8.2; tests/widgets/test_json_text.py pins what it does.
        """
        self._line_cache.clear()
        highlights = self._highlights
        highlights.clear()
        for number, line in enumerate(self.document.lines):
            if len(line) > LONGEST_LINE:
                continue
            plain = line.isascii()
            for match in _TOKEN.finditer(line):
                start, end = match.span()
                if not plain:
                    start = len(line[:start].encode("utf-8", "surrogatepass"))
                    end = len(line[:end].encode("utf-8", "surrogatepass"))
                highlights[number].append((start, end, match.lastgroup or "string"))


def _on(colours: dict[str, Any], text: str | None, background: str) -> Style:
    front = colours.get(f"sky-{text}") if text else None
    return Style(color=front, bgcolor=colours.get(f"sky-{background}"))
