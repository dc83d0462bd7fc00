"""Delimited text as a table, by the csv module at once; pandas, once loaded, decides the types."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime

from tui.widgets.preview_data import (
    CELL_CHARACTERS,
    CELLS_A_PAGE,
    ROWS_A_PAGE,
    TableColumn,
    TableData,
)
from tui.widgets.preview_text import Cursor, Encoding, Piece

SEPARATORS = {"csv": ",;|\t", "tsv": "\t", "tab": "\t", "psv": "|"}
NULLS = frozenset(
    {
        "", " ", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND",
        "1.#QNAN", "<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null",
    } - {" "}
)  # fmt: skip  # what pandas.read_csv reads as missing by default
_WHOLE = re.compile(r"[+-]?\d{1,300}")
_NUMBER = re.compile(r"[+-]?(\d{1,300}\.?\d{0,300}|\.\d{1,300})([eE][+-]?\d{1,4})?")
_TRUTHS = frozenset({"True", "False", "true", "false", "TRUE", "FALSE"})
_SAMPLE_ROWS = 200
_SNIFFED_LINES = 12
_MANY_COLUMNS = 200


class CsvCutter:
    """Rows of delimited text. A quoted line end belongs to its row; the last row may be cut off."""

    def __init__(self, label: str, encoding: Encoding, separator: str) -> None:
        self._label, self._encoding, self.separator = label, encoding, separator
        self.columns: tuple[TableColumn, ...] = ()
        self._quoting: int = csv.QUOTE_MINIMAL

    def cut(self, data: bytes, last: bool, cursor: Cursor) -> Piece:
        """Whole rows; the first page's first one has the names."""
        text, skipped = self._encoding.decode(data, last, cursor.at)
        heads = 0 if cursor.at else 1
        most = self._most(text) + heads
        rows, ends = self._rows(text, most, last)
        used = skipped + self._encoding.size(text[: ends[-1]]) if ends else 0
        if heads and rows:
            self.columns = self._headed(rows[0], rows[1:])
        width = len(self.columns)
        body = rows[heads:]
        odd = sum(len(row) != width for row in body)
        held = tuple(fitted_row(row, width) for row in body)
        shown = TableData(
            self._label, self.columns, held, self.separator, 0, False, cursor.first, odd=odd
        )
        return Piece(shown, used, len(held))

    @property
    def enough(self) -> int:
        """Fewer rows of a table of very many columns."""
        return 100 if len(self.columns) <= _MANY_COLUMNS else 4

    def text_of(self, data: bytes) -> str:
        """The text of the first bytes, as pandas may read it."""
        text, _ = self._encoding.decode(data, True, 0)
        return text.encode("utf-8", "replace").decode("utf-8")

    def _most(self, text: str) -> int:
        width = len(self.columns) or text.partition("\n")[0].count(self.separator) + 1
        return max(20, min(ROWS_A_PAGE, CELLS_A_PAGE // width))

    def _headed(self, head: list[str], rows: list[list[str]]) -> tuple[TableColumn, ...]:
        width = len(head)
        held = [fitted_row(row, width) for row in rows[:_SAMPLE_ROWS]]
        return tuple(
            TableColumn(name[:CELL_CHARACTERS], kind_of(row[at] for row in held))
            for at, name in enumerate(head)
        )

    def _rows(self, text: str, most: int, last: bool) -> tuple[list[list[str]], list[int]]:
        """Rows, and where each ends. A quote that never ends is taken for a character."""
        rows, ends, cut = _parsed(text, self.separator, self._quoting, most)
        stray = cut == "error" or (cut == "end" and last and _swallowed(text, ends))
        if stray and self._quoting == csv.QUOTE_MINIMAL:
            rows, ends, cut = _parsed(text, self.separator, csv.QUOTE_NONE, most)
            self._quoting = csv.QUOTE_NONE
        if cut == "error":
            rows, ends = _split(text, self.separator, most)
        elif cut == "end" and not last:
            rows, ends = rows[:-1], ends[:-1]
        return rows, ends


def _parsed(
    text: str, separator: str, quoting: int, most: int
) -> tuple[list[list[str]], list[int], str]:
    """Up to `most` rows, where each ends, and why no more: "most", "end" or "error"."""
    read = 0

    def lines() -> Iterator[str]:
        nonlocal read
        for line in io.StringIO(text, newline=""):
            read += len(line)
            yield line

    rows: list[list[str]] = []
    ends: list[int] = []
    reader = csv.reader(lines(), delimiter=separator, quoting=quoting)  # type: ignore[arg-type]
    try:
        for row in reader:
            if row:  # pandas leaves out blank lines
                rows.append(row)
                ends.append(read)
                if len(rows) >= most:
                    return rows, ends, "most"
    except csv.Error:  # a field of more than 128 KB
        return rows, ends, "error"
    return rows, ends, "end"


def _swallowed(text: str, ends: list[int]) -> bool:
    """Whether the last row holds much more than a row should: a quote was never closed."""
    before = ends[-2] if len(ends) > 1 else 0
    return text.count("\n", before) > 100 and text.count('"', before) % 2 == 1


def _split(text: str, separator: str, most: int) -> tuple[list[list[str]], list[int]]:
    """The plainest reading, for what the csv module refuses."""
    rows: list[list[str]] = []
    ends: list[int] = []
    at = 0
    for line in text.split("\n", most)[:most]:
        at += len(line) + 1
        rows.append([cell[:CELL_CHARACTERS] for cell in line.rstrip("\r").split(separator, 200)])
        ends.append(min(at, len(text)))
    return rows, ends


def fitted_row(row: list[str], width: int) -> tuple[str | None, ...]:
    """A row's cells as many as the head has; what pandas reads as missing is None."""
    cells = tuple(None if cell in NULLS else clipped(cell) for cell in row[:width])
    return cells + (None,) * (width - len(cells))


def clipped(cell: str) -> str:
    """A cell without what nobody reads in a table."""
    return cell if len(cell) <= CELL_CHARACTERS else cell[:CELL_CHARACTERS] + "…"


def separator_of(text: str, ending: str) -> str:
    """Which separator gives the first lines the same, and the largest, number of cells."""
    choices = SEPARATORS.get(ending, SEPARATORS["csv"])
    if len(choices) == 1:
        return choices

    def rated(choice: str) -> tuple[bool, bool, int, int]:
        rows, _, _ = _parsed(text, choice, csv.QUOTE_MINIMAL, _SNIFFED_LINES)
        widths = Counter(len(row) for row in rows)
        width, often = widths.most_common(1)[0] if widths else (1, 0)
        apart = bool(rows) and len(rows[0]) > 1
        return apart, often * 2 > len(rows), often * min(width, 1000), -choices.index(choice)

    return max(choices, key=rated)


def kind_of(values: Iterable[str | None]) -> str:
    """Guess a column's type from its first values, as pandas would name it."""
    seen = [value for _, value in zip(range(_SAMPLE_ROWS), values, strict=False)]
    there = [value for value in seen if value is not None]
    if not there:
        return "f64" if seen else "str"
    if all(_WHOLE.fullmatch(value) for value in there):
        return "i64" if len(there) == len(seen) else "f64"
    if all(_NUMBER.fullmatch(value) for value in there):
        return "f64"
    if all(value in _TRUTHS for value in there):
        return "bool" if len(there) == len(seen) else "str"
    return "datetime" if all(_is_moment(value) for value in there) else "str"


def _is_moment(value: str) -> bool:
    if not 10 <= len(value) <= 40 or value[4:5] != "-":
        return False
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


_SHORT = {
    "int64": "i64", "int32": "i32", "int16": "i16", "int8": "i8", "uint64": "u64",
    "float64": "f64", "float32": "f32", "boolean": "bool", "string": "str",
}  # fmt: skip


def refined(table: TableData, text: str) -> TableData:
    """Give a first page the types that `pandas.read_csv` gives it. Blocks, imports pandas.

    What pandas cannot read keeps its guessed types.

    Args:
        table: a page with at least one row.
        text: the page's own text, from the head on.
    """
    import pandas as pd

    try:
        frame = pd.read_csv(io.StringIO(text), sep=table.separator, nrows=len(table.rows))
    except (ValueError, OverflowError, pd.errors.ParserError):
        return table
    if len(frame.columns) != len(table.columns):
        return table
    columns = []
    for column, dtype in zip(table.columns, frame.dtypes, strict=True):
        kind = _SHORT.get(str(dtype), str(dtype))
        # read_csv leaves dates as text unless it is told which columns to parse.
        keeps = column.kind == "datetime" and kind in ("str", "object")
        columns.append(
            column if keeps else replace(column, kind="str" if kind == "object" else kind)
        )
    return replace(table, columns=tuple(columns))
