"""The dialog that limits a job: bytes a second, and how much goes on side by side."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from tui.core import format as fmt
from tui.core.jobs import JobSnapshot
from tui.core.limit_text import typed_at_once, typed_rate
from tui.widgets.dialog import Dialog
from tui.widgets.form import FieldChanged, Form, TextField
from tui.widgets.line import Line
from tui.widgets.paint import Spans, content, key_hint
from tui.widgets.styles import style_path

Limit = tuple[int | None, int | None]
RATE, AT_ONCE = "rate", "at-once"
_READ: dict[str, Callable[[str], int | None]] = {RATE: typed_rate, AT_ONCE: typed_at_once}


class LimitsDialog(Dialog[Limit | None]):
    """Dismissed with (bytes a second, how many at once), None each for no limit; or with None."""

    CSS_PATH: ClassVar = [
        style_path("widgets/dialogs.tcss"),
        style_path("widgets/form.tcss"),
        style_path("screens/jobs.tcss"),
    ]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "move(1)", "Next field", tooltip="To the other field"),
        Binding("shift+tab", "move(-1)", "Field before", tooltip="To the other field"),
    ]

    def __init__(self, job: JobSnapshot) -> None:
        super().__init__()
        self._job = job
        rate, at_once = job.bytes_per_second, job.at_once
        self._typed = {
            RATE: fmt.rate(rate) if rate is not None else "",
            AT_ONCE: str(at_once) if at_once is not None else "",
        }

    def inner(self) -> ComposeResult:
        """What job, the fields, the two ways on."""
        yield Line((("bold bright", f"Limit the {self._job.verb}"),))
        yield Static(content(("muted", self._job.subject)), classes="prose", id="limits-subject")
        with Form(id="limits-form"):
            yield TextField(
                RATE, "bandwidth", self._typed[RATE], placeholder="off", width=13, longest=20
            )
            yield TextField(
                AT_ONCE, "at once", self._typed[AT_ONCE], placeholder="off", width=13, longest=6
            )
        said = "Works at once, until the job ends; empty is off."
        yield Static(content(("muted", said)), classes="prose", id="limits-said")
        ways = (*key_hint("↑↓", "field"), ("text", "   "), *key_hint("esc", "leave it"))
        yield Line(key_hint("⏎", "set"), ways, classes="foot")

    def on_mount(self) -> None:
        """Begin at the bandwidth."""
        self.query_one(Form).start()
        for field in _READ:
            self._judge(field)

    def action_move(self, by: int) -> None:
        """To the other field."""
        fields = self.query_one(Form).fields()
        at = fields.index(self.focused) if self.focused in fields else 0
        fields[(at + by) % len(fields)].focus()

    @on(FieldChanged)
    def _changed(self, event: FieldChanged) -> None:
        """Say at once what it means, or what is wrong."""
        event.stop()
        self._typed[event.name] = event.value
        self._judge(event.name)

    def _judge(self, field: str) -> None:
        self.query_one(f"#field-{field}", TextField).tell(self._said(field))

    def _said(self, field: str) -> Spans:
        try:
            limit = _READ[field](self._typed[field])
        except ValueError as error:
            return ("danger", "✗ "), ("text", str(error))
        if limit is None:
            return (("muted", "no limit"),)
        if field == RATE:
            return ("run", "✓ "), ("muted", f"at most {fmt.rate(limit)}")
        return ("run", "✓ "), ("muted", f"{limit} file{'s' * (limit > 1)} or parts side by side")

    def on_input_submitted(self) -> None:
        """Take both if nothing is wrong with them."""
        try:
            rate, at_once = (read(self._typed[field]) for field, read in _READ.items())
        except ValueError:
            self.app.bell()
        else:
            self.dismiss((rate, at_once))
