"""The table of an open place: a record table over packed rows."""

from __future__ import annotations

from collections.abc import Sequence

from tui.core.name_filter import NameFilter
from tui.core.records import S3Object
from tui.screens.s3.arranging import FEW, Arranged
from tui.screens.s3.place_rows import PlaceRows
from tui.screens.s3.rows import Row
from tui.widgets.record_table import RecordTable
from tui.widgets.table_rows import TableRows

GROWS_EVERY_SECONDS = 0.2


class ObjectsTable(RecordTable[Row]):
    """Folders and objects; grows by pages, and is arranged by whoever sorts and filters."""

    _grows = False

    @property
    def place_rows(self) -> PlaceRows:
        """The rows that are shown."""
        assert isinstance(self.rows, PlaceRows)
        return self.rows

    def on_key(self) -> None:
        """A key goes before the rows that still come."""
        from tui.aws.s3.listing import give_way

        give_way()

    def no_rows(self) -> TableRows[Row]:
        """Packed ones."""
        return PlaceRows()

    def add(self, prefixes: Sequence[str], objects: Sequence[S3Object]) -> None:
        """Add a page of a listing; the cursor stays on its row."""
        at, before = self.place_rows.grow(prefixes, objects)
        if before or len(self.place_rows) <= FEW:
            self.grown(at, before)
        elif not self._grows:
            # Another height is a layout: not a hundred a second.
            self._grows = True
            self.set_timer(GROWS_EVERY_SECONDS, self._catch_up)

    def _catch_up(self) -> None:
        if self._grows:
            self._grows = False
            self.grown(len(self.view), 0)

    def show_cursor_row(self) -> None:
        """Scroll to the cursor, wherever the rows end by now."""
        self._catch_up()
        super().show_cursor_row()

    def show_arranged(self, arranged: Arranged, matches: NameFilter | None) -> None:
        """Show the rows in another order, or others of them; the cursor stays if it can."""
        with self.keeping_the_cursor():
            self.place_rows.arrange(arranged, matches)
        self.show_cursor_row()

    def adopt(self, rows: PlaceRows) -> None:
        """Show other rows; the cursor stays on its key."""
        with self.keeping_the_cursor():
            self.rows = rows
        self.show_cursor_row()
