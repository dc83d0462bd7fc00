"""The keys of the S3 pane that write: objects up, down, away and elsewhere."""

from __future__ import annotations

from textual import work

from tui.screens import s3_create, s3_download, s3_upload
from tui.screens.s3_acting import S3Acting
from tui.widgets.chrome import hint


class S3Writing(S3Acting):
    """The part of the S3 pane that uploads, downloads, copies, moves, makes and edits."""

    @work(group="verb", exclusive=True, exit_on_error=False)
    async def action_upload(self) -> None:
        """Upload a file or a folder to here."""
        if self.place is None:
            key, _ = hint("s3.open")
            self.say(f"Open a bucket first: {key} opens the one you are on.", severity="warning")
            return
        await self.guarded(s3_upload.upload(self, self.place))

    @work(group="verb", exclusive=True, exit_on_error=False)
    async def action_download(self) -> None:
        """Download what is chosen."""
        if self.place is None or not self.chosen_rows:
            self.say("There is nothing to download here.", severity="warning")
            return
        await self.guarded(s3_download.download(self, self.place, self.chosen_rows))

    @work(group="verb", exclusive=True, exit_on_error=False)
    async def action_create(self) -> None:
        """Create a bucket; inside of one, a folder or a text object too."""
        await self.guarded(s3_create.create_bucket(self))
