"""The preview beside a listing: the first rows of a table, text or bytes, and facts below them."""

from __future__ import annotations

from collections.abc import Sequence

from rich.segment import Segment
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Container
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.core import format as fmt
from tui.core.safe_text import visible
from tui.widgets.line import Block, Heading, Line
from tui.widgets.paint import Painter, Span, Spans, fitted
from tui.widgets.preview_data import HEX_ROW, HexData, PreviewData, TableData, TextData

CELL_AT_MOST = 24
CELL_AT_LEAST = 3
GAP = 2
_MEASURED_ROWS = 60
_COMMON_NULLS = 0.2  # above this share, a missing value is nothing to look at
_STEP = 8


class PreviewBody(ScrollView, can_focus=True):
    """The bytes themselves, painted line by line; left and right show other columns."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.shown: PreviewData | None = None
        self.first_column = 0
        self._painter: Painter | None = None
        self._widths: list[int] = []
        self._nulls: list[str] = []

    def on_mount(self) -> None:
        """Paint anew when the theme changes."""
        self.app.theme_changed_signal.subscribe(self, self._theme_changed)

    def _theme_changed(self, _theme: object) -> None:
        self._painter = None
        self.refresh()

    def show(self, shown: PreviewData | None) -> None:
        """Show something else, from its beginning; the same with better types stays in place."""
        before, self.shown = self.shown, shown
        refined = (
            isinstance(before, TableData)
            and isinstance(shown, TableData)
            and before.rows is shown.rows
        )
        if not refined:
            self.first_column = 0
            self.scroll_to(0, 0, animate=False, force=True)
        if isinstance(shown, TableData):
            self._measure(shown)
        self.virtual_size = Size(self.size.width, self.lines_in_all)
        self.refresh()

    @property
    def head_lines(self) -> int:
        """How many lines stay while the rest scrolls."""
        return 2 if isinstance(self.shown, TableData) else 0

    @property
    def lines_in_all(self) -> int:
        """How many lines there are to show."""
        shown = self.shown
        if isinstance(shown, TableData):
            return len(shown.rows) + 2
        if isinstance(shown, TextData):
            return len(shown.lines)
        return -(-len(shown.data) // HEX_ROW) if shown is not None else 0

    @property
    def columns_seen(self) -> int:
        """How many columns of a table fit."""
        return len(self._fitting(self.scrollable_content_region.width))

    def action_scroll_left(self) -> None:
        """To the columns before."""
        self._shift(-1 if isinstance(self.shown, TableData) else -_STEP)

    def action_scroll_right(self) -> None:
        """To the columns after."""
        self._shift(1 if isinstance(self.shown, TableData) else _STEP)

    def _shift(self, by: int) -> None:
        if isinstance(self.shown, TableData):
            most = len(self.shown.columns) - 1
        elif isinstance(self.shown, TextData):
            most = max((len(line) for line in self.shown.lines[:500]), default=1) - 1
        else:
            return
        self.first_column = max(0, min(most, self.first_column + by))
        self.refresh()

    # -- painting --------------------------------------------------------------------------

    def _measure(self, table: TableData) -> None:
        sample = table.rows[:_MEASURED_ROWS]
        self._widths, self._nulls = [], []
        for at, column in enumerate(table.columns):
            cells = [row[at] for row in sample]
            widest = max((len(visible(cell or "null")) for cell in cells), default=0)
            widest = max(widest, len(visible(column.name)), len(column.kind), CELL_AT_LEAST)
            self._widths.append(min(widest, CELL_AT_MOST))
            rare = cells.count(None) <= len(cells) * _COMMON_NULLS
            self._nulls.append("danger" if rare else "dim")

    def _fitting(self, width: int) -> list[int]:
        """The columns that fit from the first one on; at least one."""
        chosen: list[int] = []
        used = 0
        for at in range(self.first_column, len(self._widths)):
            used += self._widths[at] + (GAP if chosen else 0)
            if chosen and used > width:
                break
            chosen.append(at)
        return chosen

    def render_line(self, y: int) -> Strip:
        """Paint one line."""
        if self._painter is None:
            self._painter = Painter(self.app.theme_variables)
        width, shown = self.scrollable_content_region.width, self.shown
        at = y + round(self.scroll_y) if y >= self.head_lines else y
        if shown is None or at >= self.lines_in_all:
            return Strip.blank(width, self.rich_style)
        if isinstance(shown, TableData):
            return self._strip(self._table_line(shown, at, width), width)
        if isinstance(shown, TextData):
            line = shown.lines[at].expandtabs(4)[self.first_column :]
            return self._strip(fitted(self._painter.text((("text", line),)), width), width)
        return self._strip(fitted(self._painter.text(_hex_line(shown, at, width)), width), width)

    def _table_line(self, table: TableData, at: int, width: int) -> Text:
        assert self._painter is not None
        cells = []
        for column in self._fitting(width):
            what = table.columns[column]
            align = "r" if what.numeric else "l"
            if at == 0:
                span: Span = ("dim", what.name)
            elif at == 1:
                span = ("dim", what.kind)
            else:
                value = table.rows[at - 2][column]
                span = (self._nulls[column], "null") if value is None else ("text", value)
            cells.append(fitted(self._painter.text((span,)), self._widths[column], align))
        return fitted(Text(" " * GAP, end="").join(cells), width)

    def _strip(self, text: Text, width: int) -> Strip:
        base = self.rich_style
        segments = [
            Segment(one.text, base + one.style if one.style else base)
            for one in text.render(self.app.console)
        ]
        return Strip(segments).adjust_cell_length(width, base)


def _hex_line(shown: HexData, at: int, width: int) -> Spans:
    start = at * HEX_ROW
    row = shown.data[start : start + HEX_ROW]
    digits = row.hex(" ")
    text = "".join(chr(byte) if 0x20 <= byte < 0x7F else "·" for byte in row)
    address: Spans = (("dim", f"{start:04x} "),) if width >= 38 else ()
    return (*address, ("text", f"{digits:<{HEX_ROW * 3 - 1}}"), ("muted", f"  {text}"))


class Preview(Container):
    """Heading, name, body, count line, facts, ways. Ids are `<id>-...` of its own."""

    def compose(self) -> ComposeResult:
        """All parts; `show_*` hide what is not needed."""
        yield Heading("Preview", follows="preview-body", id="preview-heading")
        yield Line(id="preview-name")
        yield Block(id="preview-note", classes="below")
        yield PreviewBody(id="preview-body")
        yield Line(id="preview-count", classes="below wide")
        yield Heading("About", id="preview-about", classes="below wide")
        yield Block(id="preview-facts", classes="wide")
        yield Block(id="preview-ways", classes="below wide")

    def show_title(self, title: str, name: str, meta: Spans = (), kind: Spans = ()) -> None:
        """Head the preview; what was shown before is dropped."""
        self.query_one("#preview-heading", Heading).show(title, meta)
        self.query_one("#preview-name", Line).show((("bold text", name),), kind, ())
        self.show_body(None)
        self.show_note(())
        self.show_facts(())

    def show_kind(self, kind: Spans) -> None:
        """Say at the right of the name what is being shown."""
        line = self.query_one("#preview-name", Line)
        line.show(line.left, kind, ())

    def show_note(self, rows: Sequence[Spans]) -> None:
        """Say something in place of the body."""
        note = self.query_one("#preview-note", Block)
        note.show(list(rows))
        note.display = bool(rows)

    def show_body(self, shown: PreviewData | None) -> None:
        """Show the first bytes, or nothing."""
        body = self.query_one(PreviewBody)
        body.show(shown)
        body.display = shown is not None
        self.call_after_refresh(self._fit)
        self._fit()

    def show_facts(self, facts: Sequence[Spans], ways: Sequence[Spans] = ()) -> None:
        """Show the facts under the body."""
        for name in ("#preview-about", "#preview-facts"):
            self.query_one(name).display = bool(facts)
        self.query_one("#preview-facts", Block).show(list(facts))
        block = self.query_one("#preview-ways", Block)
        block.show(list(ways))
        block.display = bool(ways)
        self._fit()

    def on_resize(self) -> None:
        """Another height has room for other rows."""
        self._fit()

    def _fit(self) -> None:
        """Give the body what the facts leave, but not more than it has lines."""
        body, facts = self.query_one(PreviewBody), self.query_one("#preview-facts", Block)
        table = isinstance(body.shown, TableData)
        count = self.query_one("#preview-count", Line)
        count.display = table and not self.screen.has_class("-narrow")
        taken = 3
        if not self.screen.has_class("-narrow"):
            taken += 2 if table else 0
            taken += len(facts.rows) + 2 if facts.rows else 0
            ways = self.query_one("#preview-ways", Block)
            taken += len(ways.rows) + 1 if ways.rows else 0
        height = max(3, min(body.lines_in_all, self.size.height - taken))
        body.styles.height = height
        if isinstance(body.shown, TableData):
            count.show((("dim", _counted(body.shown, height - 2, body.columns_seen)),))


def _counted(table: TableData, rows: int, columns: int) -> str:
    about = "" if table.exact else "≈ "
    in_all = table.rows_in_all
    if not table.exact and in_all > 1000:  # an estimate is not known to the last digit
        step = 10 ** (len(str(in_all)) - 3)
        in_all = in_all // step * step
    seen = min(rows, len(table.rows))
    told = f"{fmt.count(seen)} of {about}{fmt.count(in_all)} rows"
    return f"{told}, {columns} of {len(table.columns)} columns"
