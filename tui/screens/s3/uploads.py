"""Unfinished multi-part uploads: what they hold and cost, and how to be rid of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.message import Message

from tui.core import format as fmt
from tui.core.errors import UserError
from tui.core.records import ObjectQuery
from tui.core.versions import UnfinishedUpload, UploadParts
from tui.screens.s3 import upload_acts as acts
from tui.screens.s3.facts import per_month
from tui.screens.s3.floating import Floating, meta_of
from tui.screens.s3.lines import plural
from tui.screens.s3.rows import name_in, uri
from tui.screens.s3.version_rows import size
from tui.widgets.chrome import hint, hints_line, room_hints
from tui.widgets.keys import bindings
from tui.widgets.line import Line
from tui.widgets.paint import Span, Spans, key_hint
from tui.widgets.record_table import Column, RecordTable

if TYPE_CHECKING:
    from tui.screens.s3.acting import S3Acting

OLD = timedelta(days=7)
ROWS_AT_MOST = 20_000  # each is asked for its parts
COLUMNS = (
    Column("  name"),
    Column("begun", 10, "r"),
    Column("by", 18, from_width=90),
    Column("parts", 6, "r", from_width=56),
    Column("hidden", 9, "r"),
    Column("class", 11, from_width=78),
)
_NONE: Spans = (("dim", fmt.ABSENT),)


@dataclass(frozen=True, slots=True)
class UploadRow:
    """One unfinished upload; `parts` is None until it is known, `problem` says why it never is."""

    upload: UnfinishedUpload
    parts: UploadParts | None = None
    problem: str = ""
    running: bool = False  # one of our own jobs sends it


@dataclass
class UploadsListed(Message):
    """A page of uploads, the end of them (None), or why they could not be listed."""

    asked: int
    uploads: tuple[UnfinishedUpload, ...] | None = None
    error: UserError | None = None


@dataclass
class PartsKnown(Message):
    """What one upload holds, or why that is not known."""

    asked: int
    upload_id: str
    parts: UploadParts | None = None
    error: UserError | None = None


class UploadsDialog(Floating):
    """The unfinished uploads below a place."""

    room = "uploads"
    BINDINGS: ClassVar[list[BindingType]] = bindings(room)

    def __init__(self, pane: S3Acting, place: ObjectQuery, region: str) -> None:
        super().__init__(pane, place, region)
        self.rows: dict[str, UploadRow] = {}
        self._asked, self._state, self._over = 0, "loading", 0
        self._stale = False

    def inner(self) -> ComposeResult:
        """Title, what they are, the uploads, the verbs."""
        yield Line(id="floating-title")
        yield Line(self._about(), id="floating-about", classes="about")
        table: RecordTable[UploadRow] = RecordTable(
            COLUMNS,
            lambda row: upload_cells(row, self.place.prefix),
            keyed=_id_of,
            id=self.table_id,
        )
        yield table
        yield Line(id="floating-told")
        ways = hints_line(room_hints(self.room))
        yield Line(ways, key_hint("esc", "close"), classes="foot", id="floating-foot")

    def _about(self) -> Spans:
        key = hint("s3.settings")[0]
        told = "Paid for, though no object shows them. "
        return (("muted", told), ("bold cool", key), ("muted", " has a rule that aborts them"))

    def on_mount(self) -> None:
        """Begin to list."""
        self.table.focus()
        self.set_interval(0.2, self._show_rows)
        self.action_reload()

    # -- listing ---------------------------------------------------------------------------

    def action_reload(self) -> None:
        """List again."""
        self._asked += 1
        self._state, self._over, self.rows = "loading", 0, {}
        self._list(self._asked)

    @work(group="list", exclusive=True, exit_on_error=False)
    async def _list(self, asked: int) -> None:
        from tui.aws.calls import caused_by
        from tui.aws.s3.uploads import pages, parts_of_many

        s3, place = self.services.s3, self.place
        found: list[UnfinishedUpload] = []
        try:
            with caused_by(f"List unfinished uploads of {uri(place.bucket, place.prefix)}"):
                async for page in pages(s3, place.bucket, place.prefix):
                    found += page[: max(0, ROWS_AT_MOST - len(found))]
                    self.post_message(UploadsListed(asked, page))
            async for upload, held in parts_of_many(s3, place.bucket, found):
                parts = held if isinstance(held, UploadParts) else None
                error = held if isinstance(held, UserError) else None
                self.post_message(PartsKnown(asked, upload.upload_id, parts, error))
            self.post_message(UploadsListed(asked))
        except UserError as error:
            self.post_message(UploadsListed(asked, error=error))

    @on(UploadsListed)
    def _uploads_listed(self, event: UploadsListed) -> None:
        from tui.aws.s3.running_uploads import is_running

        if event.asked != self._asked:
            return
        if event.uploads is None:
            self._ended(event.error)
        for upload in event.uploads or ():
            if len(self.rows) < ROWS_AT_MOST:
                running = is_running(upload.upload_id)
                self.rows[upload.upload_id] = UploadRow(upload, running=running)
            else:
                self._over += 1
        self._stale = True
        self._show_rows()

    @on(PartsKnown)
    def _parts_known(self, event: PartsKnown) -> None:
        row = self.rows.get(event.upload_id)
        if event.asked != self._asked or row is None:
            return
        self._stale = True  # painted a few times a second, not once an answer
        if event.error is not None and event.error.code in acts.GONE:
            del self.rows[event.upload_id]  # it ended while it was looked at
        elif event.error is not None:
            problem = event.error.message or event.error.title
            self.rows[event.upload_id] = replace(row, problem=problem)
        else:
            self.rows[event.upload_id] = replace(row, parts=event.parts)

    def _ended(self, error: UserError | None) -> None:
        self._state = "failed" if error is not None else ""
        if error is not None:
            self.tell(_lacking(error), "danger")
        elif self._over:
            self.tell(f"{fmt.count(self._over)} more are not shown: abort these first.", "warn")
        elif not self.rows:
            self.tell("There are no unfinished uploads here.")

    def _show_rows(self) -> None:
        if not self._stale:
            return
        self._stale = False
        self.table.show(self.rows.values())
        self._show_title()

    def _show_title(self) -> None:
        place = uri(self.place.bucket, self.place.prefix)
        title: Spans = (("bold bright", "Unfinished uploads  "), ("text", place))
        self.query_one("#floating-title", Line).show(title, self._meta())

    def _meta(self) -> Spans:
        from tui.cost.s3 import s3_month

        rows = self.rows.values()
        known = [row for row in rows if row.parts is not None]
        parts = [plural(len(rows) + self._over, "upload")]
        held = sum(row.parts.size_bytes for row in known if row.parts is not None)
        parts.append(f"{fmt.size(held)} hidden")
        if len(known) < len(rows):
            parts.append(f"{fmt.count(len(rows) - len(known))} not looked into")
        told = meta_of(self._state, ", ".join(parts))
        if not held:
            return told
        month = s3_month(self.services.book, self.bucket_region, acts.by_class(known))
        return (*told, ("dim", "  "), *per_month(month.per_month))

    # -- verbs -----------------------------------------------------------------------------

    def action_select_old(self) -> None:
        """Select what began more than seven days ago."""
        before = datetime.now(UTC) - OLD
        old = {
            row.upload.upload_id
            for row in self.rows.values()
            if row.upload.begun_at < before and not row.running
        }
        self.table.selected = old
        self.table.selection_changed()
        self.tell(f"{plural(len(old), 'upload')} older than 7 days.")

    @work(group="verb", exclusive=True, exit_on_error=False)
    async def action_abort(self) -> None:
        """Abort the chosen uploads."""
        await self.guarded(acts.abort(self))


def _lacking(error: UserError) -> str:
    from tui.aws.lookalikes import LACKING

    if error.code in LACKING:
        return "This server does not list unfinished uploads."
    return str(error)


def _id_of(row: UploadRow) -> str:
    return row.upload.upload_id


def upload_cells(row: UploadRow, prefix: str) -> tuple[Spans, ...]:
    """Name, when it began, by whom, parts, hidden bytes, class."""
    upload, parts = row.upload, row.parts
    mark: Span = ("cool", "▸ ") if row.running else ("dim", "  ")
    name: list[Span] = [mark, ("text", name_in(upload.key, prefix) or upload.key)]
    if row.running:
        name.append(("cool", "  running here"))
    held: Spans = size(parts.size_bytes) if parts else (("dim", "◐"),)
    if row.problem:
        held = (("muted", "unknown"),)
    age = fmt.age(upload.begun_at, datetime.now(UTC))
    return (
        name,
        (("muted", f"{age} ago"),),
        (("muted", upload.initiator),) if upload.initiator else _NONE,
        (("text", fmt.count(parts.parts)),) if parts else _NONE,
        held,
        (("muted", upload.storage_class.lower()),),
    )
