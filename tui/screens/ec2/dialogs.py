"""Dialogs of the EC2 pane."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static

from tui.widgets.dialog import Dialog
from tui.widgets.line import Line
from tui.widgets.paint import Spans, key_hint, lines
from tui.widgets.styles import style_path


class OutputDialog(Dialog[None]):
    """The machine's own boot log, as it is; scrolls by keys."""

    CSS_PATH: ClassVar = [
        style_path("widgets/dialogs.tcss"),
        style_path("screens/ec2.tcss"),
    ]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "copy", "Copy", tooltip="Copy the output to the clipboard"),
        Binding("c,enter,q", "dismiss_dialog", "Close", tooltip="Close the output"),
    ]

    def __init__(self, name: str, text: str) -> None:
        super().__init__()
        self._name, self._text = name, text

    def inner(self) -> ComposeResult:
        """Title, the log from its end, the keys."""
        yield Line((("bold bright", "Console output"), ("muted", f"  {self._name}")))
        with VerticalScroll(id="output-scroll", classes="below"):
            yield Static(lines(self._rows()), id="output-text")
        hints = (*key_hint("y", "copy"), ("text", "   "), *key_hint("esc", "close"))
        yield Line(key_hint("↑↓", "scroll"), hints, classes="foot")

    def on_mount(self) -> None:
        """Boot logs are read from their end."""
        scroll = self.query_one("#output-scroll", VerticalScroll)
        scroll.focus()
        self.call_after_refresh(scroll.scroll_end, animate=False)

    def _rows(self) -> Sequence[Spans]:
        if not self._text.strip():
            return [(("muted", "There is no output yet. It comes some minutes after the start."),)]
        return [(("text", line.expandtabs()),) for line in self._text.splitlines()]

    def action_copy(self) -> None:
        """Copy it all."""
        self.app.copy_to_clipboard(self._text)
        self.app.notify("The output is on the clipboard.", markup=False)
