"""What the open place holds: buckets, and a listing that grows page by page."""

from __future__ import annotations

import time

from textual import on, work

from tui.core.errors import UserError
from tui.core.records import ObjectPage, ObjectQuery
from tui.screens.collector import spare_the_collector
from tui.screens.s3 import lines
from tui.screens.s3.arranger import S3Arranger
from tui.screens.s3.messages import (
    BucketsListed,
    ListingEnded,
    ObjectsListed,
    PlaceChanged,
)
from tui.screens.s3.place_rows import PlaceRows
from tui.screens.s3.rows import uri
from tui.widgets.filter_field import FilterField

REMEMBERED = 1_000  # folders of a place, for the tree
COLLECTED_EVERY = 20_000  # objects
SHOWN_EVERY_SECONDS = 0.2  # the lines round a listing that grows


class S3Listing(S3Arranger):
    """The part of the S3 pane that lists. `S3Browser` adds moving, `S3Screen` doing."""

    def connected(self) -> None:
        """Begin at the buckets, with nothing of the connection before."""
        self.workers.cancel_group(self, "list")
        self.workers.cancel_group(self, "verb")  # what it found out is another connection's
        self.listing, self.buckets, self.looked_at = None, None, None
        self._unlisted = False
        self.denied.clear()
        self._known.clear()
        spare_the_collector()
        self.query_one(FilterField).reset()
        self.buckets_table.clear()
        self.objects_table.clear()
        self.show_place()
        self.buckets_table.focus()
        self.list_buckets()

    _lines_due, _lines_shown = False, 0.0

    # -- buckets ---------------------------------------------------------------------------

    @work(group="buckets", exclusive=True, exit_on_error=False)
    async def list_buckets(self) -> None:
        """Ask for the buckets."""
        from tui.aws.calls import caused_by

        try:
            with caused_by("List buckets"):
                self.post_message(BucketsListed(await self.services.s3.buckets()))
        except UserError as error:
            self.post_message(BucketsListed((), error))

    @on(BucketsListed)
    def _buckets_listed(self, event: BucketsListed) -> None:
        if event.error is not None and self.buckets:
            self.complain(event.error)
            return
        self.buckets = event.buckets if event.error is None else None
        self._unlisted = event.error is not None
        self.buckets_table.show(event.buckets)
        if self.listing is None:
            self.show_root_notice(event.error)
        self.show_lines()
        self.find_facts()

    # -- listing ---------------------------------------------------------------------------

    def open_place(self, bucket: str, prefix: str = "", wanted: str = "") -> None:
        """List a place; the cursor goes to the key `wanted` once it arrives."""
        query = ObjectQuery(bucket, prefix)
        self.listing, self.looked_at = lines.Listing(query, wanted=wanted), None
        self.query_one(FilterField).reset()
        self.objects_table.clear()
        self.buckets_table.move_to_key(bucket)
        self.show_place()
        self.objects_table.focus()
        self._list(query)

    def list_again(self) -> None:
        """List the open place again; what is shown stays until the new rows are all there."""
        if self.listing is None:
            self.list_buckets()
            return
        old = self.listing
        query = ObjectQuery(old.query.bucket, old.query.prefix)
        # While a refresh is under way, the rows before it are still the ones that are shown.
        kept = bool(old.rows) or old.held is not None
        self.listing = lines.Listing(query, held=PlaceRows() if kept else None)
        self.show_place()
        self._list(query)

    def go_on(self) -> None:
        """Go on with a listing that was stopped, behind its last row."""
        listing = self.listing
        if listing is None or not listing.goes_on:
            return
        rows = self.objects_table.place_rows
        folder, key = rows.folders[-1:], [row.key for row in rows.objects[-1:]]
        # Another query, so that no page that is still on its way comes twice.
        listing.query = ObjectQuery(listing.query.bucket, listing.query.prefix)
        listing.state = "loading"
        self.show_place()
        self._list(listing.query, max([*folder, *key], default=""))

    @work(group="list", exclusive=True, exit_on_error=False)
    async def _list(self, query: ObjectQuery, after: str = "") -> None:
        from tui.aws.calls import caused_by

        s3 = self.services.s3
        try:
            with caused_by(f"List {uri(query.bucket, query.prefix)}"):
                async for page in s3.objects(query, after) if after else s3.objects(query):
                    self.post_message(ObjectsListed(query, page))
            self.post_message(ListingEnded(query))
        except UserError as error:
            self.post_message(ListingEnded(query, error))

    @on(ObjectsListed)
    def _objects_listed(self, event: ObjectsListed) -> None:
        listing, page = self.listing, event.page
        if listing is None or event.query is not listing.query or listing.state == "stopped":
            return  # a late page of an old question
        known = len(listing.folders)
        if listing.objects % COLLECTED_EVERY + len(page.objects) >= COLLECTED_EVERY:
            spare_the_collector()
        if listing.held is not None:
            rows = listing.held
            rows.grow(page.prefixes, page.objects)
        else:
            rows = self.objects_table.place_rows
            self.objects_table.add(page.prefixes, page.objects)
            if self.order.id != "name":
                self.arrange_few()
            self._look_for_wanted(listing, page)
        listing.folders, listing.objects = rows.folders, len(rows.objects)
        listing.size_bytes = rows.objects.size_bytes
        if page.prefixes and known < REMEMBERED:
            self._remember(listing)
        self._show_lines_soon()

    def _look_for_wanted(self, listing: lines.Listing, page: ObjectPage) -> None:
        wanted = listing.wanted
        if wanted in page.prefixes or (wanted and any(row.key == wanted for row in page.objects)):
            listing.wanted = ""
            self.objects_table.move_to_key(wanted)

    def _show_lines_soon(self) -> None:
        """Show the lines at once, but not more often than one can read."""
        if self._lines_due:
            return
        rest = self._lines_shown + SHOWN_EVERY_SECONDS - time.monotonic()
        if rest > 0:
            self._lines_due = True
            self.set_timer(rest, self._show_lines_now)
        else:
            self._show_lines_now()

    def _show_lines_now(self) -> None:
        self._lines_due, self._lines_shown = False, time.monotonic()
        self.show_lines()

    @on(ListingEnded)
    def _listing_ended(self, event: ListingEnded) -> None:
        listing = self.listing
        if listing is None or event.query is not listing.query or listing.state == "stopped":
            return
        listing.state = "failed" if event.error is not None else "done"
        listing.error = event.error
        table = self.objects_table
        if event.error is not None and not listing.rows:
            table.clear()  # rows of an older listing would hide why there is no new one
        elif event.error is not None:
            self.complain(event.error)
        rows = table.place_rows
        if event.error is None and listing.held is not None:
            rows, listing.held = listing.held, None
        denied = event.error is not None and event.error.code in lines.DENIED
        (self.denied.add if denied else self.denied.discard)(event.query.bucket)
        self.buckets_table.repaint()
        self._remember(listing)
        self.settle(rows)

    def _remember(self, listing: lines.Listing) -> None:
        query = listing.query
        self._known[query.bucket, query.prefix] = tuple(listing.folders[:REMEMBERED])
        self.show_trail()

    def place_changed(self, bucket: str, prefix: str) -> None:
        """List again what is open there."""
        self.post_message(PlaceChanged(bucket, prefix))

    @on(PlaceChanged)
    def _place_changed(self, event: PlaceChanged) -> None:
        if not event.bucket:
            if self.place is not None and self.place.bucket == event.prefix:
                self.to_buckets()
            self.list_buckets()
        elif (
            self.place is not None
            and event.bucket == self.place.bucket
            and (
                event.prefix.startswith(self.place.prefix)
                or self.place.prefix.startswith(event.prefix)
            )
        ):
            self.list_again()

    def to_buckets(self) -> None:
        """Leave the open place."""
        self.workers.cancel_group(self, "list")
        left, self.listing, self.looked_at = self.place, None, None
        self.query_one(FilterField).reset()
        self.objects_table.clear()
        if left is not None:
            self.buckets_table.move_to_key(left.bucket)
        self.show_place()
        self.buckets_table.focus()
