"""How the S3 pane shows the open place: its parts, the lines round them, and notices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Container, Vertical

from tui.core.errors import UserError
from tui.core.records import Bucket, ObjectQuery
from tui.screens.base import BaseScreen
from tui.screens.s3 import lines
from tui.screens.s3.objects_table import ObjectsTable
from tui.screens.s3.rows import (
    BUCKET_COLUMNS,
    OBJECT_COLUMNS,
    ORDERS,
    Order,
    Row,
    TrailRow,
    bucket_cells,
    object_cells,
    trail_cells,
    trail_rows,
)
from tui.widgets import chrome
from tui.widgets.filter_field import FilterField
from tui.widgets.line import Heading, Line
from tui.widgets.notice import Notice
from tui.widgets.preview import Preview
from tui.widgets.record_table import Column, RecordTable

if TYPE_CHECKING:
    from tui.aws.s3.bucket_facts import BucketFacts

NO_ROOM_FOR_CRUMBS = 40  # columns that the state at the right may take


class S3View(BaseScreen):
    """The part of the S3 pane that paints what `S3Listing` finds.

    Attributes:
        listing: the open place and what came of it; None at the root.
        buckets: None until they are listed.
        denied: buckets that may not be listed.
        looked_at: what the preview shows.
        facts: what is known of the buckets, by name.
    """

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
        self.facts: dict[str, BucketFacts] = {}

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
                yield ObjectsTable(
                    OBJECT_COLUMNS, self._object_cells, keyed=_key_of, id="s3-objects"
                )
                yield Notice(id="s3-notice")
                yield FilterField(id="s3-filter")
            yield Preview(id="s3-preview", classes="gap")

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
    def objects_table(self) -> ObjectsTable:
        """The open place's folders and objects."""
        return self.query_one("#s3-objects", ObjectsTable)

    @property
    def region_of_open_bucket(self) -> str:
        """The open bucket's region, as far as it is known."""
        bucket = next((b for b in self.buckets or () if self._is_open(b)), None)
        return bucket.region if bucket is not None and bucket.region else self.services.region

    def _is_open(self, bucket: Bucket) -> bool:
        return self.place is not None and bucket.name == self.place.bucket

    def _bucket_cells(self, bucket: Bucket) -> Sequence[Sequence[tuple[str, str]]]:
        opened = self.place.bucket if self.place else ""
        return bucket_cells(bucket, opened, self.denied, self.facts.get(bucket.name))

    def _object_cells(self, row: Row) -> Sequence[Sequence[tuple[str, str]]]:
        return object_cells(row, self.place.prefix if self.place else "")

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
            self.show_root_notice(None) if self.buckets is not None else notice.hide()
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
        self.show_trail()
        self.show_lines()
        if not noticed:
            self._focus_table()
        record = self.buckets_table.record if root else self.objects_table.record
        if record != self.looked_at or record is None:
            self.look_at(record)

    def show_root_notice(self, error: UserError | None) -> None:
        """At the root: say why there are no buckets, if there are none."""
        notice = self.query_one("#s3-notice", Notice)
        self.set_class(error is not None or not self.buckets, "-noticed")
        if error is not None:
            notice.failed(error, lines.ways_after(error, at_root=True))
        elif not self.buckets:
            ways = (
                chrome.hint("s3.create", "create the first bucket"),
                chrome.hint("s3.refresh", "look again"),
                chrome.hint("app.workflow", "see the work flow"),
            )
            notice.empty("There are no buckets yet.", ways)
        else:
            notice.hide()
            self.call_after_refresh(self._focus_table)  # what is hidden takes no focus

    def _focus_table(self) -> None:
        """Focus the place's table where it was hidden behind a notice."""
        if self.focused is None and self.is_current:
            (self.buckets_table if self.listing is None else self.objects_table).focus()

    def _show_failed(self, notice: Notice, query: ObjectQuery, error: UserError) -> None:
        if error.code in lines.DENIED:
            notice.show(lines.denied_rows(self.services.identity, query, error))
        else:
            notice.failed(error, lines.ways_after(error, at_root=False))

    def _show_empty(self, notice: Notice, query: ObjectQuery) -> None:
        ways = [
            chrome.hint("s3.upload", "upload a file or a folder to here"),
            chrome.hint("s3.up", "go back"),
        ]
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
                chosen = len(table.selected), table.place_rows.marks.size_bytes
            told = lines.objects_meta(listing, chosen, len(table.view), table.matches is not None)
            heading.show("Objects", told)
        table.sorted_by = (self.order.column, self.order.reverse)
        self.show_chrome()

    def show_trail(self) -> None:
        """Show the prefixes that lead to the place, and those beside them."""
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

    def find_facts(self) -> None:
        """The buckets are in sight; `S3Screen` asks for their facts."""

    def look_at(self, record: Row | Bucket | None) -> None:
        """The cursor is on a record; `S3Screen` previews it."""


def _name_of(bucket: Bucket) -> str:
    return bucket.name


def _key_of(row: Row | TrailRow) -> str:
    return row.key
