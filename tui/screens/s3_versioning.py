"""The keys of the S3 pane that delete, and those that show and bring back what was deleted."""

from __future__ import annotations

from textual import work

from tui.screens import s3_delete
from tui.screens.s3_acting import S3Acting


class S3Versioning(S3Acting):
    """The part of the S3 pane that deletes, and that knows versions and unfinished uploads."""

    @work(group="verb", exclusive=True, exit_on_error=False)
    async def action_delete(self) -> None:
        """Delete what is chosen, after a plan."""
        bucket = self.buckets_table.record
        if self.place is None or self.buckets_table.has_focus:
            if bucket is not None:
                await self.guarded(s3_delete.delete_bucket(self, bucket))
        elif self.chosen_rows:
            await self.guarded(s3_delete.delete_rows(self, self.place, self.chosen_rows))
        else:
            self.say("There is nothing to delete here.", severity="warning")
