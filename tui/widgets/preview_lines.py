"""The lines of a preview's body: how each kind of content is painted at a width."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size
from rich.color import Color
from rich.segment import Segment
from rich.style import Style

from tui.core import format as fmt
from tui.core.safe_text import visible
from tui.widgets.chrome import hint
from tui.widgets.paint import Span, Spans
from tui.widgets.preview_data import (
    HexData,
    Picture,
    PictureData,
    PreviewData,
    TableColumn,
    TableData,
    TextData,
)

CELL_AT_MOST = 24
CELL_AT_LEAST = 3
GAP = 2
HEX_ROW = 8
_HEX_WIDE = 76  # columns from which a row has 16 bytes
_HEX_ADDRESS = 38  # columns from which a row begins with its offset
_MEASURED_ROWS = 60
_COMMON_NULLS = 0.2  # above this share, a missing value is nothing to look at
_SHOWN_CHARACTERS = 4 * CELL_AT_MOST  # of a cell; more cannot be seen
_FACT_AT = 10


class Columns:
    """How wide each column of a table is; measured when a column is first painted."""

    def __init__(self, table: TableData) -> None:
        self._table = table
        self._known: dict[int, tuple[int, str]] = {}

    def __getitem__(self, at: int) -> tuple[int, str]:
        """A column's width, and the role of its missing values."""
        if at not in self._known:
            self._known[at] = self._measured(at)
        return self._known[at]

    def _measured(self, at: int) -> tuple[int, str]:
        column = self._table.columns[at]
        cells = [cell_at(row, at) for row in self._table.rows[:_MEASURED_ROWS]]
        widest = max((width_of(cell or "null") for cell in cells), default=0)
        kind = len(column.kind) if head_lines(self._table) > 1 else 0
        widest = max(widest, width_of(column.name), kind, CELL_AT_LEAST)
        rare = cells.count(None) <= len(cells) * _COMMON_NULLS
        return min(widest, CELL_AT_MOST), "danger" if rare else "dim"

    def fitting(self, first: int, width: int) -> list[int]:
        """The columns that fit from the first one on; at least one."""
        chosen: list[int] = []
        used = 0
        for at in range(first, len(self._table.columns)):
            used += self[at][0] + (GAP if chosen else 0)
            if chosen and used > width:
                break
            chosen.append(at)
        return chosen


def cell_at(row: Sequence[str | None], at: int) -> str | None:
    """A cell; a row that came before a column was known has none."""
    return row[at] if at < len(row) else None


def head_lines(shown: PreviewData | None) -> int:
    """How many lines stay while the rest scrolls."""
    if not isinstance(shown, TableData):
        return 0
    return 2 if shown.unit == "row" else 1  # types say something of rows alone


def hex_row(width: int) -> int:
    """How many bytes a line has."""
    return 2 * HEX_ROW if width >= _HEX_WIDE else HEX_ROW


def picture_for(shown: PictureData, width: int) -> Picture | None:
    """The widest picture that fits."""
    fitting = [picture for picture in shown.pictures if picture.width <= width]
    return fitting[-1] if fitting else None


