"""The keys of the S3 pane that delete, and those that show and bring back what was deleted."""

from __future__ import annotations

from collections import deque

from textual import on, work

from tui.core.records import ObjectQuery, S3Object
from tui.screens.s3 import delete as s3_delete
from tui.screens.s3 import delete_bucket, empty_job
from tui.screens.s3.acting import S3Acting
from tui.screens.s3.failures import RETRY, Failures
from tui.screens.s3.floating import Floating
from tui.screens.s3.messages import BucketsListed, KeysFailed
from tui.screens.s3.rows import Folder, Row


class S3Versioning(S3Acting):
    """The part of the S3 pane that deletes, and that knows versions and unfinished uploads."""

    def __init__(self) -> None:
        super().__init__()
        self._untold: deque[KeysFailed] = deque()
        self._offered: object = None  # the connection whose left-over plans were offered

    @work(group="verb", exclusive=True, exit_on_error=False)
    async def action_delete(self) -> None:
        """Delete what is chosen, after a plan."""
        bucket = self.buckets_table.record
        if self.place is None or self.buckets_table.has_focus:
            if bucket is not None:
                await self.guarded(delete_bucket.delete_bucket(self, bucket))
        elif self.chosen_rows:
            await self.guarded(s3_delete.delete_rows(self, self.place, self.chosen_rows))
        else:
            self.say("There is nothing to delete here.", severity="warning")

    @work(group="verb", exclusive=True, exit_on_error=False)
    async def action_versions(self) -> None:
        """Show the versions of an object, or what is hidden below a folder, a place, a bucket."""
        await self.guarded(self._versions())

    async def _versions(self) -> None:
        from tui.screens.s3.versions import VersionsOfKey
        from tui.screens.s3.versions_below import VersionsBelow

        place, row = self._acted_on()
        if place is None:
            self.say("There is no bucket here.", severity="warning")
        elif isinstance(row, S3Object):
            region = self.region_of_open_bucket
            await self.app.push_screen_wait(VersionsOfKey(self, place, region, row.key))
        else:
            await self.app.push_screen_wait(VersionsBelow(self, place, self._region_of(place)))

    @work(group="verb", exclusive=True, exit_on_error=False)
    async def action_uploads(self) -> None:
        """Show the unfinished uploads below a folder, a place, a bucket."""
        await self.guarded(self._uploads())

    async def _uploads(self) -> None:
        from tui.screens.s3.uploads import UploadsDialog

        place, row = self._acted_on()
        if place is None:
            self.say("There is no bucket here.", severity="warning")
            return
        if self.place is not None and not isinstance(row, Folder):
            place = self.place
        await self.app.push_screen_wait(UploadsDialog(self, place, self._region_of(place)))

    def _acted_on(self) -> tuple[ObjectQuery | None, Row | None]:
        """The place that a key is about, and the row under the cursor where it is an object."""
        if self.place is None or self.buckets_table.has_focus:
            bucket = self.buckets_table.record
            return (ObjectQuery(bucket.name) if bucket is not None else None), None
        row = self.objects_table.record
        if isinstance(row, Folder):
            return ObjectQuery(self.place.bucket, row.key), row
        return self.place, row

    def _region_of(self, place: ObjectQuery) -> str:
        found = next((one for one in self.buckets or () if one.name == place.bucket), None)
        return (found.region if found is not None else "") or self.services.region

    # -- what jobs could not do ------------------------------------------------------------

    @on(KeysFailed)
    def _keys_failed(self, event: KeysFailed) -> None:
        self._untold.append(event)
        self._tell_failures()

    def on_screen_resume(self) -> None:
        """The pane is back in front: tell what failed meanwhile."""
        self.call_after_refresh(self._tell_failures)

    def _tell_failures(self) -> None:
        """Show the next list; never over a question or another pane."""
        in_front = self.is_current or isinstance(self.app.screen, Floating)
        if not self._untold or not in_front:
            return
        event = self._untold.popleft()
        verb = "try these again" if event.again is not None else ""

        def answered(answer: str | None) -> None:
            if answer == RETRY and event.again is not None:
                event.again()

        self.app.push_screen(Failures(event, self.services, verb), answered)

    # -- plans that did not end ------------------------------------------------------------

    @on(BucketsListed)
    def _offer_plans(self, event: BucketsListed) -> None:
        if event.error is None and self._offered is not self.services:
            self._offered = self.services
            self._offer(event)

    @work(group="offer", exclusive=True, exit_on_error=False)
    async def _offer(self, event: BucketsListed) -> None:
        await self.guarded(empty_job.offer(self, event.buckets))
