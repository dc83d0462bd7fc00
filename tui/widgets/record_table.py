"""A table of records that paints only what is seen: a million rows cost what forty cost.

DataTable formats every cell when a row is added; this one keeps the records (`TableRows` says how)
and asks for a row's cells when its line is painted. Appending a page is O(page).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

from textual.binding import BindingType
from textual.cache import LRUCache
from textual.events import Click
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.widgets.keys import bindings
from tui.widgets.record_lines import Cells, Column, RowPainter, SortedBy
from tui.widgets.table_rows import ListRows, TableRows

R = TypeVar("R")
AGES_SECONDS = 20  # painted rows are kept, and ages in them grow old


class RecordTable(ScrollView, Generic[R], can_focus=True):
    """Rows of records with a cursor and, if `keyed`, a selection.

    Args:
        columns, cells: what is shown; a record's cells are made when its row is painted.
        keyed: a record's identity, for selection and for keeping the cursor on `show`.
        gutter, gap: columns before the first cell (bar, mark, space), and between cells.
        head: whether the first line has the columns' titles.
        quiet: the cursor's shade goes with the focus; for a table beside the one worked in.
    """

    BINDINGS: ClassVar[list[BindingType]] = bindings("table")
    cursor = reactive(0, repaint=False)

    @dataclass
    class Moved(Message):
        """The cursor is on another record (or on none: the table is empty)."""

        table: RecordTable[Any]
        record: Any

        @property
        def control(self) -> RecordTable[Any]:
            """The table, for `@on` selectors."""
            return self.table

        def can_replace(self, message: Message) -> bool:
            """Only the last place matters."""
            return isinstance(message, RecordTable.Moved) and message.table is self.table

    @dataclass
    class Opened(Message):
        """Enter or a double click on a record."""

        table: RecordTable[Any]
        record: Any

        @property
        def control(self) -> RecordTable[Any]:
            """The table, for `@on` selectors."""
            return self.table

    @dataclass
    class Selected(Message):
        """The selection changed."""

        table: RecordTable[Any]

        @property
        def control(self) -> RecordTable[Any]:
            """The table, for `@on` selectors."""
            return self.table

    def __init__(
        self,
        columns: Sequence[Column],
        cells: Callable[[R], Cells],
        *,
        keyed: Callable[[R], Hashable] | None = None,
        gutter: int = 2,
        gap: int = 2,
        head: bool = True,
        quiet: bool = False,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.columns = list(columns)
        self.cells, self.keyed = cells, keyed
        self.marks, self.gap, self.head, self.quiet = gutter, gap, head, quiet
        self.rows: TableRows[R] = self.no_rows()
        self.sorted_by: SortedBy = None
        self._was_empty = True
        self._lines: LRUCache[Hashable, Strip] = LRUCache(512)
        self._painter: RowPainter | None = None  # made when the colours are known

    # -- content ---------------------------------------------------------------------------

    def no_rows(self) -> TableRows[R]:
        """An empty table's rows; a table of many brings its own kind."""
        return ListRows(self.keyed)

    @property
    def records(self) -> Sequence[R]:
        """All records."""
        return self.rows.records

    @property
    def view(self) -> Sequence[R]:
        """What is shown: filtered or sorted."""
        return self.rows.view

    @property
    def matches(self) -> Any:
        """What the view is narrowed by, if it is."""
        return self.rows.matches

    @property
    def record(self) -> R | None:
        """The record that the cursor is on."""
        view = self.rows.view
        return view[self.cursor] if 0 <= self.cursor < len(view) else None

    @property
    def _list(self) -> ListRows[R]:
        assert isinstance(self.rows, ListRows)
        return self.rows

    def show(self, records: Iterable[R]) -> None:
        """Replace all records; cursor and selection stay with their records' keys."""
        with self.keeping_the_cursor():
            self._list.show(records)

    def extend(self, page: Iterable[R]) -> None:
        """Append a page of records."""
        self.insert(len(self.records), page)

    def insert(self, at: int, page: Iterable[R]) -> None:
        """Put records before the row `at` of all records; the cursor stays on its record."""
        page = list(page)
        if page and self.matches is not None and at < len(self.records):
            with self.keeping_the_cursor():
                self._list.insert(at, page)
        elif page:
            self._list.insert(at, page)
            self.grown(at, len(page) if at + len(page) < len(self.records) else 0)

    def grown(self, at: int, before: int) -> None:
        """Rows were added, `before` of them at the row `at` and the others at the end."""
        if before and self.cursor >= at and not self._was_empty:
            self.cursor += before
            self.scroll_to(y=self.scroll_y + before, animate=False, force=True)
        self._resized()
        if self._was_empty and len(self.view):
            self._was_empty = False
            self._moved()

    def clear(self) -> None:
        """Drop all records and the selection."""
        self.rows = self.no_rows()
        self.cursor = 0
        self._rearranged()
        self.scroll_to(y=0, animate=False, force=True)
        self._moved()

    def narrow(self, matches: Callable[[R], bool] | None) -> None:
        """Show only the records that match; None shows all. The cursor stays if it can."""
        with self.keeping_the_cursor():
            self._list.narrow(matches)
        self.show_cursor_row()

    @contextmanager
    def keeping_the_cursor(self) -> Iterator[None]:
        """Within, the rows may change in any way; the cursor stays on its record's key."""
        record = self.record
        at = self.rows.key_of(record) if record is not None else None
        yield
        row = self.rows.find(at) if at is not None else None
        self.cursor = self.cursor if row is None else row
        self._rearranged()
        self._moved()

    def show_head(self, head: bool) -> None:
        """Show or hide the line with the columns' titles."""
        if head != self.head:
            self.head = head
            self._resized()

    def repaint(self) -> None:
        """The records changed inside: paint them anew."""
        self._lines.clear()
        self.refresh()

    # -- selection -------------------------------------------------------------------------

    @property
    def selected(self) -> Set[Hashable]:
        """The keys of the selected records."""
        return self.rows.selected

    @selected.setter
    def selected(self, keys: Set[Hashable]) -> None:
        self._list.picked = set(keys)

    @property
    def chosen(self) -> Sequence[R]:
        """The selected records, or the one the cursor is on."""
        if len(self.selected):
            return self.rows.chosen
        return [self.record] if self.record is not None else []

    def toggle(self) -> None:
        """Select or unselect the record under the cursor, then move down."""
        if self.keyed and self.record is not None:
            self.rows.toggle(self.cursor)
            self.selection_changed()
            self.action_down()

    def select_all(self) -> None:
        """Select all that is shown, or nothing if all was."""
        self.rows.select_all()
        self.selection_changed()

    def invert(self) -> None:
        """Select what is shown and was not, and the other way round."""
        self.rows.invert()
        self.selection_changed()

    def unselect(self) -> None:
        """Select nothing."""
        self.rows.unselect()
        self.selection_changed()

    def selection_changed(self) -> None:
        """Show another selection, and tell of it."""
        self.repaint()
        self.post_message(self.Selected(self))

    # -- moving ----------------------------------------------------------------------------

    def action_down(self) -> None:
        """One row down."""
        self.move_to(self.cursor + 1)

    def action_up(self) -> None:
        """One row up."""
        self.move_to(self.cursor - 1)

    def action_page_down(self) -> None:
        """One page down."""
        self.move_to(self.cursor + self._page)

    def action_page_up(self) -> None:
        """One page up."""
        self.move_to(self.cursor - self._page)

    def action_first(self) -> None:
        """To the first row."""
        self.move_to(0)

    def action_last(self) -> None:
        """To the last row."""
        self.move_to(len(self.view) - 1)

    def action_open(self) -> None:
        """Open the row one is on."""
        if (record := self.record) is not None:
            self.post_message(self.Opened(self, record))

    def move_to(self, row: int) -> None:
        """Put the cursor on a row (kept inside the table) and scroll there."""
        row = max(0, min(len(self.view) - 1, row))
        if row != self.cursor:
            self.cursor = row
            self._moved()
        self.show_cursor_row()

    def move_to_key(self, key: Hashable) -> bool:
        """Put the cursor on the record with this key; False if it is not shown."""
        row = self.rows.find(key)
        if row is not None:
            self.cursor = row
            self._moved()
            self.show_cursor_row()
        return row is not None

    @property
    def _page(self) -> int:
        return max(1, self.size.height - (1 if self.head else 0))

    def _moved(self) -> None:
        self.cursor = max(0, min(self.cursor, len(self.view) - 1))
        self.refresh()
        self.post_message(self.Moved(self, self.record))

    def show_cursor_row(self) -> None:
        """Scroll to the cursor. The head line covers a line: keep one lower than its region."""
        top, height = round(self.scroll_y), self._page
        if self.cursor < top:
            self.scroll_to(y=self.cursor, animate=False, force=True)
        elif self.cursor >= top + height:
            self.scroll_to(y=self.cursor - height + 1, animate=False, force=True)

    def on_click(self, event: Click) -> None:
        """A click moves the cursor, a double click opens."""
        row = round(self.scroll_y) + event.y - (1 if self.head else 0)
        if 0 <= row < len(self.view) and event.y >= (1 if self.head else 0):
            self.move_to(row)
            if event.chain == 2:
                self.action_open()

    # -- painting --------------------------------------------------------------------------

    def on_mount(self) -> None:
        """Paint anew when the theme changes."""
        self.app.theme_changed_signal.subscribe(self, self._theme_changed)
        self.set_interval(AGES_SECONDS, self.repaint)

    def _theme_changed(self, _theme: object) -> None:
        self._painter = None
        self.repaint()

    def notify_style_update(self) -> None:
        """Another background or colour: paint anew."""
        super().notify_style_update()
        self._painter = None
        self._lines.clear()

    def on_focus(self) -> None:
        """The cursor bar shows where the focus is."""
        self.repaint()

    def on_blur(self) -> None:
        """The cursor bar goes with the focus."""
        self.repaint()

    def on_resize(self) -> None:
        """The columns share another width; the cursor stays in sight."""
        self._lines.clear()
        self.call_after_refresh(self.show_cursor_row)

    def _rearranged(self) -> None:
        self._was_empty = not len(self.view)
        self.cursor = max(0, min(self.cursor, len(self.view) - 1))
        self._lines.clear()
        self._resized()

    def _resized(self) -> None:
        width = self.scrollable_content_region.width
        self.virtual_size = Size(width, len(self.view) + (1 if self.head else 0))
        self.refresh()

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """For `height: auto`: all rows and the head."""
        return len(self.view) + (1 if self.head else 0)

    def render_line(self, y: int) -> Strip:
        """Paint one line: the head, a row, or nothing."""
        width = self.scrollable_content_region.width
        if self._painter is None:
            self._painter = RowPainter(
                self.marks, self.gap, self.rich_style, self.app.theme_variables
            )
        if self.head:
            if y == 0:
                return self._painter.head(self.columns, self.sorted_by, width)
            y -= 1
        row = y + round(self.scroll_y)
        if row >= len(self.view):
            return self._painter.blank(width)
        return self._row_line(self._painter, row, width)

    def _row_line(self, painter: RowPainter, row: int, width: int) -> Strip:
        record = self.view[row]
        on = row == self.cursor and not (self.quiet and not self.has_focus)
        bar, picked = on and self.has_focus, self.rows.is_picked(row)
        # The record itself is in the key, so that its id cannot be taken by another one.
        key: Hashable = (record, on, picked, bar, width)
        try:
            strip = self._lines.get(key)
        except TypeError:
            key = strip = None  # an unhashable record
        if strip is None:
            cells = self.cells(record)
            strip = painter.row(self.columns, cells, width, on=on, bar=bar, picked=picked)
            if key is not None:
                self._lines[key] = strip
        return strip


__all__ = ["Cells", "Column", "RecordTable"]
