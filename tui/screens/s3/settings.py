"""The keys of the S3 pane that make buckets and show and change their settings."""

from __future__ import annotations

from importlib import import_module

from textual import work

from tui.screens.s3.acting import S3Acting
from tui.widgets.chrome import hint


class S3Settings(S3Acting):
    """The part of the S3 pane that makes buckets, and knows what they allow and do on their own."""

    @work(group="verb", exclusive=True, exit_on_error=False)
    async def action_settings(self) -> None:
        """Show what the open bucket, or the one under the cursor, allows and does."""
        bucket = self.buckets_table.record
        if self.place is not None and not self.buckets_table.has_focus:
            name, region = self.place.bucket, self.region_of_open_bucket
        elif bucket is not None:
            name, region = bucket.name, bucket.region or self.services.region
        else:
            key, _ = hint("s3.create")
            self.say(f"There is no bucket here: {key} creates one.", severity="warning")
            return
        # A tenth of a second, the first time: not on the event loop.
        await self.services.gateway.run(import_module, "tui.screens.s3.bucket_view")
        from tui.screens.s3.bucket_view import BucketView

        if await self.app.push_screen_wait(BucketView(self.services, name, region)):
            self.list_buckets()  # what the table tells of it may be another thing now
