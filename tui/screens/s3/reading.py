"""The preview of the S3 pane: what the cursor is on, shown beside the list."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

from textual import on, work

from tui.core.records import Bucket, S3Object
from tui.screens.collector import spare_the_collector
from tui.screens.s3 import facts
from tui.screens.s3.acting import S3Acting
from tui.screens.s3.preview import (
    Body,
    ObjectPreview,
    Previewed,
    Step,
    Unreadable,
    load_details,
)
from tui.screens.s3.requester import agree_to_pay
from tui.screens.s3.rows import Folder, Row
from tui.screens.s3.unreadable import CHANGED, may_be_paid
from tui.widgets import chrome
from tui.widgets.preview import Preview, PreviewBody
from tui.widgets.preview_data import TableData
from tui.widgets.record_table import RecordTable

PREVIEW_AFTER_SECONDS = 0.12  # the cursor rests; keys that repeat come every 30 ms


class S3Reading(S3Acting):
    """The part of the S3 pane that reads objects."""

    _pandas_spared = False
    _reading: ObjectPreview | None = None
    _summed = False  # the summary stands in place of the rows
    _payable: S3Object | None = None  # denied; paying for the read oneself might help

    def hints(self) -> Sequence[tuple[str, str]]:
        """The preview's own keys while it has the focus."""
        if self.is_attached and isinstance(self.focused, PreviewBody) and not self.in_drawer():
            back = chrome.hint("s3.up", "to the list")
            return (*chrome.room_hints("preview"), back)
        return super().hints()

    def on_descendant_focus(self) -> None:
        """The preview has keys of its own."""
        self.show_chrome()

    def on_descendant_blur(self) -> None:
        """And the list has the others."""
        self.show_chrome()

    def look_at(self, record: Row | Bucket | None) -> None:
        """Show what is known at once; ask for the rest when the cursor rests."""
        self.looked_at = record
        self._leave()
        preview = self.query_one(Preview)
        if isinstance(record, S3Object) and self.place is not None:
            facts.show_object(preview, record, self.place.prefix)
            self._preview_body(self.place.bucket, record)
            self._preview_details(self.place.bucket, record)
        elif isinstance(record, Folder) and self.place is not None:
            facts.show_folder(preview, self.place.bucket, record)
        elif isinstance(record, Bucket):
            facts.show_bucket(preview, record, self.facts.get(record.name))
        else:
            preview.show_title("Preview", "")

    def _leave(self) -> None:
        """Read no further in what was looked at."""
        self.workers.cancel_group(self, "preview")
        if self._reading is not None:
            self._reading.drop()
        self._reading, self._payable, self._summed = None, None, False

    @work(group="preview", exit_on_error=False)
    async def _preview_details(self, bucket: str, record: S3Object) -> None:
        await asyncio.sleep(PREVIEW_AFTER_SECONDS)
        self.post_message(Previewed(record, await load_details(self.services, bucket, record)))

    @work(group="preview", exit_on_error=False)
    async def _preview_body(self, bucket: str, record: S3Object) -> None:
        await asyncio.sleep(PREVIEW_AFTER_SECONDS)
        foreign = self._is_foreign(bucket)
        reading = ObjectPreview(self.services, bucket, record, foreign=foreign)
        self._reading = reading
        await self._tell(reading, reading.begin())

    async def _tell(self, reading: ObjectPreview, steps: AsyncIterator[Step]) -> None:
        async for step in steps:
            if reading is not self._reading:
                return
            self.post_message(Previewed(reading.row, step))

    def _is_foreign(self, bucket: str) -> bool:
        return all(one.name != bucket for one in self.buckets or ())

    @on(Previewed)
    def _previewed(self, event: Previewed) -> None:
        step = event.step
        if event.record == self.looked_at and self.place is not None:
            preview = self.query_one(Preview)
            if isinstance(step, Unreadable):
                self._unreadable(event.record, step)
            if isinstance(step, Body) and self._summed:
                self._summed = not step.fresh
            if not (isinstance(step, Body) and self._summed):
                facts.show_step(preview, step, self.services.book, self.region_of_open_bucket)
        if not self._pandas_spared and isinstance(step, Body) and step.refined:
            self._pandas_spared = True
            spare_the_collector()

    def _unreadable(self, record: S3Object, step: Unreadable) -> None:
        assert self.place is not None
        if may_be_paid(step.error, foreign=self._is_foreign(self.place.bucket)):
            self._payable = record
        if step.error.code in CHANGED:
            self.say("It was changed just now: shown anew.", title=record.key)
            self._leave()
            self._preview_body(self.place.bucket, record)

    # -- going on --------------------------------------------------------------------------

    @on(PreviewBody.MoreWanted)
    def _more_wanted(self, event: PreviewBody.MoreWanted) -> None:
        if not self._summed and self._reading is not None:
            self._read_on(self._reading, self._reading.go(event.by))

    @on(PreviewBody.ColumnsWanted)
    def _columns_wanted(self, event: PreviewBody.ColumnsWanted) -> None:
        if not self._summed and self._reading is not None:
            self._read_on(self._reading, self._reading.read_columns(event.columns))

    @work(group="preview", exit_on_error=False)
    async def _read_on(self, reading: ObjectPreview, steps: AsyncIterator[Step]) -> None:
        self.query_one(Preview).show_reading()
        try:
            await self._tell(reading, steps)
        finally:
            if reading is self._reading and self.is_attached:
                self.query_one(Preview).show_reading(None)

    # -- other views -----------------------------------------------------------------------

    @on(PreviewBody.SummaryWanted)
    def _summary_wanted(self) -> None:
        reading = self._reading
        if reading is None:
            return
        if self._summed:
            self._summed = False
            if reading.window.shown is not None:
                self.query_one(Preview).show_body(reading.window.shown)
        elif isinstance(reading.window.shown, TableData):
            self._sum_up(reading)
        else:
            self.say("Only tables have columns to sum up.", severity="warning")

    @work(group="preview", exit_on_error=False)
    async def _sum_up(self, reading: ObjectPreview) -> None:
        summary = await reading.summary()
        if summary is not None and reading is self._reading:
            self._summed = True
            self.query_one(Preview).show_body(summary)

    @on(PreviewBody.ZoomWanted)
    def _zoom_wanted(self) -> None:
        self.toggle_class("-zoomed")
        self.call_after_refresh(self.query_one(Preview).fit)

    def action_stop(self) -> None:
        """Escape in the preview first gives its room back."""
        if self.has_class("-zoomed"):
            self._zoom_wanted()
        else:
            super().action_stop()

    def action_up(self) -> None:
        """Back to the list, which needs its room."""
        if self.has_class("-zoomed"):
            self._zoom_wanted()
        super().action_up()

    # -- at one's own cost -----------------------------------------------------------------

    @on(RecordTable.Opened, "#s3-objects")
    def _denied_opened(self, event: RecordTable.Opened) -> None:
        if self._payable is not None and event.record == self._payable:
            self._ask_to_pay(self._payable)

    @work(group="verb", exclusive=True, exit_on_error=False)
    async def _ask_to_pay(self, record: S3Object) -> None:
        await self.guarded(self._paid(record))

    async def _paid(self, record: S3Object) -> None:
        assert self.place is not None
        if await agree_to_pay(self, self.place.bucket, record.key) and self.looked_at == record:
            self.look_at(record)
