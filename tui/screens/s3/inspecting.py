"""The keys of the S3 pane that look closely: all details of an object, a subset of its rows."""

from __future__ import annotations

from textual import work

from tui.core.errors import UserError
from tui.core.records import Bucket, ObjectQuery
from tui.screens.s3 import details, requester, subset
from tui.screens.s3.acting import S3Acting
from tui.screens.s3.lines import DENIED
from tui.screens.s3.rows import Folder


class S3Inspecting(S3Acting):
    """The part of the S3 pane that shows all details and pulls subsets."""

    @work(group="verb", exclusive=True, exit_on_error=False)
    async def action_info(self) -> None:
        """Show all that S3 knows of what the cursor is on."""
        bucket, row, listing = self.buckets_table.record, self.objects_table.record, self.listing
        if self.place is None or self.buckets_table.has_focus:
            if bucket is not None:
                await self.guarded(details.show_bucket(self, bucket))
        elif row is None and listing is not None and listing.error is not None:
            await self.guarded(self._explain_denied(self.place, listing.error))
        elif isinstance(row, Folder):
            await self.guarded(details.show_folder(self, self.place.bucket, row))
        elif row is not None:
            await self.guarded(details.show_object(self, self.place.bucket, row.key, row=row))
        else:
            name = self.place.bucket
            known = next((one for one in self.buckets or () if one.name == name), Bucket(name))
            await self.guarded(details.show_bucket(self, known))

    async def _explain_denied(self, place: ObjectQuery, error: UserError) -> None:
        """A refused listing may be of a requester-pays bucket: offer to pay."""
        if error.code not in DENIED:
            raise error
        if await requester.agree_to_pay(self, place.bucket):
            self.open_place(place.bucket, place.prefix)

    @work(group="verb", exclusive=True, exit_on_error=False)
    async def action_subset(self) -> None:
        """Pull some rows and columns of what is chosen to a file."""
        if self.place is None or not self.chosen_rows:
            self.say("There is nothing to pull a subset of here.", severity="warning")
            return
        await self.guarded(subset.pull_subset(self, self.place.bucket, self.chosen_rows))
