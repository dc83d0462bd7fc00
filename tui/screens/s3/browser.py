"""Moving between places, selecting, sorting and filtering in the S3 pane."""

from __future__ import annotations

from collections.abc import Sequence

from textual import on, work

from tui.core import format as fmt
from tui.core.name_filter import NameFilter
from tui.screens.s3 import lines
from tui.screens.s3.arranging import mask_of
from tui.screens.s3.listing import S3Listing
from tui.screens.s3.rows import Folder, Row, parent
from tui.widgets.dialog import Ask
from tui.widgets.filter_field import FilterField
from tui.widgets.record_table import RecordTable

GLOBS = "part of a name, or a glob: *.csv"


class S3Browser(S3Listing):
    """The S3 pane's keys that change nothing at AWS."""

    def hints(self) -> Sequence[tuple[str, str]]:
        """The footer's hints, by where one is."""
        drawers = self.query("JobsDrawer, CodeDrawer")
        listing = self.listing
        if drawers or not self.is_attached:
            return super().hints()
        if self.query_one(FilterField).has_class("-shown") and self._typing:
            return lines.FILTER_HINTS
        if listing is None:
            return lines.root_hints()
        if listing.error is not None and not self.objects_table.records:
            return lines.failed_hints(listing.error)
        if listing.state == "done" and not listing.rows:
            return lines.empty_hints()
        return super().hints()

    @property
    def _typing(self) -> bool:
        return self.focused is not None and self.query_one(FilterField) in self.focused.ancestors

    # -- moving ----------------------------------------------------------------------------

    @on(RecordTable.Opened, "#s3-buckets")
    def _bucket_opened(self, event: RecordTable.Opened) -> None:
        self.open_place(event.record.name)

    @on(RecordTable.Opened, "#s3-objects")
    def _row_opened(self, event: RecordTable.Opened) -> None:
        if isinstance(event.record, Folder) and self.place is not None:
            self.open_place(self.place.bucket, event.record.key)
        elif not self.open_hit(event.record):
            self.query_one("#preview-body").focus()

    def open_hit(self, row: Row) -> bool:
        """Go to a search's hit; `S3Searching` does. False where no hits are shown."""
        return False

    @on(RecordTable.Opened, "#s3-trail")
    def _trail_opened(self, event: RecordTable.Opened) -> None:
        if self.place is not None:
            self.open_place(self.place.bucket, event.record.key)

    @on(RecordTable.Moved, "#s3-objects")
    def _object_moved(self, event: RecordTable.Moved) -> None:
        if self.listing is not None and event.record != self.looked_at:
            self.look_at(event.record)

    @on(RecordTable.Moved, "#s3-buckets")
    def _bucket_moved(self, event: RecordTable.Moved) -> None:
        if self.listing is None:
            self.look_at(event.record)

    def action_open_row(self) -> None:
        """Enter where no table has the focus."""
        (self.buckets_table if self.listing is None else self.objects_table).focus()

    def action_up(self) -> None:
        """To the folder above, then to the buckets."""
        place = self.place
        if place is None:
            self.buckets_table.focus()
        elif self.query_one("#preview-body").has_focus:
            self.objects_table.focus()
        elif place.prefix:
            self.open_place(place.bucket, parent(place.prefix), wanted=place.prefix)
        else:
            self.to_buckets()

    def action_refresh_listing(self) -> None:
        """List again what is open; go on where the listing was stopped."""
        if self.listing is not None and self.listing.goes_on:
            self.go_on()
        else:
            self.list_again()

    def action_stop(self) -> None:
        """Stop loading; else drop the filter, else the selection."""
        listing, table = self.listing, self.objects_table
        if self._working:
            self.workers.cancel_group(self, "verb")
        elif listing is not None and listing.state == "loading":
            self.workers.cancel_group(self, "list")
            listing.state = "stopped"
            if listing.held is not None:
                rows, listing.held = listing.held, None
                self.settle(rows)
            self.show_lines()
        elif table.matches is not None:
            self.query_one(FilterField).action_drop()
        elif table.selected:
            table.unselect()
        elif self.query_one("#preview-body").has_focus:
            table.focus()

    # -- selecting, sorting, filtering -----------------------------------------------------

    def action_select(self) -> None:
        """Select the row one is on, and go down."""
        if self.objects_table.has_focus:
            self.objects_table.toggle()

    def action_select_all(self) -> None:
        """Select all that is shown."""
        self.objects_table.select_all()

    @on(RecordTable.Selected, "#s3-objects")
    def _selected(self) -> None:
        self.show_lines()

    def action_invert(self) -> None:
        """Select what is not selected."""
        self.objects_table.invert()

    @work(group="verb", exclusive=True, exit_on_error=False)
    async def action_select_glob(self) -> None:
        """Ask for a pattern, and select what is shown and matches it."""
        listing, rows = self.listing, self.objects_table.place_rows
        if listing is None or not len(rows):
            return
        text = await self.app.push_screen_wait(
            Ask(
                "Select by name",
                "Of what is shown, in any case; what is selected stays selected.",
                placeholder=GLOBS,
                verb="select",
                judge=lambda typed: None if typed else GLOBS,
            )
        )
        if not text:
            return
        matches, stock = NameFilter(text, listing.query.prefix), rows.stock
        mask = await self.in_thread(lambda go: mask_of(stock, matches, go))
        if mask is None or self.objects_table.rows is not rows:
            return
        found = rows.pick(mask)
        self.objects_table.selection_changed()
        told = f"{fmt.count(found)} of {lines.plural(len(rows), 'row')} match"
        self.say(told, title=text, severity="information" if found else "warning")

    def action_filter(self) -> None:
        """Type a filter."""
        if self.listing is not None and self.listing.rows:
            self.query_one(FilterField).begin()
            self.show_chrome()

    @on(FilterField.Changed)
    def _filter_changed(self, event: FilterField.Changed) -> None:
        if self.place is not None:
            self.filter_by(event.text)

    @on(FilterField.Left)
    def _filter_left(self) -> None:
        self.objects_table.focus()
        self.show_chrome()
