"""What the tables that float over the S3 pane share: versions and unfinished uploads."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any, ClassVar

from tui.core.errors import UserError
from tui.core.records import ObjectQuery
from tui.widgets.dialog import Dialog
from tui.widgets.line import Line
from tui.widgets.paint import Spans
from tui.widgets.record_table import RecordTable
from tui.widgets.styles import style_path

if TYPE_CHECKING:
    from tui.screens.s3.acting import S3Acting
    from tui.screens.services import Services


class Floating(Dialog[None]):
    """A table over the pane, with verbs of its own. Its jobs are the pane's."""

    CSS_PATH: ClassVar = [
        style_path("widgets/dialogs.tcss"),
        style_path("screens/s3_versions.tcss"),
    ]
    table_id = "floating-table"
    room: ClassVar[str]  # of the key map

    def __init__(self, pane: S3Acting, place: ObjectQuery, region: str) -> None:
        """`place` is what is listed; `region` is its bucket's, for prices."""
        super().__init__()
        self.pane, self.place, self.bucket_region = pane, place, region
        # What is shown was listed with it: another connection may have a bucket of this name.
        self.services: Services = pane.services

    @property
    def table(self) -> RecordTable[Any]:
        """The rows."""
        return self.query_one(f"#{self.table_id}", RecordTable)

    def action_select(self) -> None:
        """Select the row one is on, and go down."""
        self.table.toggle()

    def action_select_all(self) -> None:
        """Select all that is shown."""
        self.table.select_all()

    def action_reload(self) -> None:
        """List again; subclasses do."""

    def action_help(self) -> None:
        """Show every key."""
        from tui.screens.help import HelpScreen

        self.app.push_screen(HelpScreen(self.room))

    def changed(self) -> None:
        """A job of this dialog has ended: list again, if it is still open."""
        if self.is_attached and self.is_running:
            self.action_reload()

    def tell(self, text: str, role: str = "muted") -> None:
        """Say under the table what a verb is finding out, or why it can't be done."""
        self.query_one("#floating-told", Line).show(((role, text),) if text else ())

    async def guarded(self, act: Awaitable[None]) -> None:
        """Await a verb; what goes wrong is said."""
        try:
            await act
        except UserError as error:
            self.pane.complain(error)
        finally:
            if self.is_attached:
                self.tell("")


def why_unlisted(error: UserError) -> str:
    """Why versions can't be shown; a server that knows none has a sentence of its own."""
    from tui.aws.lookalikes import LACKING

    if error.code in LACKING:
        return "This server lists no versions: what is deleted here can't be brought back."
    return str(error)


def meta_of(state: str, told: str) -> Spans:
    """A title's right: "loading", "stopped" or "" (done), and what there is."""
    glyphs = {"loading": ("dim", "◐ "), "stopped": ("warn", "‖ "), "failed": ("danger", "✗ ")}
    return (glyphs[state], ("muted", told)) if state in glyphs else (("muted", told),)
