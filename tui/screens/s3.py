"""The S3 pane: buckets, a listing that streams, and a preview beside it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import ClassVar

from textual import on, work
from textual.binding import BindingType

from tui.core.errors import UserError
from tui.core.records import Bucket, S3Object
from tui.screens import s3_create, s3_delete, s3_download, s3_facts, s3_upload
from tui.screens.base import pane_bindings
from tui.screens.collector import spare_the_collector
from tui.screens.s3_browser import S3Browser
from tui.screens.s3_lines import DENIED, Listing, denied_rows
from tui.screens.s3_preview import Body, Previewed, load_body, load_details
from tui.screens.s3_rows import ORDERS, Folder, Row, uri
from tui.widgets.chrome import hint
from tui.widgets.dialog import Choose
from tui.widgets.preview import Preview
from tui.widgets.styles import style_path

PREVIEW_AFTER_SECONDS = 0.15


class S3Screen(S3Browser):
    """Buckets, objects, preview; what one does with them are jobs."""

    BINDINGS: ClassVar[list[BindingType]] = pane_bindings("s3")
    CSS_PATH: ClassVar = [
        style_path("widgets/drawers.tcss"),
        style_path("widgets/preview.tcss"),
        style_path("screens/s3.tcss"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._pandas_spared = False

    # -- what the cursor is on -------------------------------------------------------------

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

    # -- what one does ---------------------------------------------------------------------

    @property
    def chosen_rows(self) -> list[Row]:
        """The selected rows, or the one the cursor is on; none at the root."""
        return list(self.objects_table.chosen) if self.place is not None else []

    @work(group="verb", exclusive=True, exit_on_error=False)
    async def action_create_bucket(self) -> None:
        """Create a bucket."""
        await self._guarded(s3_create.create_bucket(self))

    @work(group="verb", exclusive=True, exit_on_error=False)
    async def action_upload(self) -> None:
        """Upload a file or a folder to here."""
        if self.place is None:
            key, _ = hint("s3.open")
            self.say(f"Open a bucket first: {key} opens the one you are on.", severity="warning")
            return
        await self._guarded(s3_upload.upload(self, self.place))

    @work(group="verb", exclusive=True, exit_on_error=False)
    async def action_download(self) -> None:
        """Download what is chosen."""
        if self.place is None or not self.chosen_rows:
            self.say("There is nothing to download here.", severity="warning")
            return
        await self._guarded(s3_download.download(self, self.place, self.chosen_rows))

    @work(group="verb", exclusive=True, exit_on_error=False)
    async def action_delete(self) -> None:
        """Delete what is chosen, after a plan."""
        bucket = self.buckets_table.record
        if self.place is None or self.buckets_table.has_focus:
            if bucket is not None:
                await self._guarded(s3_delete.delete_bucket(self, bucket))
        elif self.chosen_rows:
            await self._guarded(s3_delete.delete_rows(self, self.place, self.chosen_rows))
        else:
            self.say("There is nothing to delete here.", severity="warning")

    async def _guarded(self, act: Awaitable[None]) -> None:
        """Await a verb; what goes wrong is said."""
        try:
            await act
        except UserError as error:
            self.complain(error)
        finally:
            self.working("")

    @work(group="verb", exclusive=True, exit_on_error=False)
    async def action_sort(self) -> None:
        """Choose an order."""
        choices = [(order.id, order.label, "") for order in ORDERS]
        chosen = await self.app.push_screen_wait(Choose("Sort objects by", choices, self.order.id))
        if chosen:
            self.sort_by(next(order for order in ORDERS if order.id == chosen))

    def action_copy_uri(self) -> None:
        """Copy the address of what the cursor is on; of all that is selected, a line each."""
        if self.listing is not None and self.listing.error and not self.objects_table.records:
            self._copy_failure(self.listing)
            return
        lines = [uri(self.place.bucket, row.key) for row in self.chosen_rows] if self.place else []
        if not lines and self.place is not None:
            lines = [uri(self.place.bucket, self.place.prefix)]
        if self.place is None or self.buckets_table.has_focus:
            bucket = self.buckets_table.record
            lines = [uri(bucket.name)] if bucket is not None else []
        if lines:
            self.app.copy_to_clipboard("\n".join(lines))
            told = lines[0] if len(lines) == 1 else f"{len(lines)} addresses"
            self.say(told, title="Copied")

    def _copy_failure(self, listing: Listing) -> None:
        assert listing.error is not None
        if listing.error.code not in DENIED:
            self.app.copy_to_clipboard(str(listing.error))
            self.say("What went wrong.", title="Copied")
            return
        rows = denied_rows(self.services.identity, listing.query, listing.error)
        told = ["".join(text for _, text in row) for row in rows]
        end = told.index("What may help")
        self.app.copy_to_clipboard("\n".join(told[:end]).strip())
        self.say("What was asked and refused, for whoever grants access.", title="Copied")