def lines_in_all(shown: PreviewData | None, width: int) -> int:
    """How many lines there are to show."""
    if shown is None:
        return 0
    if isinstance(shown, TableData):
        return len(shown.rows) + head_lines(shown)
    if isinstance(shown, TextData):
        return len(shown.lines)
    above = len(shown.facts) + bool(shown.facts)
    if isinstance(shown, HexData):
        return above + -(-len(shown.data) // hex_row(width))
    picture = picture_for(shown, width)
    return above + (-(-picture.height // 2) if picture else 0)


def width_of(text: str) -> int:
    """How many columns of the screen a cell's text takes, as far as that matters."""
    told = visible(text[:_SHOWN_CHARACTERS])
    return len(told) if told.isascii() else cell_len(told)


def fitted(text: str, width: int, align: str = "l") -> str:
    """A text made visible, cut with … or padded to exactly `width` columns.

    As `paint.fitted` does for a Rich text; a screen of cells is painted in a tenth of its time.
    """
    told = visible(text)
    wide = len(told) if told.isascii() else cell_len(told)
    if wide > width:
        told = (told[: width - 1] if told.isascii() else set_cell_size(told, width - 1)) + "…"
        return told if width > 0 else ""
    return " " * (width - wide) + told if align == "r" else told + " " * (width - wide)


def fitted_line(spans: Spans, width: int) -> list[Span]:
    """Spans made visible, cut or padded to a line of exactly `width` columns."""
    made: list[Span] = []
    left = width
    for role, text in spans:
        told = visible(text)
        wide = len(told) if told.isascii() else cell_len(told)
        if wide > left:
            made.append((role, fitted(text, left)))
            return made
        made.append((role, told))
        left -= wide
    made.append(("text", " " * left))
    return made


def table_line(
    table: TableData, columns: Columns, at: int, *, first: int, width: int
) -> list[Span]:
    """The names, the types, or a row."""
    if at and head_lines(table) == 1:
        at += 1
    made: list[Span] = []
    left = width
    for number in columns.fitting(first, width):
        what, (room, nulls) = table.columns[number], columns[number]
        if made:
            made.append(("text", " " * GAP))
            left -= GAP
        room = min(room, left)
        role, text = _cell(table, what, number, at, nulls)
        made.append((role, fitted(text, room, "r" if what.numeric else "l")))
        left -= room
    made.append(("text", " " * left))
    return made


def _cell(table: TableData, what: TableColumn, number: int, at: int, nulls: str) -> Span:
    if at == 0:
        return ("muted" if what.read else "dim", what.name[:_SHOWN_CHARACTERS])
    if at == 1:
        return ("dim", what.kind)
    value = cell_at(table.rows[at - 2], number)
    if not what.read:
        return ("dim", "·")
    return (nulls, "null") if value is None else ("text", value[:_SHOWN_CHARACTERS])


def text_line(text: TextData, at: int, first: int, width: int) -> Spans:
    """A line from a character on, in its colours if it has some."""
    end = first + width + 1
    if at >= len(text.colours):
        return (("text", text.lines[at][first:end]),)
    made: list[Span] = []
    begins = 0
    for role, part in text.colours[at]:
        if begins < end and begins + len(part) > first:
            made.append((role, part[max(0, first - begins) : end - begins]))
        begins += len(part)
    return made


def hex_line(shown: HexData, at: int, width: int) -> Spans:
    """Facts first, then offset, bytes, characters."""
    if at < len(shown.facts):
        return fact_line(shown.facts[at])
    per_row = hex_row(width)
    start = (at - len(shown.facts) - bool(shown.facts)) * per_row
    if start < 0:
        return ()
    row = shown.data[start : start + per_row]
    text = "".join(chr(byte) if 0x20 <= byte < 0x7F else "·" for byte in row)
    address: Spans = (("dim", f"{shown.first + start:06x} "),) if width >= _HEX_ADDRESS else ()
    return (*address, ("text", f"{row.hex(' '):<{per_row * 3 - 1}}"), ("muted", f"  {text}"))


def fact_line(fact: tuple[str, str]) -> Spans:
    """One fact of a description."""
    return (("muted", f"{fact[0]:<{_FACT_AT}}"), ("text", fact[1]))


def picture_line(picture: Picture, at: int, base: Style) -> list[Segment]:
    """Two rows of pixels as half blocks."""
    above, below = _row(picture, 2 * at), _row(picture, 2 * at + 1)
    made: list[Segment] = []
    for top, bottom in zip(above, below or above, strict=True):
        style = base + Style(
            color=Color.from_rgb(*top), bgcolor=Color.from_rgb(*bottom) if below else None
        )
        made.append(Segment("▀", style))
    return made


def _row(picture: Picture, y: int) -> list[tuple[int, int, int]]:
    row = picture.pixels[y * picture.width * 3 : (y + 1) * picture.width * 3]
    return [(row[at], row[at + 1], row[at + 2]) for at in range(0, len(row), 3)]


def counted(shown: PreviewData, first: int, lines: int, columns: Sequence[int]) -> Spans:
    """What of it is on the screen: "rows 1–34 of ≈ 118,000, columns 1–4 of 9"."""
    told: list[Span] = []
    if isinstance(shown, TableData) and shown.unit == "column":
        return (("muted", shown.note),)
    if isinstance(shown, TableData):
        told.append(("dim", _rows(shown, first, lines, columns)))
        if shown.odd:
            told.append(("warn", f" · {fmt.count(shown.odd)} ragged"))
    elif isinstance(shown, TextData):
        told.append(("dim", _lines(shown, first, lines)))
    elif isinstance(shown, HexData) and shown.data:
        told.append(("dim", _bytes(shown)))
    unread = isinstance(shown, TableData) and not all(shown.columns[at].read for at in columns)
    if unread:
        told.append(("muted", f" · {hint('preview.right')[0]} reads the columns of ·"))
    elif shown.note:
        told.append(("dim", f" · {shown.note}" if told else shown.note))
    return told


def _rows(table: TableData, first: int, lines: int, columns: Sequence[int]) -> str:
    in_all = table.rows_in_all
    if not table.exact and in_all > 1000:  # an estimate is not known to the last digit
        step = 10 ** (len(str(in_all)) - 3)
        in_all = in_all // step * step
    about = "" if table.exact else "≈ "
    seen = max(0, min(lines, len(table.rows) - first))
    span = _span(table.first + first, seen)
    unit = table.unit + ("" if in_all == 1 else "s")
    told = f"{unit} {span} of {about}{fmt.count(in_all)}"
    if len(columns) < len(table.columns):
        place = _span(columns[0], len(columns)) if columns else "—"
        told += f", columns {place} of {fmt.count(len(table.columns))}"
    return told


def _lines(text: TextData, first: int, lines: int) -> str:
    seen = max(0, min(lines, len(text.lines) - first))
    so_far = " read so far" if text.more else ""
    in_all = fmt.count(text.first + len(text.lines))
    return f"lines {_span(text.first + first, seen)} of {in_all}{so_far}"


def _bytes(shown: HexData) -> str:
    read = fmt.count(shown.first + len(shown.data))
    return f"{read} bytes read so far" if shown.more else f"{read} bytes"


def _span(first: int, count: int) -> str:
    if count <= 0:
        return "0"
    if count == 1:
        return fmt.count(first + 1)
    return f"{fmt.count(first + 1)}–{fmt.count(first + count)}"
