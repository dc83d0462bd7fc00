"""Bookmarks and recent places of the S3 pane: kept per account, shown as one list."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import urlsplit

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from tui.core import format as fmt
from tui.core.errors import UserError
from tui.core.places import Place, PlaceFile, Places
from tui.screens.s3.acting import S3Acting
from tui.screens.s3.rows import uri
from tui.settings import state_folder
from tui.widgets import chrome
from tui.widgets.dialog import Dialog
from tui.widgets.filter_field import FilterField
from tui.widgets.line import Block, Line
from tui.widgets.paint import Spans, key_hint
from tui.widgets.record_table import Column, RecordTable
from tui.widgets.styles import style_path

if TYPE_CHECKING:
    from tui.screens.services import Services

VISITED_AFTER_SECONDS = 2.0  # a folder that one only passes through is no place to come back to
LONGEST = 58  # characters of an address, of which the end tells more than the middle
Change = Callable[[PlaceFile], Places]


@dataclass(frozen=True, slots=True)
class PlaceRow:
    """One line of the list."""

    place: Place
    marked: bool

    @property
    def address(self) -> str:
        """As it is filtered by and shown."""
        return uri(*self.place.key)


def place_rows(places: Places) -> list[PlaceRow]:
    """Bookmarks, then the recent places that are none."""
    recent = (place for place in places.recent if not places.is_marked(place.key))
    return [
        *(PlaceRow(place, marked=True) for place in places.bookmarks),
        *(PlaceRow(place, marked=False) for place in recent),
    ]


def place_cells(row: PlaceRow) -> tuple[Spans, ...]:
    """Address; what it is."""
    bucket, prefix = row.place.key
    room = max(12, LONGEST - len(bucket))
    shown = prefix if len(prefix) <= room else "…" + prefix[1 - room :]
    age = fmt.age(row.place.at, datetime.now(UTC)) if row.place.at else fmt.ABSENT
    told: Spans = (("cool", "bookmark"),) if row.marked else (("muted", age),)
    return (("dim", "s3://"), ("bold text", bucket), ("muted", "/"), ("text", shown)), told


class PlacesDialog(Dialog[Place]):
    """Choose a place; dismissed with it, or None."""

    CSS_PATH: ClassVar = [
        style_path("widgets/dialogs.tcss"),
        style_path("screens/s3_finding.tcss"),
    ]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("x,delete", "remove", "Remove", tooltip="Take this place out of the list"),
        Binding("B", "bookmark", "Bookmark", tooltip="Bookmark this place, or no longer"),
        Binding("slash", "filter", "Filter", tooltip="Show only the places that match"),
    ]

    def __init__(self, places: Places, act: Callable[[str, Place], Places]) -> None:
        """`act` does "mark", "unmark" or "forget" to a place and returns what is left."""
        super().__init__()
        self._places, self._act = places, act

    def inner(self) -> ComposeResult:
        """Title, filter, list, keys."""
        yield Line((("bold bright", "Places"),), id="places-title")
        yield FilterField(id="places-filter")
        yield RecordTable[PlaceRow](
            [Column(""), Column("", 8, "r")],
            place_cells,
            keyed=lambda row: row.place.key,
            head=False,
            gutter=1,
            id="places-table",
            classes="-fit",
        )
        yield Block(id="places-none")
        ways = (
            *(*key_hint("B", "bookmark"), ("text", "   ")),
            *(*key_hint("x", "remove"), ("text", "   ")),
            *(*key_hint("/", "filter"), ("text", "   ")),
            *key_hint("esc", "close"),
        )
        yield Line(key_hint("⏎", "go there"), ways, classes="foot")

    def on_mount(self) -> None:
        """Fill the list."""
        self._show()
        self._table.focus()

    @property
    def _table(self) -> RecordTable[PlaceRow]:
        return self.query_one("#places-table", RecordTable)

    def _show(self) -> None:
        self._table.show(place_rows(self._places))
        marks, recent = len(self._places.bookmarks), len(self._table.records)
        told = f"{fmt.count(marks)} bookmarked, {fmt.count(recent - marks)} recent"
        self.query_one("#places-title", Line).show((("bold bright", "Places"),), (("muted", told),))
        none: list[Spans] = []
        if not self._table.view:
            key, _ = chrome.hint("s3.bookmark")
            none = [(("muted", "None yet. "), *key_hint(key, "bookmarks the place that is open."))]
        self.query_one("#places-none", Block).show(none)

    @on(RecordTable.Opened)
    def _opened(self, event: RecordTable.Opened) -> None:
        self.dismiss(event.record.place)

    def action_remove(self) -> None:
        """Take the place out: of the bookmarks, or of the recent ones."""
        if (row := self._table.record) is not None:
            self._places = self._act("unmark" if row.marked else "forget", row.place)
            self._show()

    def action_bookmark(self) -> None:
        """Bookmark it, or no longer."""
        if (row := self._table.record) is not None:
            self._places = self._act("unmark" if row.marked else "mark", row.place)
            self._show()

    def action_filter(self) -> None:
        """Type a filter."""
        self.query_one(FilterField).begin()

    @on(FilterField.Changed)
    def _filtered(self, event: FilterField.Changed) -> None:
        wanted = event.text.casefold()
        self._table.narrow((lambda row: wanted in row.address.casefold()) if wanted else None)

    @on(FilterField.Left)
    def _filter_left(self) -> None:
        self._table.focus()


class S3Places(S3Acting):
    """The part of the S3 pane that remembers places."""

    def __init__(self) -> None:
        super().__init__()
        self.places = Places()
        self._place_file: PlaceFile | None = None
        self._place_lock = asyncio.Lock()  # one change of the file after the other
        self._told_unkept = False

    def connected(self) -> None:
        """Another account has other places."""
        super().connected()
        self.places, self._place_file = Places(), None
        services = self.services
        path = state_folder() / "places.json"
        self._place_file = PlaceFile(path, account_of(services))
        self._change_places(services, PlaceFile.load)

    # -- keys ------------------------------------------------------------------------------

    @work(group="verb", exclusive=True, exit_on_error=False)
    async def action_places(self) -> None:
        """Show bookmarks and recent places; go to the one that is chosen."""
        chosen = await self.app.push_screen_wait(PlacesDialog(self.places, self._act_on_place))
        if chosen is not None:
            self.open_place(*chosen.key)

    def action_bookmark(self) -> None:
        """Bookmark the open place (at the root, the bucket the cursor is on), or no longer."""
        bucket = self.buckets_table.record
        if self.place is not None:
            place = Place(self.place.bucket, self.place.prefix, datetime.now(UTC))
        elif bucket is not None:
            place = Place(bucket.name, "", datetime.now(UTC))
        else:
            return
        marked = self.places.is_marked(place.key)
        self._act_on_place("unmark" if marked else "mark", place)
        self.say(uri(*place.key), title="No longer bookmarked" if marked else "Bookmarked")

    # -- remembering -----------------------------------------------------------------------

    def note_visit(self, bucket: str, prefix: str) -> None:
        """Remember the place that was opened, if one stays there and it can be listed."""

        def stayed() -> None:
            listing = self.listing
            if listing is None or listing.state == "failed" or self.deck.services is None:
                return
            if (listing.query.bucket, listing.query.prefix) == (bucket, prefix):
                self._act_on_place("visit", Place(bucket, prefix, datetime.now(UTC)))

        self.set_timer(VISITED_AFTER_SECONDS, stayed)

    def _act_on_place(self, act: str, place: Place) -> Places:
        """Change what is remembered at once, and the file in the background."""
        if self._place_file is None:
            return self.places
        if act == "visit":
            self.places = self.places.visited(place)
            self._change_places(self.services, lambda file: file.visit(place))
        elif act == "mark":
            self.places = self.places.marked(place)
            self._change_places(self.services, lambda file: file.mark(place))
        elif act == "unmark":
            self.places = self.places.unmarked(place.key)
            self._change_places(self.services, lambda file: file.unmark(place.key))
        else:
            self.places = self.places.forgotten(place.key)
            self._change_places(self.services, lambda file: file.forget(place.key))
        return self.places

    @work(group="places", exit_on_error=False)
    async def _change_places(self, services: Services, change: Change) -> None:
        file = self._place_file
        if file is None:
            return
        try:
            async with self._place_lock:
                kept = await services.gateway.run(change, file)
        except (UserError, RuntimeError) as error:  # RuntimeError: the connection was closed
            if isinstance(error, UserError) and not self._told_unkept:
                self._told_unkept = True
                self.complain(error)
            return
        if file is self._place_file and not self._place_lock.locked():
            self.places = kept  # with what another Skydeck put there


def account_of(services: Services) -> str:
    """Whose places these are: an account, a server of one's own, or the sandbox."""
    identity, endpoint = services.identity, services.gateway.connection.endpoint_url
    if identity.sandbox:
        return "sandbox"
    if not endpoint:
        return identity.account
    try:
        parts = urlsplit(endpoint)
        return f"{identity.account} at {parts.hostname}:{parts.port or ''}"  # never its user part
    except ValueError:
        return identity.account
