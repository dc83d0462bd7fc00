"""The keys of the S3 pane that write: objects up, down, away and elsewhere."""

from __future__ import annotations

from pathlib import Path

from textual import work

from tui.core.records import S3Object
from tui.screens.s3 import copy as s3_copy
from tui.screens.s3 import download, edit, sync, upload
from tui.screens.s3 import new as s3_new
from tui.screens.s3.acting import S3Acting
from tui.screens.s3.editor import RunEditor, run_editor
from tui.widgets.chrome import hint


class S3Writing(S3Acting):
    """The part of the S3 pane that uploads, downloads, copies, moves, makes and edits.

    Attributes:
        run_editor: runs an editor on a file in place of the user's own.
        told_of_drafts: whether it was said where an ended app's edits lie.
        synced_folder: the local folder of the last sync.
    """

    run_editor: RunEditor | None = None
    told_of_drafts = False
    synced_folder = ""

    async def run_an_editor(self, path: Path) -> float:
        """Have a file edited; returns the seconds that it took."""
        return await (self.run_editor or run_editor)(self.app, path)

    @work(group="verb", exclusive=True, exit_on_error=False)
    async def action_upload(self) -> None:
        """Upload a file or a folder to here."""
        if self.place is None:
            self._open_first()
            return
        await self.guarded(upload.upload(self, self.place))

    @work(group="verb", exclusive=True, exit_on_error=False)
    async def action_download(self) -> None:
        """Download what is chosen."""
        if self.place is None or not self.chosen_rows:
            self.say("There is nothing to download here.", severity="warning")
            return
        await self.guarded(download.download(self, self.place, self.chosen_rows))

    @work(group="verb", exclusive=True, exit_on_error=False)
    async def action_copy_to(self) -> None:
        """Copy what is chosen to another place at S3."""
        await self._copy(moves=False)

    @work(group="verb", exclusive=True, exit_on_error=False)
    async def action_move(self) -> None:
        """Move or rename what is chosen."""
        await self._copy(moves=True)

    async def _copy(self, *, moves: bool) -> None:
        if self.place is None or not self.chosen_rows:
            verb = "move" if moves else "copy"
            self.say(f"There is nothing to {verb} here.", severity="warning")
            return
        await self.guarded(s3_copy.copy_rows(self, self.place, self.chosen_rows, moves=moves))

    @work(group="verb", exclusive=True, exit_on_error=False)
    async def action_create(self) -> None:
        """Create a bucket; inside of one, a folder or a text object too."""
        await self.guarded(s3_new.create(self))

    @work(group="verb", exclusive=True, exit_on_error=False)
    async def action_edit(self) -> None:
        """Edit the object in the user's editor."""
        rows = self.chosen_rows
        if self.place is None or len(rows) != 1 or not isinstance(rows[0], S3Object):
            self.say("Choose one object to edit.", severity="warning")
            return
        await self.guarded(edit.edit_object(self, self.place, rows[0]))

    @work(group="verb", exclusive=True, exit_on_error=False)
    async def action_sync(self) -> None:
        """Make a local folder and this place alike, after a plan."""
        if self.place is None:
            self._open_first()
            return
        await self.guarded(sync.sync(self, self.place))

    def _open_first(self) -> None:
        key, _ = hint("s3.open")
        self.say(f"Open a bucket first: {key} opens the one you are on.", severity="warning")
