"""A search below a place: its hits are listed where the objects are, and act like any others."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field

from textual import on, work
from textual.message import Message

from tui.core import format as fmt
from tui.core.errors import UserError
from tui.core.find import Pattern
from tui.core.packed import packed
from tui.core.records import ObjectPage, ObjectQuery
from tui.core.safe_text import visible
from tui.screens.s3 import lines
from tui.screens.s3.acting import S3Acting
from tui.screens.s3.messages import ListingEnded, ObjectsListed, PlaceChanged
from tui.screens.s3.place_rows import PlaceRows
from tui.screens.s3.rows import Folder, Row, name_in, uri
from tui.widgets import chrome
from tui.widgets.dialog import Ask
from tui.widgets.filter_field import FilterField
from tui.widgets.line import Heading, Line
from tui.widgets.notice import Notice
from tui.widgets.paint import Spans, key_hint
from tui.widgets.record_lines import column_widths

TOLD_EVERY_SECONDS = 0.1
FEW = 1_000  # hits
KEPT = 4  # searches, to come back to from their hits
Pages = AsyncIterator[tuple[int, str, ObjectPage]]  # keys looked at, the last of them, hits
EXAMPLES = "part of a name, or a glob: *.csv, 2026/**/*.parquet"


@dataclass(eq=False)
class Search(lines.Listing):
    """A listing of all keys below a place that match.

    Attributes:
        text: what is looked for.
        scanned: how many keys were looked at so far.
        reached: the last of them.
        pages: the hits, as they came.
    """

    text: str = ""
    scanned: int = 0
    reached: str = ""
    pages: list[ObjectPage] = field(default_factory=list)

    @property
    def goes_on(self) -> bool:
        """Whether it was stopped and can go on behind the last key that it looked at."""
        return self.state == "stopped" and self.held is None and bool(self.reached)

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes it this search."""
        return self.query.bucket, self.query.prefix, self.text


@dataclass
class Scanned(Message):
    """So many keys were looked at."""

    search: Search
    keys: int
    reached: str

    def can_replace(self, message: Message) -> bool:
        """Only the last count matters."""
        return isinstance(message, Scanned) and message.search is self.search


