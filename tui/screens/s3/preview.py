"""What an object's preview is made of: HeadObject and range reads, step by step, page by page."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.message import Message

from tui.core.errors import JobCancelled, UserError
from tui.core.reads import BeyondAllowanceError
from tui.core.records import ObjectDetails, S3Object
from tui.screens.s3.rows import uri
from tui.screens.s3.unreadable import ARCHIVED, archived, understood
from tui.widgets.preview_code import Where, pandas_code
from tui.widgets.preview_data import PreviewData, TableData, Window

if TYPE_CHECKING:
    from tui.aws.s3.ranges import ObjectRanges
    from tui.screens.services import Services
    from tui.widgets.preview_document import Document

__all__ = ["ARCHIVED", "Body", "ObjectPreview", "Previewed", "Step", "Unreadable", "load_details"]

ASKED_BYTES = 8 * 1024 * 1024  # what going on may read, each time
GROWN_BYTES = 32 * 1024 * 1024  # what is read whole, where only the whole can be shown
UNSEEN = UserError(
    "Nothing to show of its first 1 MB",
    "what can be shown of it needs more than that",
    "Download it to look into it.",
)


@dataclass(frozen=True, slots=True)
class Body:
    """What is shown of the object by now.

    Attributes:
        read_bytes: how much was read for it in all.
        whole: whether it is all of the object.
        refined: whether the types are those of pandas, and a text has its colours.
        fresh: whether it replaces what was shown, and begins at its top.
        moved: by how many rows what was seen has moved down.
        changed: the object is not the one that was listed any more.
    """

    shown: PreviewData
    read_bytes: int
    whole: bool
    refined: bool = False
    fresh: bool = True
    moved: int = 0
    changed: bool = False


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Why there is nothing to show in place of the body."""

    error: UserError


Step = ObjectDetails | Body | Unreadable


@dataclass
class Previewed(Message):
    """A step of a preview is there; dropped unless the cursor is still on its record."""

    record: S3Object
    step: Step


async def load_details(services: Services, bucket: str, row: S3Object) -> Step:
    """Ask for the object's properties. Nothing that the user asked for: it is not logged."""
    from tui.aws.calls import caused_by

    try:
        with caused_by(None):
            return await services.s3.head(bucket, row.key)
    except UserError as error:
        return Unreadable(understood(error, row))


