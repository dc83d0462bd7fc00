"""The open place: buckets, a listing that grows page by page, and the lines round it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Container, Vertical

from tui.core.errors import UserError
from tui.core.records import Bucket, ObjectPage, ObjectQuery, S3Object
from tui.screens import s3_lines as lines
from tui.screens.base import BaseScreen
from tui.screens.collector import spare_the_collector
from tui.screens.s3_messages import (
    BucketsListed,
    ListingEnded,
    ObjectsListed,
    PlaceChanged,
    RegionFound,
)
from tui.screens.s3_rows import (
    BUCKET_COLUMNS,
    OBJECT_COLUMNS,
    ORDERS,
    Folder,
    Order,
    Row,
    TrailRow,
    bucket_cells,
    object_cells,
    sorted_rows,
    trail_cells,
    trail_rows,
    uri,
)
from tui.widgets.filter_field import FilterField
from tui.widgets.line import Heading, Line
from tui.widgets.notice import Notice
from tui.widgets.preview import Preview
from tui.widgets.record_table import Column, RecordTable

AGES_EVERY_SECONDS = 60
REGIONS_AT_MOST = 50  # buckets whose region is asked one by one
REMEMBERED = 1_000  # folders of a place, for the tree
COLLECTED_EVERY = 20_000  # rows
SORTED_AS_IT_COMES = 20_000  # rows; above it, another order than S3's own is made at the end
NO_ROOM_FOR_CRUMBS = 34  # columns that the state at the right may take


class S3Listing(BaseScreen):
    """The part of the S3 pane that lists. `S3Browser` adds moving, `S3Screen` doing."""

    pane = room = "s3"

    def __init__(self) -> None:
        super().__init__()
        self.listing: lines.Listing | None = None
        self.buckets: tuple[Bucket, ...] | None = None
        self.denied: set[str] = set()
        self.order: Order = ORDERS[0]
        self.looked_at: Row | Bucket | None = None
        self._known: dict[tuple[str, str], tuple[str, ...]] = {}
        self._working = ""
        self._unlisted = False  # the buckets could not be listed

    def content(self) -> ComposeResult:
        """Breadcrumb; buckets and prefixes, objects, preview."""
        yield Line(id="s3-crumbs")
        with Container(classes="row"):
            with Vertical(id="s3-left"):
                yield Heading("Buckets", follows="s3-buckets", id="s3-buckets-heading")
                yield RecordTable[Bucket](
                    BUCKET_COLUMNS,
                    self._bucket_cells,
                    keyed=_name_of,
                    quiet=True,
                    id="s3-buckets",
                )
                yield Line((("dim", "prefixes"),), id="s3-trail-title")
                yield RecordTable[TrailRow](
                    [Column("")],
                    trail_cells,
                    keyed=_key_of,
                    head=False,
                    quiet=True,
                    id="s3-trail",
                )
            with Vertical(id="s3-middle", classes="col gap"):
                yield Heading("Objects", follows="s3-objects", id="s3-objects-heading")
                yield RecordTable[Row](
                    OBJECT_COLUMNS, self._object_cells, keyed=_key_of, id="s3-objects"
                )
                yield Notice(id="s3-notice")
                yield FilterField(id="s3-filter")
            yield Preview(id="s3-preview", classes="gap")

    def connected(self) -> None:
        """Begin at the buckets, with nothing of the connection before."""
        self.workers.cancel_group(self, "list")
        self.listing, self.buckets, self.looked_at = None, None, None
        self._unlisted = False
        self.denied.clear()
        self._known.clear()
        spare_the_collector()
        if not getattr(self, "_ages", None):
            self._ages = self.set_interval(AGES_EVERY_SECONDS, self.objects_table.repaint)
        self.query_one(FilterField).reset()
        self.buckets_table.clear()
        self.objects_table.clear()
        self.show_place()
        self.buckets_table.focus()
        self.list_buckets()

    # -- parts -----------------------------------------------------------------------------

    @property
    def place(self) -> ObjectQuery | None:
        """The bucket and prefix that are open; None at the root."""
        return self.listing.query if self.listing is not None else None

    @property
    def buckets_table(self) -> RecordTable[Bucket]:
        """The buckets."""
        return self.query_one("#s3-buckets", RecordTable)

    @property
    def objects_table(self) -> RecordTable[Row]:
        """The open place's folders and objects."""
        return self.query_one("#s3-objects", RecordTable)

    @property
    def region_of_open_bucket(self) -> str:
        """The open bucket's region, as far as it is known."""
        bucket = next((b for b in self.buckets or () if self._is_open(b)), None)
        return bucket.region if bucket is not None and bucket.region else self.services.region

    def _is_open(self, bucket: Bucket) -> bool:
        return self.place is not None and bucket.name == self.place.bucket

    def _bucket_cells(self, bucket: Bucket) -> Sequence[Sequence[tuple[str, str]]]:
        return bucket_cells(bucket, self.place.bucket if self.place else "", self.denied)

    def _object_cells(self, row: Row) -> Sequence[Sequence[tuple[str, str]]]:
        return object_cells(row, self.place.prefix if self.place else "")

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
            self._show_root_notice(event.error)
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

    def _show_root_notice(self, error: UserError | None) -> None:
        notice = self.query_one("#s3-notice", Notice)
        self.set_class(error is not None or not self.buckets, "-noticed")
        if error is not None:
            notice.failed(error, lines.ways_after(error, at_root=True))
        elif not self.buckets:
            ways = (
                ("n", "create the first bucket"),
                ("r", "look again"),
                ("5", "see the work flow"),
            )
            notice.empty("There are no buckets yet.", ways)
        else:
            notice.hide()

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
        self._show_trail()

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

    # -- painting --------------------------------------------------------------------------

    def show_place(self) -> None:
        """Show the parts that the place has, and the notice where it has nothing."""
        root, listing = self.listing is None, self.listing
        self.set_class(root, "-root")
        self.buckets_table.show_head(root)
        self.buckets_table.repaint()
        notice = self.query_one("#s3-notice", Notice)
        noticed = False
        if listing is None:
            self._show_root_notice(None) if self.buckets is not None else notice.hide()
            noticed = self.has_class("-noticed") and self.buckets is not None
        elif listing.error is not None and not self.objects_table.records:
            self._show_failed(notice, listing.query, listing.error)
            noticed = True
        elif listing.state == "done" and not listing.rows:
            self._show_empty(notice, listing.query)
            noticed = True
        else:
            notice.hide()
        self.set_class(noticed, "-noticed")
        self._show_trail()
        self.show_lines()
        if not root and not noticed and self.focused is None and self.is_current:
            self.objects_table.focus()  # it was hidden behind the notice
        record = self.buckets_table.record if root else self.objects_table.record
        if record != self.looked_at or record is None:
            self.look_at(record)

    def _show_failed(self, notice: Notice, query: ObjectQuery, error: UserError) -> None:
        if error.code in lines.DENIED:
            notice.show(lines.denied_rows(self.services.identity, query, error))
        else:
            notice.failed(error, lines.ways_after(error, at_root=False))

    def _show_empty(self, notice: Notice, query: ObjectQuery) -> None:
        ways = [("u", "upload a file or a folder to here"), ("⌫", "go back")]
        if query.prefix:
            notice.empty("Nothing lies here.", ways)
        else:
            notice.empty("This bucket is empty.", ways)

    def show_lines(self) -> None:
        """Paint breadcrumb, state and headings anew."""
        listing, table = self.listing, self.objects_table
        known = None if self.buckets is None and not self._unlisted else len(self.buckets or ())
        right = lines.state(listing, known, self._working)
        room = max(20, self.size.width - NO_ROOM_FOR_CRUMBS)
        self.query_one("#s3-crumbs", Line).show(lines.crumbs(self.place, room), right)
        meta = (("muted", str(len(self.buckets))),) if self.buckets is not None else ()
        self.query_one("#s3-buckets-heading", Heading).show(meta=meta)
        heading = self.query_one("#s3-objects-heading", Heading)
        if listing is None:
            heading.show("Buckets", ())
        else:
            chosen = None
            if table.selected:
                rows = [row for row in table.chosen if isinstance(row, S3Object)]
                chosen = len(table.selected), sum(row.size_bytes for row in rows)
            told = lines.objects_meta(listing, chosen, len(table.view), table.matches is not None)
            heading.show("Objects", told)
        table.sorted_by = (self.order.column, self.order.reverse)
        self.show_chrome()

    def _show_trail(self) -> None:
        place = self.place
        rows: list[TrailRow] = []
        if place is not None:
            rows = trail_rows(place.prefix, lambda at: self._known.get((place.bucket, at), ()))
        trail = self.query_one("#s3-trail", RecordTable)
        trail.show(rows)
        if place is not None:
            trail.move_to_key(place.prefix)
        self.set_class(not rows, "-untrailed")

    def working(self, text: str) -> None:
        """Say at the breadcrumb's right what a verb is finding out; "" when it is done."""
        self._working = text
        self.show_lines()

    def look_at(self, record: Row | Bucket | None) -> None:
        """The cursor is on a record; `S3Screen` previews it."""


def _name_of(bucket: Bucket) -> str:
    return bucket.name


def _key_of(row: Row | TrailRow) -> str:
    return row.key
