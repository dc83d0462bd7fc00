"""JSON lines as a table, JSON indented; both also where the text is cut off or broken."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from tui.widgets.preview_data import (
    CELLS_A_PAGE,
    LINES_A_PAGE,
    ROWS_A_PAGE,
    TableColumn,
    TableData,
    TextData,
)
from tui.widgets.preview_table import clipped
from tui.widgets.preview_text import Cursor, Encoding, Piece, broken

_NAMES_AT_MOST = 2_000
_FLAT = 0.5  # of the columns at least must hold plain values
_DEEPEST = 30  # further in, the indentation stays


class JsonlCutter:
    """A record a line. Names that come later become columns at the end."""

    enough = 100

    def __init__(self, encoding: Encoding, label: str = "jsonl") -> None:
        self._encoding, self._label = encoding, label
        self._names: dict[str, str] = {}  # name -> kind

    def cut(self, data: bytes, last: bool, cursor: Cursor) -> Piece:
        """Whole lines; one that is no record is a row with its text."""
        text, skipped = self._encoding.decode(data, last, cursor.at)
        lines = text.split("\n", self._most)
        rest = lines.pop()
        if last and rest and len(lines) < self._most:
            lines.append(rest)
            rest = ""
        used = skipped + self._encoding.size(text) - self._encoding.size(rest) if lines else 0
        records = [record_of(line) for line in lines if line.strip()]
        self._learn(records)
        names = tuple(self._names)
        rows = tuple(_row(record, names) for record in records)
        odd = sum(not isinstance(record, dict) for record in records)
        columns = tuple(TableColumn(clipped(name), kind) for name, kind in self._names.items())
        shown = TableData(self._label, columns, rows, "", 0, False, cursor.first, odd=odd)
        return Piece(shown, used, len(rows))

    @property
    def _most(self) -> int:
        return max(20, min(ROWS_A_PAGE, CELLS_A_PAGE // max(1, len(self._names))))

    def _learn(self, records: Sequence[Any]) -> None:
        named = [record for record in records if isinstance(record, dict)]
        new: dict[str, None] = {}
        for record in named:
            new.update((str(name), None) for name in record if name not in self._names)
            if len(new) + len(self._names) > _NAMES_AT_MOST:
                break
        for name in new:
            self._names[name] = _kind([record.get(name) for record in named])


def record_of(line: str) -> Any:
    """A line's value; the line itself if it is no JSON."""
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return line


def is_flat(lines: Sequence[str]) -> bool:
    """Whether lines are records of mostly plain values, which make a table."""
    records = [record_of(line) for line in lines if line.strip()]
    if not records or not all(isinstance(record, dict) for record in records):
        return False
    names = dict.fromkeys(name for record in records for name in record)
    nested = {
        name
        for record in records
        for name, value in record.items()
        if isinstance(value, (dict, list))
    }
    return bool(names) and len(nested) <= len(names) * _FLAT


def _row(record: Any, names: Sequence[str]) -> tuple[str | None, ...]:
    if isinstance(record, dict):
        return tuple(_said(record.get(name)) for name in names)
    said = record if isinstance(record, str) else json.dumps(record, ensure_ascii=False)
    return (clipped(said), *(None,) * (len(names) - 1)) if names else (clipped(said),)


def _said(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, str):
        return clipped(value)
    return clipped(json.dumps(value, ensure_ascii=False))


def _kind(values: Sequence[Any]) -> str:
    there = {type(value) for value in values if value is not None}
    if there == {int}:
        return "i64" if None not in values else "f64"
    if there and there <= {int, float}:
        return "f64"
    if there == {bool} and None not in values:
        return "bool"
    return "str" if there <= {str} else "object"


_TOKEN = re.compile(
    r'(?P<space>\s+)|(?P<string>"(?:[^"\\]++|\\.)*+")|(?P<mark>[{}\[\],:])|(?P<word>[^\s{}\[\],:"]+)',
    re.DOTALL,
)


class JsonCutter:
    """JSON indented by two, token by token: a text that is cut off is shown as far as it goes."""

    enough = 1

    def __init__(self, encoding: Encoding, label: str = "json") -> None:
        self._encoding, self._label = encoding, label

    def cut(self, data: bytes, last: bool, cursor: Cursor) -> Piece:
        """Whole lines of the indented text."""
        text, skipped = self._encoding.decode(data, last, cursor.at)
        page = _Indented(cursor.state or 0)
        at = 0
        for token in _TOKEN.finditer(text):
            if token.start() != at or len(page.lines) >= LINES_A_PAGE:
                break  # a string that does not end here, or enough
            if token.end() == len(text) and not last and token.lastgroup != "mark":
                break  # it may go on
            at = token.end()
            page.take(token.lastgroup or "", token[0], token.start(), at)
        if last and len(page.lines) < LINES_A_PAGE:
            page.word(text[at:], at, len(text))
            page.end_line(len(text))
        lines = tuple(part for line in page.lines for part in broken(line))
        used = skipped + self._encoding.size(text[: page.used]) if page.used else 0
        shown = TextData(self._label, lines, cursor.first, language="json")
        return Piece(shown, used, len(lines), page.depth_there)


class _Indented:
    """Lines in the making. A page may end wherever a line has ended."""

    def __init__(self, depth: int) -> None:
        self.lines: list[str] = []
        self.used = 0  # characters up to the end of the last whole line
        self.depth_there = self._depth = depth  # at that place
        self._line: list[str] = []
        self._opened = False  # the last token opened a bracket

    def take(self, kind: str, token: str, start: int, end: int) -> None:
        """Add one token, by where it stands."""
        if kind == "space":
            return
        mark = token if kind == "mark" else ""
        if mark and mark in "}]":
            if not self._opened:
                self.end_line(start)
            self._opened = False
            self._depth = max(0, self._depth - 1)
            self.word(token, start, end)
            return
        self.word(": " if mark == ":" else token, start, end)
        if mark and mark in "{[":
            self._depth += 1
            self._opened = True
        elif mark == ",":
            self.end_line(end)

    def word(self, token: str, start: int, end: int) -> None:
        """Add to the line."""
        if self._opened:
            self._opened = False
            self.end_line(start)
        if token:
            if not self._line:
                self._line.append("  " * min(self._depth, _DEEPEST))
            self._line.append(token)

    def end_line(self, at: int) -> None:
        """The line ends before a character."""
        if self._line:
            self.lines.append("".join(self._line))
            self._line = []
        self.used, self.depth_there = at, self._depth