class ObjectPreview:
    """One object that is looked at: its range reads, its format, the pages that are held.

    Args:
        foreign: the bucket is not one of the account's.
    """

    def __init__(
        self,
        services: Services,
        bucket: str,
        row: S3Object,
        *,
        foreign: bool = False,
    ) -> None:
        from tui.aws.s3.ranges import ObjectRanges

        self.row = row
        self.window = Window()
        self._services, self._bucket = services, bucket
        self._foreign = foreign
        self._reads = ObjectRanges(services.s3, bucket, row.key)
        self._document: Document | None = None
        self._cause = f"Preview {uri(bucket, row.key)}"
        self._first_bytes = 0
        self._lock = asyncio.Lock()  # a document's pages are made one at a time

    def drop(self) -> None:
        """Nobody looks any more: what is under way ends early."""
        self._reads.drop()

    # -- the first page --------------------------------------------------------------------

    async def begin(self) -> AsyncIterator[Body | Unreadable]:
        """Yield the first rows, then the same with the types that pandas reads, or its colours.

        At most `UNASKED_BYTES` are read; nothing of an empty object or of one that is archived
        and not restored.
        """
        if not self.row.size_bytes:
            return
        try:
            if self.row.storage_class in ARCHIVED and (why := await self._archived()):
                yield Unreadable(why)
                return
            async with self._lock:
                page = await self._page(0)
        except UserError as error:
            yield Unreadable(understood(error, self.row, foreign=self._foreign))
            return
        except BeyondAllowanceError:
            yield Unreadable(UNSEEN)
            return
        except JobCancelled:
            return
        self._first_bytes = self._reads.spent
        yield self._body()
        self._note(page)
        async for better in self._refined(0, page):
            yield better

    async def _archived(self) -> UserError | None:
        from tui.aws.calls import caused_by
        from tui.aws.s3.restore_header import restore_of

        with caused_by(None):
            head = await self._services.s3.ask("head_object", self._bucket, Key=self.row.key)
        return archived(self.row, restore_of(str(head.get("Restore") or "")))

    async def _page(self, number: int, *, alone: bool = False) -> PreviewData:
        """Read and hold a page, `alone` in place of all others.

        Raises UserError, IndexError, JobCancelled, BeyondAllowanceError.
        """
        from tui.aws.calls import caused_by

        run = self._services.gateway.run
        with caused_by(self._cause):
            if self._document is None:
                self._document = await run(_opened, self.row.key, self._reads)
            if wants := await self._wants(self._document, number):
                await asyncio.gather(*(run(self._fetched, *span) for span in wants))
            page = await run(self._document.page, number)
        if alone:
            self.window.pages = {}
        self.window.hold(number, page)
        return page

    async def _wants(self, document: Document, number: int) -> list[tuple[int, int]]:
        if not document.gathers:
            return []
        return await self._services.gateway.run(document.wants, number)

    def _fetched(self, start: int, length: int) -> None:
        try:
            self._reads.read_at(start, length)
        except BeyondAllowanceError:
            return  # another read was counted first; the page says what is missing

    async def _refined(self, number: int, page: PreviewData) -> AsyncIterator[Body]:
        document = self._document
        if document is None:
            return
        try:
            async with self._lock:
                better = await self._services.gateway.run(document.refined, number, page)
        except (UserError, BeyondAllowanceError, JobCancelled):
            return
        if self.window.refine(number, better):
            yield self._body(refined=True, fresh=False)

    def _body(self, *, refined: bool = False, fresh: bool = True, moved: int = 0) -> Body:
        shown = self.window.shown
        assert shown is not None
        spent = self._reads.spent
        return Body(shown, spent, shown.whole, refined, fresh, moved, self._changed)

    @property
    def _changed(self) -> bool:
        facts = self._reads.facts
        if facts is None:
            return False
        apart = 0.0
        if facts.modified_at is not None:
            apart = abs((facts.modified_at - self.row.modified_at).total_seconds())
        return facts.size_bytes != self.row.size_bytes or apart >= 1

    def _note(self, page: PreviewData) -> None:
        """Leave the pandas program in the code drawer."""
        if not isinstance(page, TableData) or page.unit != "row" or self._document is None:
            return
        where = Where(self._bucket, self.row.key, self._services.region)
        code = pandas_code(where, page, self._first_bytes, self._document.packing)
        self._services.log.note(self._cause, pandas=code)

    # -- going on --------------------------------------------------------------------------

    async def go(self, by: int) -> AsyncIterator[Body | Unreadable]:
        """Read the page after (+1) or before (-1) what is held, or the first (0).

        The user asked for it: up to `ASKED_BYTES` more may be read.
        """
        if self._document is None or self._lock.locked():
            return
        grows = by > 0 and self._document.grows
        number = 0 if grows or not by else self.window.last + 1 if by > 0 else self.window.first - 1
        if number < 0:
            return
        async for step in self._read_on(number, fresh=not by, grown=grows):
            yield step

    async def read_columns(self, columns: Sequence[int]) -> AsyncIterator[Body | Unreadable]:
        """Read columns of the held rows that were not read so far."""
        if self._document is None or self._lock.locked():
            return
        self._document.choose(columns)
        number = self.window.first
        async for step in self._read_on(number, fresh=False, grown=False, alone=True):
            yield step

    async def _read_on(
        self, number: int, *, fresh: bool, grown: bool, alone: bool = False
    ) -> AsyncIterator[Body | Unreadable]:
        self._reads.allow(GROWN_BYTES if grown else ASKED_BYTES)
        try:
            async with self._lock:
                page = await self._page(number, alone=alone)
        except UserError as error:
            yield Unreadable(understood(error, self.row, foreign=self._foreign))
            return
        except (IndexError, JobCancelled, BeyondAllowanceError):
            return
        yield self._body(fresh=fresh, moved=self.window.moved)
        self._note(page)
        async for better in self._refined(number, page):
            yield better

    # -- summary ---------------------------------------------------------------------------

    async def summary(self) -> TableData | None:
        """Sum up the columns of the rows that are held; None where there is no table."""
        from tui.widgets.preview_summary import summary

        shown = self.window.shown
        if not isinstance(shown, TableData):
            return None
        return await self._services.gateway.run(summary, shown)


def _opened(key: str, reads: ObjectRanges) -> Document:
    """In a thread: what reads archives and packed streams is imported with the first object."""
    from tui.widgets.preview_document import opened

    return opened(key, reads)
