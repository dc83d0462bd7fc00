"""The scrolling body of a preview: rows, lines, bytes or a picture, and what it asks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.actions import SkipAction
from textual.binding import BindingType
from textual.events import MouseScrollDown, Resize
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.widgets import preview_lines as lines
from tui.widgets.keys import bindings
from tui.widgets.paint import Painter, Spans
from tui.widgets.preview_data import HexData, PictureData, PreviewData, TableData, TextData

_STEP = 8  # characters that text moves sideways
_SIDEWAYS_LINES = 500  # how many lines tell how far it may


class PreviewBody(ScrollView, can_focus=True):
    """Painted line by line; left and right show other columns, the ends ask for more."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("preview")

    @dataclass
    class MoreWanted(Message):
        """One went on at an end: the page after (+1) or before (-1) what is shown is wanted."""

        by: int

    @dataclass
    class ColumnsWanted(Message):
        """One is at columns that were not read; these are seen."""

        columns: tuple[int, ...]

    class SummaryWanted(Message):
        """The summary of the columns is wanted, or the rows again."""

    class ZoomWanted(Message):
        """The preview is to take all the room, or no longer."""

    class Scrolled(Message):
        """Other lines or columns are seen."""

        def can_replace(self, message: Message) -> bool:
            """Only the last place matters."""
            return isinstance(message, PreviewBody.Scrolled)

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.shown: PreviewData | None = None
        self.first_column = 0
        self._painter: Painter | None = None
        self._base = Style.null()
        self._columns: lines.Columns | None = None
        self._going = 0  # which way one goes on once a page has come

    def on_mount(self) -> None:
        """Paint anew when the theme changes."""
        self.app.theme_changed_signal.subscribe(self, self._theme_changed)

    def _theme_changed(self, _theme: object) -> None:
        self._painter = None
        self.refresh()

    def on_resize(self, _event: Resize) -> None:
        """Bytes and pictures have other lines at another width."""
        self._measure()

    # -- content ---------------------------------------------------------------------------

    def show(self, shown: PreviewData | None) -> None:
        """Show something else, from its beginning."""
        self.shown = shown
        self.first_column = self._going = 0
        self._measure()
        self.scroll_to(0, 0, animate=False, force=True)
        self.refresh()

    def refine(self, shown: PreviewData, moved: int = 0) -> None:
        """Show more, or better, of the same; what was seen has moved down by `moved` rows."""
        self.shown = shown
        self._measure()
        going, self._going = self._going, 0
        y = self.scroll_y + self._lines_of(moved) + going * self._page
        self.scroll_to(y=max(0, min(y, self.max_scroll_y)), animate=False, force=True)
        self.refresh()
        self.post_message(self.Scrolled())

    def _lines_of(self, moved: int) -> int:
        if isinstance(self.shown, HexData):
            return moved // lines.hex_row(self._width)
        return moved

    def _measure(self) -> None:
        self._columns = lines.Columns(self.shown) if isinstance(self.shown, TableData) else None
        self.virtual_size = Size(self.size.width, self.lines_in_all)

    @property
    def _width(self) -> int:
        return self.scrollable_content_region.width

    @property
    def _page(self) -> int:
        return max(1, self.size.height - self.head_lines - 1)

    @property
    def head_lines(self) -> int:
        """How many lines stay while the rest scrolls."""
        return lines.head_lines(self.shown)

    @property
    def lines_in_all(self) -> int:
        """How many lines there are to show."""
        return lines.lines_in_all(self.shown, self._width)

    @property
    def columns_seen(self) -> list[int]:
        """The columns of a table that fit."""
        return self._columns.fitting(self.first_column, self._width) if self._columns else []

    def counted(self) -> Spans:
        """What of it is seen, in words."""
        if self.shown is None:
            return ()
        room = max(1, self.size.height - self.head_lines)
        return lines.counted(self.shown, round(self.scroll_y), room, self.columns_seen)

    # -- moving ----------------------------------------------------------------------------

    def action_page_down(self) -> None:
        """A page on; at the end, the next part of the object."""
        if not self._wants_more(1):
            self.scroll_to(y=self.scroll_y + self._page, animate=False)

    def action_page_up(self) -> None:
        """A page back; at the beginning of what is held, the part before."""
        if not self._wants_more(-1):
            self.scroll_to(y=self.scroll_y - self._page, animate=False)

    def action_scroll_down(self) -> None:
        """A line on."""
        if not self._wants_more(1):
            self.scroll_to(y=self.scroll_y + 1, animate=False)

    def action_scroll_up(self) -> None:
        """A line back."""
        if not self._wants_more(-1):
            self.scroll_to(y=self.scroll_y - 1, animate=False)

    def action_scroll_home(self) -> None:
        """To the beginning of the object."""
        if self.shown is not None and self.shown.first:
            self.post_message(self.MoreWanted(0))
        self.scroll_to(y=0, animate=False)

    def action_scroll_end(self) -> None:
        """To the end of what was read."""
        self.scroll_to(y=self.max_scroll_y, animate=False)

    def on_mouse_scroll_down(self, _event: MouseScrollDown) -> None:
        """The wheel goes on too."""
        self._wants_more(1)

    def _wants_more(self, by: int) -> bool:
        """At an end with more behind it, ask for that."""
        shown = self.shown
        if shown is None:
            return False
        at_end = self.scroll_y >= self.max_scroll_y if by > 0 else self.scroll_y <= 0
        if not at_end or not (shown.more if by > 0 else shown.first):
            return False
        self._going = by
        self.post_message(self.MoreWanted(by))
        return True

    def action_scroll_left(self) -> None:
        """To the columns before; at the first, the key is the pane's: back to the list."""
        if not self.first_column:
            raise SkipAction
        self._shift(-1 if isinstance(self.shown, TableData) else -_STEP)

    def action_scroll_right(self) -> None:
        """To the columns after."""
        self._shift(1 if isinstance(self.shown, TableData) else _STEP)

    def _shift(self, by: int) -> None:
        shown = self.shown
        if isinstance(shown, TableData):
            most = len(shown.columns) - 1
        elif isinstance(shown, TextData):
            top = round(self.scroll_y)
            seen = shown.lines[top : top + _SIDEWAYS_LINES]
            most = max((len(line) for line in seen), default=1) - 1
        else:
            return
        self.first_column = max(0, min(most, self.first_column + by))
        self.refresh()
        self.post_message(self.Scrolled())
        if isinstance(shown, TableData):
            seen_columns = self.columns_seen
            if not all(shown.columns[at].read for at in seen_columns):
                self.post_message(self.ColumnsWanted(tuple(seen_columns)))

    def action_summary(self) -> None:
        """The summary of the columns, and back."""
        self.post_message(self.SummaryWanted())

    def action_zoom(self) -> None:
        """All the room, and back."""
        self.post_message(self.ZoomWanted())

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Tell what is seen now."""
        super().watch_scroll_y(old_value, new_value)
        self.post_message(self.Scrolled())

    # -- painting --------------------------------------------------------------------------

    def render_lines(self, crop: Region) -> list[Strip]:
        """Paint what is seen, in one style."""
        self._base = self.rich_style
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        """Paint one line."""
        width, shown = self._width, self.shown
        at = y + round(self.scroll_y) if y >= self.head_lines else y
        if shown is None or at >= self.lines_in_all:
            return Strip.blank(width, self._base)
        if isinstance(shown, PictureData):
            return self._picture_strip(shown, at, width)
        return self._strip(self._spans(shown, at, width), width)

    def _spans(self, shown: TableData | TextData | HexData, at: int, width: int) -> Spans:
        if isinstance(shown, TableData):
            assert self._columns is not None
            first = self.first_column
            return lines.table_line(shown, self._columns, at, first=first, width=width)
        if isinstance(shown, TextData):
            spans = lines.text_line(shown, at, self.first_column, width)
        else:
            spans = lines.hex_line(shown, at, width)
        return lines.fitted_line(spans, width)

    def _picture_strip(self, shown: PictureData, at: int, width: int) -> Strip:
        if at < len(shown.facts):
            return self._strip(lines.fitted_line(lines.fact_line(shown.facts[at]), width), width)
        picture = lines.picture_for(shown, width)
        row = at - len(shown.facts) - 1
        if picture is None or row < 0 or self.app.no_color:
            return Strip.blank(width, self._base)
        made = lines.picture_line(picture, row, self._base)
        return Strip(made).adjust_cell_length(width, self._base)

    def _strip(self, spans: Spans, width: int) -> Strip:
        """Spans that fit exactly, in the theme's colours."""
        if self._painter is None:
            self._painter = Painter(self.app.theme_variables)
        style, base = self._painter.style, self._base
        segments = [Segment(text, base + style(role)) for role, text in spans if text]
        return Strip(segments).adjust_cell_length(width, base)
