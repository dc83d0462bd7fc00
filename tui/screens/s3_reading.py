"""The preview of the S3 pane: what the cursor is on, shown beside the list."""

from __future__ import annotations

import asyncio

from textual import on, work

from tui.core.records import Bucket, S3Object
from tui.screens import s3_facts
from tui.screens.collector import spare_the_collector
from tui.screens.s3_acting import S3Acting
from tui.screens.s3_preview import Body, Previewed, load_body, load_details
from tui.screens.s3_rows import Folder, Row
from tui.widgets.preview import Preview

PREVIEW_AFTER_SECONDS = 0.15


class S3Reading(S3Acting):
    """The part of the S3 pane that reads objects."""

    _pandas_spared = False

    def look_at(self, record: Row | Bucket | None) -> None:
        """Show what is known at once; ask for the rest when the cursor rests."""
        self.looked_at = record
        self.workers.cancel_group(self, "preview")
        preview = self.query_one(Preview)
        if isinstance(record, S3Object) and self.place is not None:
            s3_facts.show_object(preview, record, self.place.prefix)
            self._preview_body(self.place.bucket, record)
            self._preview_details(self.place.bucket, record)
        elif isinstance(record, Folder) and self.place is not None:
            s3_facts.show_folder(preview, self.place.bucket, record)
        elif isinstance(record, Bucket):
            s3_facts.show_bucket(preview, record)
        else:
            preview.show_title("Preview", "")

    @work(group="preview", exit_on_error=False)
    async def _preview_details(self, bucket: str, record: S3Object) -> None:
        await asyncio.sleep(PREVIEW_AFTER_SECONDS)
        self.post_message(Previewed(record, await load_details(self.services, bucket, record)))

    @work(group="preview", exit_on_error=False)
    async def _preview_body(self, bucket: str, record: S3Object) -> None:
        await asyncio.sleep(PREVIEW_AFTER_SECONDS)
        async for step in load_body(self.services, bucket, record):
            self.post_message(Previewed(record, step))

    @on(Previewed)
    def _previewed(self, event: Previewed) -> None:
        if event.record == self.looked_at:
            region = self.region_of_open_bucket
            s3_facts.show_step(self.query_one(Preview), event.step, self.services.book, region)
        if not self._pandas_spared and isinstance(event.step, Body) and event.step.refined:
            self._pandas_spared = True
            spare_the_collector()
