"""All versions of one key: look at them, restore, undelete, download, delete for good."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.message import Message

from tui.core.errors import UserError
from tui.core.records import ObjectQuery
from tui.core.versions import ObjectVersion, Versioning, VersionPage
from tui.screens.s3 import version_acts as acts
from tui.screens.s3.floating import Floating, why_unlisted
from tui.screens.s3.version_rows import VERSION_COLUMNS, about, key_meta, version_cells
from tui.screens.s3.version_text import FIRST_BYTES, first_lines
from tui.widgets.chrome import hints_line, room_hints
from tui.widgets.keys import bindings
from tui.widgets.line import Block, Line
from tui.widgets.paint import Spans, key_hint
from tui.widgets.record_table import RecordTable

if TYPE_CHECKING:
    from tui.screens.s3.acting import S3Acting

LOOK_AFTER_SECONDS = 0.15


@dataclass
class VersionsListed(Message):
    """One page of versions, the end of them (page None), or why they could not be listed."""

    asked: int
    page: VersionPage | None = None
    error: UserError | None = None


@dataclass
class VersioningKnown(Message):
    """What the bucket keeps."""

    versioning: Versioning


@dataclass
class BeginningRead(Message):
    """The first bytes of a version, or why they could not be read."""

    version: ObjectVersion
    data: bytes = b""
    error: UserError | None = None


class VersionsOfKey(Floating):
    """The versions and delete markers of one key, the newest first."""

    room = "versions"
    BINDINGS: ClassVar[list[BindingType]] = bindings(room)

    def __init__(self, pane: S3Acting, place: ObjectQuery, region: str, key: str) -> None:
        super().__init__(pane, place, region)
        self.key = key
        self.versioning: Versioning | None = None
        self.versions: list[ObjectVersion] = []
        self._asked, self.lists, self.whole = 0, True, False

    def inner(self) -> ComposeResult:
        """Title, what the bucket keeps, the versions, the beginning of one, the keys."""
        yield Line(id="floating-title")
        yield Line(about(None), id="floating-about", classes="about")
        table: RecordTable[ObjectVersion] = RecordTable(
            VERSION_COLUMNS, version_cells, keyed=_id_of, id=self.table_id
        )
        yield table
        yield Block(id="versions-first")
        yield Line(id="floating-told")
        yield Line(
            hints_line(room_hints(self.room)),
            key_hint("esc", "close"),
            classes="foot",
            id="floating-foot",
        )

    def on_mount(self) -> None:
        """Ask for the versions."""
        self.table.focus()
        self.action_reload()
        self._ask_versioning()

    # -- listing ---------------------------------------------------------------------------

    def action_reload(self) -> None:
        """List the versions again."""
        self._asked += 1
        self.versions, self.lists, self.whole = [], True, False
        self._list(self._asked)

    @work(group="list", exclusive=True, exit_on_error=False)
    async def _list(self, asked: int) -> None:
        from tui.aws.calls import caused_by
        from tui.aws.s3.versions import of_key

        try:
            with caused_by(f"List the versions of {self.key}"):
                async for page in of_key(self.services.s3, self.place.bucket, self.key):
                    self.post_message(VersionsListed(asked, page))
            self.post_message(VersionsListed(asked))
        except UserError as error:
            self.post_message(VersionsListed(asked, error=error))

    @work(group="versioning", exclusive=True, exit_on_error=False)
    async def _ask_versioning(self) -> None:
        from tui.aws.s3.versions import versioning

        self.post_message(VersioningKnown(await versioning(self.services.s3, self.place.bucket)))

    @on(VersioningKnown)
    def _versioning_known(self, event: VersioningKnown) -> None:
        self.versioning = event.versioning
        self.query_one("#floating-about", Line).show(about(event.versioning))

    @on(VersionsListed)
    def _versions_listed(self, event: VersionsListed) -> None:
        if event.asked != self._asked:
            return
        if event.page is not None:
            rows = event.page.versions
            (self.table.extend if self.versions else self.table.show)(rows)
            self.versions += rows
        else:
            self.lists, self.whole = False, event.error is None
            if event.error is not None:
                self.tell(why_unlisted(event.error), "danger")
            elif not self.versions:
                self.tell("Nothing is left of this key: no version and no marker.")
        title: Spans = (("bold bright", "Versions  "), ("text", self.key))
        self.query_one("#floating-title", Line).show(title, key_meta(self.versions, self.lists))

    # -- the beginning of a version --------------------------------------------------------

    @on(RecordTable.Moved)
    def _moved(self, event: RecordTable.Moved) -> None:
        self.workers.cancel_group(self, "first")
        version = event.record
        block = self.query_one("#versions-first", Block)
        if not isinstance(version, ObjectVersion):
            block.show([])
        elif version.marker:
            block.show([(("muted", "A delete marker: it has no bytes, it hides what is below."),)])
        elif version.storage_class in acts.ARCHIVED:
            block.show([(("muted", "Archived: restore it from the archive to read it."),)])
        else:
            block.show([(("dim", "◐ reading"),)])
            self._read(version)

    @work(group="first", exclusive=True, exit_on_error=False)
    async def _read(self, version: ObjectVersion) -> None:
        from tui.aws.calls import caused_by
        from tui.aws.s3.versions import read_first

        await asyncio.sleep(LOOK_AFTER_SECONDS)
        try:
            with caused_by(None):
                s3, bucket = self.services.s3, self.place.bucket
                data = await read_first(s3, bucket, version, FIRST_BYTES)
            self.post_message(BeginningRead(version, data))
        except UserError as error:
            self.post_message(BeginningRead(version, error=error))

    @on(BeginningRead)
    def _beginning_read(self, event: BeginningRead) -> None:
        if event.version != self.table.record:
            return
        block = self.query_one("#versions-first", Block)
        if event.error is not None:
            block.show([(("danger", "✗ "), ("muted", str(event.error)))])
        else:
            block.show(first_lines(event.data, event.version.size_bytes))

    # -- verbs -----------------------------------------------------------------------------

    @on(RecordTable.Opened)
    def _opened(self) -> None:
        self.action_info()

    @work(group="verb", exclusive=True, exit_on_error=False)
    async def action_restore(self) -> None:
        """Make the version under the cursor the current one."""
        await self.guarded(acts.restore(self))

    @work(group="verb", exclusive=True, exit_on_error=False)
    async def action_undelete(self) -> None:
        """Take away the markers that hide the key."""
        await self.guarded(acts.undelete_key(self))

    @work(group="verb", exclusive=True, exit_on_error=False)
    async def action_download(self) -> None:
        """Download the version under the cursor."""
        await self.guarded(acts.download(self))

    @work(group="verb", exclusive=True, exit_on_error=False)
    async def action_erase(self) -> None:
        """Delete the chosen versions for good."""
        await self.guarded(acts.erase(self))

    @work(group="verb", exclusive=True, exit_on_error=False)
    async def action_info(self) -> None:
        """Show all that S3 knows of the version under the cursor."""
        from tui.screens.s3.details import show_object

        version = self.table.record
        if isinstance(version, ObjectVersion) and not version.marker:
            bucket, own_id = self.place.bucket, version.version_id
            await self.guarded(show_object(self.pane, bucket, version.key, version_id=own_id))
        else:
            self.app.bell()

    def action_copy_id(self) -> None:
        """Copy the version id."""
        version = self.table.record
        if isinstance(version, ObjectVersion):
            self.app.copy_to_clipboard(version.version_id)
            self.pane.say(version.version_id, title="Copied")

    def action_below(self) -> None:
        """Show what is hidden in the whole place."""
        from tui.screens.s3.versions_below import VersionsBelow

        self.app.push_screen(VersionsBelow(self.pane, self.place, self.bucket_region))


def _id_of(version: ObjectVersion) -> str:
    return version.version_id
