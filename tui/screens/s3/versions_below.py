"""What is hidden below a place: deleted keys and older versions, to bring back or to delete."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.message import Message

from tui.core import format as fmt
from tui.core.errors import UserError
from tui.core.records import ObjectQuery
from tui.core.versions import Histories, KeyHistory, Versioning
from tui.screens.base import NARROW
from tui.screens.s3 import below_acts as acts
from tui.screens.s3.floating import Floating, meta_of, why_unlisted
from tui.screens.s3.lines import plural
from tui.screens.s3.rows import uri
from tui.screens.s3.version_rows import HISTORY_COLUMNS, about, history_cells
from tui.widgets.chrome import hint, hints_line, room_hints
from tui.widgets.keys import bindings
from tui.widgets.line import Line
from tui.widgets.paint import Spans, key_hint
from tui.widgets.record_table import RecordTable

if TYPE_CHECKING:
    from tui.screens.s3.acting import S3Acting

ROWS_AT_MOST = 100_000  # keys; each takes half a KB


@dataclass
class HistoriesListed(Message):
    """Keys with hidden versions; `looked` counts all versions so far; None for rows is the end."""

    asked: int
    looked: int
    rows: tuple[KeyHistory, ...] | None = None
    error: UserError | None = None


@dataclass
class BelowVersioningKnown(Message):
    """What the bucket keeps."""

    versioning: Versioning


class VersionsBelow(Floating):
    """The keys below a place that have more than what a listing of objects shows."""

    room = "hidden"
    BINDINGS: ClassVar[list[BindingType]] = bindings(room)

    def __init__(self, pane: S3Acting, place: ObjectQuery, region: str) -> None:
        super().__init__(pane, place, region)
        self.versioning: Versioning | None = None
        self._asked, self._state, self._looked = 0, "loading", 0
        self._hidden_bytes = self._deleted = self._over = 0
        self._only_deleted = False

    def inner(self) -> ComposeResult:
        """Title, what the bucket keeps, the keys, the verbs."""
        yield Line(id="floating-title")
        yield Line(about(None), id="floating-about", classes="about")
        table: RecordTable[KeyHistory] = RecordTable(
            HISTORY_COLUMNS,
            lambda row: history_cells(row, self.place.prefix),
            keyed=_key_of,
            id=self.table_id,
        )
        yield table
        yield Line(id="floating-told")
        yield Line(self._ways(), key_hint("esc", "close"), classes="foot", id="floating-foot")

    def on_mount(self) -> None:
        """Begin to list."""
        self.table.focus()
        self.action_reload()
        self._ask_versioning()

    def _ways(self) -> Spans:
        narrow = self.app.size.width < NARROW
        shown = {"hidden.deleted": "deleted", "hidden.erase": "delete"} if narrow else {}
        if self._only_deleted:
            shown["hidden.deleted"] = "all"
        opened = hint("table.open", "open" if narrow else "versions")
        return hints_line([opened, *room_hints(self.room, shown)])

    # -- listing ---------------------------------------------------------------------------

    def action_reload(self) -> None:
        """List again."""
        self._asked += 1
        self._state, self._looked = "loading", 0
        self._hidden_bytes = self._deleted = self._over = 0
        self.table.show(())
        self._list(self._asked)

    @work(group="list", exclusive=True, exit_on_error=False)
    async def _list(self, asked: int) -> None:
        from tui.aws.calls import caused_by
        from tui.aws.s3.versions import pages

        histories, looked, place = Histories(), 0, self.place
        try:
            with caused_by(f"List the versions below {uri(place.bucket, place.prefix)}"):
                async for page in pages(self.services.s3, place.bucket, place.prefix):
                    looked += len(page.versions)
                    rows = tuple(one for one in histories.add(page.versions) if one.hides)
                    self.post_message(HistoriesListed(asked, looked, rows))
            rows = tuple(one for one in histories.end() if one.hides)
            self.post_message(HistoriesListed(asked, looked, rows))
            self.post_message(HistoriesListed(asked, looked))
        except UserError as error:
            self.post_message(HistoriesListed(asked, looked, error=error))

    @work(group="versioning", exclusive=True, exit_on_error=False)
    async def _ask_versioning(self) -> None:
        from tui.aws.s3.versions import versioning

        found = await versioning(self.services.s3, self.place.bucket)
        self.post_message(BelowVersioningKnown(found))

    @on(BelowVersioningKnown)
    def _versioning_known(self, event: BelowVersioningKnown) -> None:
        self.versioning = event.versioning
        self.query_one("#floating-about", Line).show(about(event.versioning))

    @on(HistoriesListed)
    def _histories_listed(self, event: HistoriesListed) -> None:
        if event.asked != self._asked:
            return
        self._looked = event.looked
        if event.rows is None:
            self._ended(event.error)
        else:
            room = max(0, ROWS_AT_MOST - len(self.table.records))
            self.table.extend(event.rows[:room])
            self._over += max(0, len(event.rows) - room)
            self._hidden_bytes += sum(row.hidden_bytes for row in event.rows)
            self._deleted += sum(row.deleted for row in event.rows)
        self._show_title()

    def _ended(self, error: UserError | None) -> None:
        self._state = "failed" if error is not None else ""
        if error is not None:
            self.tell(why_unlisted(error), "danger")
        elif self._over:
            told = f"{fmt.count(self._over)} more keys are not shown: open a folder below here."
            self.tell(told, "warn")
        elif not self.table.records:
            self.tell("Nothing is hidden here: no deleted objects, no older versions.")

    def _show_title(self) -> None:
        many = len(self.table.records) + self._over
        parts = [plural(many, "key"), f"{fmt.count(self._deleted)} deleted"]
        parts.append(f"{fmt.size(self._hidden_bytes)} hidden")
        if self._state:
            parts.append(f"{plural(self._looked, 'version')} looked at")
        place = uri(self.place.bucket, self.place.prefix)
        title: Spans = (("bold bright", "Hidden below  "), ("text", place))
        right = meta_of(self._state, ", ".join(parts))
        self.query_one("#floating-title", Line).show(title, right)

    def action_stop(self) -> None:
        """Stop loading; what came stays."""
        if self._state == "loading":
            self.workers.cancel_group(self, "list")
            self._state = "stopped"
            self._show_title()

    def action_deleted_only(self) -> None:
        """Show only the deleted objects, or all again."""
        self._only_deleted = not self._only_deleted
        self.table.narrow((lambda row: row.deleted) if self._only_deleted else None)
        self.query_one("#floating-foot", Line).show(self._ways(), key_hint("esc", "close"))

    # -- verbs -----------------------------------------------------------------------------

    @on(RecordTable.Opened)
    def _opened(self, event: RecordTable.Opened) -> None:
        from tui.screens.s3.versions import VersionsOfKey

        key = event.record.key
        self.app.push_screen(VersionsOfKey(self.pane, self.place, self.bucket_region, key))

    @work(group="verb", exclusive=True, exit_on_error=False)
    async def action_undelete(self) -> None:
        """Bring the chosen deleted objects back."""
        await self.guarded(acts.undelete(self))

    @work(group="verb", exclusive=True, exit_on_error=False)
    async def action_erase(self) -> None:
        """Delete hidden versions, or all, of the chosen keys for good."""
        await self.guarded(acts.erase(self))


def _key_of(row: KeyHistory) -> str:
    return row.key
