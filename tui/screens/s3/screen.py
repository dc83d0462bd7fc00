"""The S3 pane: buckets, a listing that streams, and a preview beside it."""

from __future__ import annotations

from typing import ClassVar

from textual import work
from textual.binding import BindingType

from tui.screens.base import pane_bindings
from tui.screens.s3.changing import S3Changing
from tui.screens.s3.finding import S3Finding
from tui.screens.s3.inspecting import S3Inspecting
from tui.screens.s3.lines import DENIED, Listing, denied_rows
from tui.screens.s3.reading import S3Reading
from tui.screens.s3.rows import ORDERS, uri
from tui.screens.s3.settings import S3Settings
from tui.screens.s3.versioning import S3Versioning
from tui.screens.s3.writing import S3Writing
from tui.widgets.dialog import Choose
from tui.widgets.styles import style_path


class S3Screen(S3Finding, S3Reading, S3Inspecting, S3Writing, S3Changing, S3Versioning, S3Settings):
    """Buckets, objects, preview; what one does with them are jobs."""

    BINDINGS: ClassVar[list[BindingType]] = pane_bindings("s3")
    CSS_PATH: ClassVar = [
        style_path("widgets/drawers.tcss"),
        style_path("widgets/preview.tcss"),
        style_path("screens/s3.tcss"),
    ]

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
