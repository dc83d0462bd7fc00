"""One line to filter a table as one types."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.message import Message
from textual.widgets import Input, Label

from tui.widgets.field import Field


class FilterField(Container):
    """A slash and a field; hidden until `begin`. Enter keeps the filter, escape drops it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "drop", "Drop the filter", tooltip="Show everything again", show=False),
        Binding(
            "down", "keep", "To the rows", tooltip="Keep the filter, go to the rows", show=False
        ),
    ]

    @dataclass
    class Changed(Message):
        """Another text stands in the field."""

        text: str

    @dataclass
    class Left(Message):
        """The field was left; the filter stays unless it is empty."""

        text: str

    def compose(self) -> ComposeResult:
        """The slash and the field."""
        yield Label("/ ", markup=False)
        yield Field(placeholder="part of a name, or a glob: *.csv", select_on_focus=False)

    @property
    def text(self) -> str:
        """What is filtered by."""
        return self.query_one(Input).value

    def begin(self) -> None:
        """Show the field and type into it."""
        self.add_class("-shown")
        self.query_one(Input).focus()

    def reset(self) -> None:
        """Hide the field and forget the text, without a message."""
        field = self.query_one(Input)
        with self.prevent(Input.Changed):
            field.value = ""
        self.remove_class("-shown")

    def on_input_changed(self, event: Input.Changed) -> None:
        """Tell the pane; it narrows its table."""
        event.stop()
        self.post_message(self.Changed(event.value))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter keeps the filter."""
        event.stop()
        self.action_keep()

    def action_keep(self) -> None:
        """Leave the field, keep what it says."""
        if not self.text:
            self.remove_class("-shown")
        self.post_message(self.Left(self.text))

    def action_drop(self) -> None:
        """Leave the field and show everything again."""
        self.reset()
        self.post_message(self.Changed(""))
        self.post_message(self.Left(""))