class S3Searching(S3Acting):
    """The part of the S3 pane that searches."""

    def __init__(self) -> None:
        super().__init__()
        self._sought = ""  # what was looked for last
        self._searches: dict[tuple[str, str, str], Search] = {}  # that came to their end

    def connected(self) -> None:
        """Nothing was found in another connection."""
        self._searches.clear()
        super().connected()

    @property
    def search(self) -> Search | None:
        """The search whose hits are shown."""
        return self.listing if isinstance(self.listing, Search) else None

    # -- keys ------------------------------------------------------------------------------

    @work(group="verb", exclusive=True, exit_on_error=False)
    async def action_find(self) -> None:
        """Ask what to look for, and list what is found."""
        bucket, prefix = self._below()
        if not bucket:
            return
        text = await self.app.push_screen_wait(
            Ask(
                "Find",
                f"Below {uri(bucket, prefix)}, in all folders. A glob without a slash is an "
                "object's name; ** crosses folders. Case does not matter.",
                self._sought,
                EXAMPLES,
                "find",
                lambda typed: None if typed else EXAMPLES,
            )
        )
        if text:
            self.open_search(bucket, prefix, text)

    def _below(self) -> tuple[str, str]:
        if self.place is not None:
            return self.place.bucket, self.place.prefix
        bucket = self.buckets_table.record
        return (bucket.name, "") if bucket is not None else ("", "")

    def open_search(
        self, bucket: str, prefix: str, text: str, wanted: str = "", *, again: bool = True
    ) -> None:
        """List what matches below a place; the cursor goes to the key `wanted`.

        Without `again`, what was found before is shown, if it is still known.
        """
        self._sought = text
        known = None if again else self._searches.get((bucket, prefix, text))
        query = ObjectQuery(bucket, prefix, recursive=True)
        self.listing, self.looked_at = Search(query, wanted=wanted, text=text), None
        self.query_one(FilterField).reset()
        self.objects_table.clear()
        self.buckets_table.move_to_key(bucket)
        self.show_place()
        self.objects_table.focus()
        self._search(self.listing, known)

    def open_hit(self, row: Row) -> bool:
        """Enter on a hit goes to its folder; False where no hits are shown."""
        if self.search is None:
            return False
        folder = row.key[: row.key.rfind("/") + 1]
        self.open_place(self.search.query.bucket, folder, wanted=row.key)
        return True

    def list_again(self) -> None:
        """Search again; what is shown stays until the end."""
        old = self.search
        if old is None:
            super().list_again()
            return
        query = ObjectQuery(old.query.bucket, old.query.prefix, recursive=True)
        kept = bool(old.rows) or old.held is not None
        self.listing = Search(query, held=PlaceRows() if kept else None, text=old.text)
        self.show_place()
        self._search(self.listing)

    def go_on(self) -> None:
        """Go on with a search that was stopped, behind the last key that it looked at."""
        search = self.search
        if search is None:
            super().go_on()
        elif search.goes_on:
            old = search.query
            # Another query, so that no page that is still on its way comes twice.
            search.query = ObjectQuery(old.bucket, old.prefix, recursive=True)
            search.state = "loading"
            self.show_place()
            self._search(search)

    def action_up(self) -> None:
        """From the hits back to the place that was searched."""
        if self.search is None or self.query_one("#preview-body").has_focus:
            super().action_up()
        else:
            self.open_place(*self._below())

    def action_stop(self) -> None:
        """Stop the search; when there is nothing to stop or to drop, leave its hits."""
        search, table = self.search, self.objects_table
        busy = (
            search is None
            or self._working
            or search.state == "loading"
            or table.matches is not None
            or table.selected
            or self.query_one("#preview-body").has_focus
        )
        if busy:
            super().action_stop()
        else:
            self.open_place(*self._below())

    # -- searching -------------------------------------------------------------------------

    @work(group="list", exclusive=True, exit_on_error=False)
    async def _search(self, search: Search, known: Search | None = None) -> None:
        from tui.aws.calls import caused_by

        query = search.query
        pages = self._looked_through(search) if known is None else _replayed(known)
        scanned, told_at = search.scanned, 0.0
        reached = search.reached
        hits: list[ObjectPage] = []
        try:
            with caused_by(f"Find {search.text} below {uri(query.bucket, query.prefix)}"):
                async for keys, reached, page in pages:
                    scanned += keys
                    hits += [page] if page.objects else []
                    if (now := time.monotonic()) - told_at > TOLD_EVERY_SECONDS:
                        self._tell_found(query, hits, Scanned(search, scanned, reached))
                        told_at, hits = now, []
            self._tell_found(query, hits, Scanned(search, scanned, reached))
            self.post_message(ListingEnded(query))
        except UserError as error:
            self._tell_found(query, hits, Scanned(search, scanned, reached))
            self.post_message(ListingEnded(query, error))
        else:
            self._searches.pop(search.key, None)
            self._searches[search.key] = search
            for old in list(self._searches)[:-KEPT]:
                del self._searches[old]

    def _tell_found(self, query: ObjectQuery, hits: list[ObjectPage], far: Scanned) -> None:
        """Say what came since the last time; few hits of many pages come as one."""
        if len(hits) > 1 and sum(len(page.objects) for page in hits) <= FEW:
            rows = [row for page in hits for row in page.objects]
            hits = [ObjectPage(packed(rows))]
        far.search.pages += hits
        for page in hits:
            self.post_message(ObjectsListed(query, page))
        self.post_message(far)

    def _looked_through(self, search: Search) -> Pages:
        from tui.aws.s3.search import found

        matches = Pattern(search.text).matcher(search.query.prefix)
        return found(self.services.s3, search.query, matches, search.reached)

    @on(PlaceChanged)
    def _finds_grew_old(self, event: PlaceChanged) -> None:
        """What was found in a bucket that changed is looked for anew."""
        bucket = event.bucket or event.prefix
        for key in [key for key in self._searches if key[0] == bucket]:
            del self._searches[key]

    @on(Scanned)
    def _scanned(self, event: Scanned) -> None:
        event.search.scanned, event.search.reached = event.keys, event.reached
        if event.search is self.listing:
            self.show_lines()

    # -- painting --------------------------------------------------------------------------

    def show_lines(self) -> None:
        """Say what is looked for, and how far the search came."""
        super().show_lines()
        search = self.search
        if search is None:
            return
        heading = self.query_one("#s3-objects-heading", Heading)
        heading.show(f"Find {search.text}", heading.meta)
        if not self._working:
            crumbs = self.query_one("#s3-crumbs", Line)
            crumbs.show(crumbs.left, search_state(search))

    def _object_cells(self, row: Row) -> Sequence[Spans]:
        """A hit's folder gives way to its name."""
        cells = super()._object_cells(row)
        search = self.search
        if search is None or isinstance(row, Folder):
            return cells
        table = self.objects_table
        width = table.scrollable_content_region.width
        room = column_widths(table.columns, width, table.marks, table.gap)[0][1]
        return (hit_name(name_in(row.key, search.query.prefix), room), *cells[1:])

    def _show_empty(self, notice: Notice, query: ObjectQuery) -> None:
        search = self.search
        if search is None:
            super()._show_empty(notice, query)
            return
        ways = [
            chrome.hint("s3.find", "look for something else"),
            chrome.hint("s3.up", "go back"),
        ]
        looked = f"{lines.plural(search.scanned, 'key')} below it, and none matches."
        rows: list[Spans] = [
            (("bold text", f"Found no {search.text}"),),
            (),
            (("text", uri(query.bucket, query.prefix)),),
            (("muted", looked),),
            (),
        ]
        notice.show(rows + [key_hint(*way) for way in ways])

    def hints(self) -> Sequence[tuple[str, str]]:
        """Where nothing was found, what else one can do."""
        search = self.search
        if search is not None and search.state == "done" and not search.rows:
            return chrome.hint("s3.find", "find"), chrome.hint("s3.up", "go back")
        return super().hints()

    def verbs(self) -> Mapping[str, str]:
        """Enter goes to a hit."""
        told = dict(super().verbs())
        if self.search is not None:
            told["s3.open"] = "Go to"
        return told


