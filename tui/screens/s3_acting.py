"""How a key of the S3 pane acts: on what it acts, and that what goes wrong is said."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence

from tui.core.errors import UserError
from tui.screens.s3_browser import S3Browser
from tui.screens.s3_next_step import with_key
from tui.screens.s3_rows import Row


class S3Acting(S3Browser):
    """What the parts of the S3 pane share that change something or open something."""

    @property
    def chosen_rows(self) -> Sequence[Row]:
        """The selected rows, or the one the cursor is on; none at the root.

        As they are now. A million selected rows are records only where one looks.
        """
        return self.objects_table.chosen if self.place is not None else []

    async def guarded(self, act: Awaitable[None]) -> None:
        """Await a verb; what goes wrong is said."""
        try:
            await act
        except UserError as error:
            self.complain(with_key(error))
        finally:
            self.working("")
