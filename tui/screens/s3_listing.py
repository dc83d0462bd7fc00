"""What the open place holds: buckets, and a listing that grows page by page."""

from __future__ import annotations

from dataclasses import replace

from textual import on, work

from tui.core.errors import UserError
from tui.core.records import ObjectPage, ObjectQuery
from tui.screens import s3_lines as lines
from tui.screens.collector import spare_the_collector
from tui.screens.s3_messages import (
    BucketsListed,
    ListingEnded,
    ObjectsListed,
    PlaceChanged,
    RegionFound,
)
from tui.screens.s3_rows import Folder, Row, sorted_rows, uri
from tui.screens.s3_view import S3View
from tui.widgets.filter_field import FilterField

REGIONS_AT_MOST = 50  # buckets whose region is asked one by one
REMEMBERED = 1_000  # folders of a place, for the tree
COLLECTED_EVERY = 20_000  # rows
SORTED_AS_IT_COMES = 20_000  # rows; above it, another order than S3's own is made at the end


class S3Listing(S3View):
    """The part of the S3 pane that lists. `S3Browser` adds moving, `S3Screen` doing."""

    def connected(self) -> None:
        """Begin at the buckets, with nothing of the connection before."""
        self.workers.cancel_group(self, "list")
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
        self._find_regions()

    @work(group="regions", exclusive=True, exit_on_error=False)
    async def _find_regions(self) -> None:
        """Ask where the buckets are that ListBuckets did not say it of."""
        from tui.aws.calls import caused_by

        unknown = [bucket for bucket in self.buckets or () if not bucket.region]
        for bucket in unknown[:REGIONS_AT_MOST]:
            try:
                with caused_by(None):
                    region = await self.services.s3.bucket_region(bucket.name)
            except UserError:
                continue  # not ours to look into: its region stays unknown
            self.post_message(RegionFound(bucket.name, region))

    @on(RegionFound)
    def _region_found(self, event: RegionFound) -> None:
        self.buckets = tuple(
            replace(bucket, region=event.region) if bucket.name == event.bucket else bucket
            for bucket in self.buckets or ()
        )
        self.buckets_table.show(self.buckets)

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
        self.listing = lines.Listing(query, held=[] if old.rows else None)
        self.show_place()
        self._list(query)

    @work(group="list", exclusive=True, exit_on_error=False)
    async def _list(self, query: ObjectQuery) -> None:
        from tui.aws.calls import caused_by

        try:
            with caused_by(f"List {uri(query.bucket, query.prefix)}"):
                async for page in self.services.s3.objects(query):
                    self.post_message(ObjectsListed(query, page))
            self.post_message(ListingEnded(query))
        except UserError as error:
            self.post_message(ListingEnded(query, error))

    @on(ObjectsListed)
    def _objects_listed(self, event: ObjectsListed) -> None:
        listing = self.listing
        if listing is None or event.query is not listing.query:
            return  # a late page of an old question
        folders: list[Row] = [Folder(prefix) for prefix in event.page.prefixes]
        before = len(listing.folders)
        listing.folders += event.page.prefixes
        listing.objects += len(event.page.objects)
        if listing.objects // COLLECTED_EVERY != (
            (listing.objects - len(event.page.objects)) // COLLECTED_EVERY
        ):
            spare_the_collector()
        listing.size_bytes += sum(row.size_bytes for row in event.page.objects)
        if listing.held is not None:
            listing.held[before:before] = folders
            listing.held += event.page.objects
        else:
            self._grow(listing, before, folders, event.page)
        if folders:
            self._remember(listing)
        self.show_lines()

    def _grow(
        self, listing: lines.Listing, before: int, folders: list[Row], page: ObjectPage
    ) -> None:
        table = self.objects_table
        table.insert(before, folders)
        table.extend(page.objects)
        if self.order.id != "name" and listing.rows <= SORTED_AS_IT_COMES:
            table.show(sorted_rows(table.records, self.order))
        wanted = listing.wanted
        if wanted and (wanted in page.prefixes or any(row.key == wanted for row in page.objects)):
            listing.wanted = ""
            table.move_to_key(wanted)

    @on(ListingEnded)
    def _listing_ended(self, event: ListingEnded) -> None:
        listing = self.listing
        if listing is None or event.query is not listing.query:
            return
        listing.state = "failed" if event.error is not None else "done"
        listing.error = event.error
        table = self.objects_table
        if event.error is not None and not listing.rows:
            table.clear()  # rows of an older listing would hide why there is no new one
        elif event.error is not None:
            self.complain(event.error)
        rows = listing.held if listing.held is not None and event.error is None else None
        if rows is not None or self.order.id != "name":
            rows = table.records if rows is None else rows
            table.show(rows if self.order.id == "name" else sorted_rows(rows, self.order))
        denied = event.error is not None and event.error.code in lines.DENIED
        (self.denied.add if denied else self.denied.discard)(event.query.bucket)
        self.buckets_table.repaint()
        self._remember(listing)
        self.show_place()

    def _remember(self, listing: lines.Listing) -> None:
        query = listing.query
        self._known[query.bucket, query.prefix] = tuple(listing.folders[:REMEMBERED])
        self.show_trail()

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