async def _replayed(known: Search) -> Pages:
    """What an earlier search found, page by page."""
    for page in list(known.pages):
        yield 0, known.reached, page
        await asyncio.sleep(0)
    yield known.scanned, known.reached, ObjectPage(())


def hit_name(path: str, room: int) -> Spans:
    """A path below the searched place: what does not fit is cut from its folder's beginning."""
    cut = path.rfind("/", 0, -1) + 1
    folder, name = path[:cut], path[cut:]
    spare = max(0, room - 2 - len(visible(name)))
    if len(folder) > spare:
        folder = "…" + folder[len(folder) - max(0, spare - 1) :]
    return ("dim", "  "), ("muted", folder), ("text", name)


def search_state(search: Search) -> Spans:
    """What stands at the right of the breadcrumb: found, and of how many."""
    found = f"{fmt.count(search.objects)} found"
    looked = f" of {fmt.count(search.scanned)}"
    if search.state == "loading":
        return ("dim", "◐ "), ("text", found), ("muted", f"{looked}, looking…")
    if search.state == "stopped":
        told: Spans = (("warn", "‖ "), ("text", found), ("muted", f"{looked}, stopped"))
        way = chrome.hint("s3.refresh", "goes on")
        return (*told, ("dim", " · "), *key_hint(*way)) if search.goes_on else told
    if search.state == "failed":
        return ("danger", "✗ "), ("text", found), ("muted", f"{looked}, not all")
    return ("text", found), ("muted", looked)
