"""What a job could not do: every key with its reason, to retry by choice or to save."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, cast

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from tui.core import format as fmt
from tui.core.errors import LocalError, UserError
from tui.core.failures import KeyFailure
from tui.core.paths import beside, expanded, why
from tui.core.plans import Risk
from tui.screens.s3.messages import KeysFailed
from tui.screens.s3.new_file import look
from tui.widgets.ask_path import AskPath
from tui.widgets.dialog import Dialog
from tui.widgets.line import Line
from tui.widgets.paint import Span, Spans, content, key_hint
from tui.widgets.record_table import Column, RecordTable
from tui.widgets.styles import style_path

if TYPE_CHECKING:
    from tui.screens.deck import Deck
    from tui.screens.services import Services

RETRY = "retry"
REASONS_AT_MOST = 3
_COLUMNS = (
    Column("key"),
    Column("version", 9, from_width=70),
    Column("code", 18, from_width=60),
    Column("reason", 34),
)


class Failures(Dialog[str | None]):
    """A list of what failed; dismissed with `RETRY` or None."""

    CSS_PATH: ClassVar = [
        style_path("widgets/dialogs.tcss"),
        style_path("screens/s3_versions.tcss"),
    ]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "retry", "Retry", tooltip="Try exactly these once more"),
        Binding("s", "save", "Save", tooltip="Save the list to a file"),
    ]
    risk = Risk.DESTROYS

    def __init__(self, failed: KeysFailed, services: Services, verb: str = "") -> None:
        """`verb` is what retrying them is called; "" where it makes no sense."""
        super().__init__()
        self._title, self.failures, self._verb = failed.title, failed.failures, verb
        self._told, self._file_name = failed.told, failed.file_name
        self._services = services

    def inner(self) -> ComposeResult:
        """Title, how many of which reason, the table, the ways on."""
        yield Line((("bold danger", self._title),))
        yield Static(content(*self._reasons()), classes="prose")
        table: RecordTable[KeyFailure] = RecordTable(
            _COLUMNS, failure_cells, gutter=1, id="failures-table", classes="-fit"
        )
        yield table
        yield Static(id="failures-whole", classes="prose")
        retry: Spans = key_hint("r", self._verb) if self._verb else ()
        ways = (*key_hint("s", "save the list"), ("text", "   "), *key_hint("esc", "close"))
        yield Line(retry, ways, classes="foot")

    def on_mount(self) -> None:
        """Fill the table."""
        table = self.query_one("#failures-table", RecordTable)
        table.show(self.failures)
        table.focus()

    @on(RecordTable.Moved)
    def _moved(self, event: RecordTable.Moved) -> None:
        """Tell in full what the table cuts."""
        one = event.record
        if one is not None:
            version = f" ({one.version_id})" if one.version_id else ""
            told = (("text", f"{one.key}{version}"), ("muted", f": {one.message or one.code}"))
            self.query_one("#failures-whole", Static).update(content(*told))

    def _reasons(self) -> list[Span]:
        counted = Counter(failure.code or "no code" for failure in self.failures)
        spans: list[Span] = [("muted", self._told)] if self._told else []
        for number, (code, many) in enumerate(counted.most_common(REASONS_AT_MOST)):
            spans += [("dim", " · ")] if number else []
            spans += [("text", fmt.count(many)), ("muted", f" {code}")]
        return spans

    def action_retry(self) -> None:
        """Try exactly these once more."""
        if self._verb:
            self.dismiss(RETRY)
        else:
            self.app.bell()

    @work(group="save", exclusive=True, exit_on_error=False)
    async def action_save(self) -> None:
        """Save the list as CSV."""
        typed = await self.app.push_screen_wait(
            AskPath(
                "Save the list",
                "As CSV: key, version or upload, code, reason. To the new file:",
                look=look,
                run=self._services.gateway.run,
                value=str(self._services.settings.downloads / self._file_name),
                verb="save it",
            )
        )
        if not typed:
            return
        try:
            await self._services.gateway.run(_write, typed, self.failures)
        except UserError as error:
            cast("Deck", self.app).complain(error)
        else:
            cast("Deck", self.app).say(typed, title="Saved")


def failure_cells(failure: KeyFailure) -> tuple[Spans, ...]:
    """Key, version, code, reason."""
    version = failure.version_id
    shown = version if len(version) <= 9 else version[:8] + "…"
    return (
        (("text", failure.key),),
        (("dim", shown or fmt.ABSENT),),
        (("danger", failure.code or fmt.ABSENT),),
        (("muted", failure.message or "no reason was given"),),
    )


def _write(typed: str, failures: Sequence[KeyFailure]) -> None:
    """Write the list whole or not at all. Blocks."""
    target = expanded(typed)
    try:
        with beside(target, 0o600) as fresh:
            with fresh.path.open("w", encoding="utf-8", errors="surrogatepass", newline="") as out:
                rows = csv.writer(out)
                rows.writerow(("key", "version_id", "code", "reason"))
                for one in failures:
                    rows.writerow((one.key, one.version_id, one.code, one.message))
            fresh.add()
    except OSError as error:
        raise LocalError(f"Can't save {typed}", why(error), "Choose another place.") from error
