"""Fields of one line in a form; and a filter field that tells what came of it.

A form is walked with up and down; left and right change a choice; enter belongs to the screen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input

from tui.widgets.field import Field
from tui.widgets.filter_field import FilterField
from tui.widgets.line import Line
from tui.widgets.paint import Span, Spans, content, length

LABEL_WIDTH = 18
DIGITS = 7  # of a number that is typed: no field here wants a million
Choice = tuple[str, str, str]  # id, label, note


@dataclass
class FieldChanged(Message):
    """The user changed a field; `value` is what was typed, or the choice's id."""

    name: str
    value: str


@dataclass
class FieldOpened(Message):
    """The user wants to change a field that is edited elsewhere."""

    name: str


class Pick(Widget, can_focus=True):
    """One of several choices, changed with left and right (or space)."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right,l,space", "step(1)", "Next", tooltip="The next choice", show=False),
        Binding("left,h", "step(-1)", "Before", tooltip="The choice before", show=False),
    ]

    def __init__(self, field: str, label: str, choices: Sequence[Choice], value: str = "") -> None:
        super().__init__(id=f"field-{field}")
        self.field, self.label = field, label
        self.choices, self.value = list(choices), value
        self.note: Spans = ()

    def put(self, value: str, *, choices: Sequence[Choice] | None = None, note: Spans = ()) -> None:
        """Show a value without a message."""
        if choices is not None:
            self.choices = list(choices)
        self.value, self.note = value, note
        self.refresh()

    def action_step(self, by: int) -> None:
        """Take the next choice, round and round."""
        if not self.choices:
            return
        ids = [choice[0] for choice in self.choices]
        at = ids.index(self.value) if self.value in ids else -1
        self.value = ids[(at + by) % len(ids)]
        self.refresh()
        self.post_message(FieldChanged(self.field, self.value))

    def on_click(self) -> None:
        """A click takes the next choice."""
        self.action_step(1)

    def render(self) -> Content:
        """Label, value between its arrows, note."""
        found = next((choice for choice in self.choices if choice[0] == self.value), None)
        text, note = (found[1], found[2]) if found else (self.value, "")
        arrows = "cool" if self.has_focus else "dim"
        bar: Span = ("cool", "▌ ") if self.has_focus else ("text", "  ")
        label = f"{self.label:<{LABEL_WIDTH}}"
        spans: list[Span] = [bar, ("bright" if self.has_focus else "muted", label)]
        turning = len(self.choices) > 1
        spans += [(arrows, "‹ "), ("text", text), (arrows, " ›")] if turning else [("text", text)]
        spans += self.note or (("muted", f"  {note}"),)
        return content(*spans).truncate(self.size.width, ellipsis=True)


class Opener(Widget, can_focus=True):
    """A field whose value is too long for a line: space (or e) asks the screen to edit it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space,e,right,l", "open", "Edit", tooltip="Edit this field", show=False)
    ]

    def __init__(self, field: str, label: str) -> None:
        super().__init__(id=f"field-{field}")
        self.field, self.label = field, label
        self.value: Spans = ()

    def put(self, value: Spans) -> None:
        """Show what there is."""
        self.value = value
        self.refresh()

    def action_open(self) -> None:
        """Ask the screen to edit it."""
        self.post_message(FieldOpened(self.field))

    def on_click(self) -> None:
        """A click edits too."""
        self.action_open()

    def render(self) -> Content:
        """Label and value; where the focus is, the key."""
        bar: Span = ("cool", "▌ ") if self.has_focus else ("text", "  ")
        role = "bright" if self.has_focus else "muted"
        spans: list[Span] = [bar, (role, f"{self.label:<{LABEL_WIDTH}}"), *self.value]
        if self.has_focus:
            spans += [("text", "   "), ("bold cool", "space"), ("muted", " edit")]
        return content(*spans).truncate(self.size.width, ellipsis=True)


class TextField(Horizontal):
    """A label, what is typed, a note."""

    def __init__(
        self,
        field: str,
        label: str,
        value: str = "",
        *,
        placeholder: str = "",
        width: int = 0,
        longest: int = 0,
    ) -> None:
        """`width` is the input's, 0 takes what is left; `longest` is how much may be typed."""
        super().__init__(id=f"field-{field}")
        self.field, self._label, self._value = field, label, value
        self._placeholder, self._width, self._longest = placeholder, width, longest
        self._note: Spans = ()

    def compose(self) -> ComposeResult:
        """Label, input, note."""
        label = f"  {self._label:<{LABEL_WIDTH}}" if self._label else "  "
        line = Line((("muted", label),), classes="field-label")
        line.styles.width = len(label)
        yield line
        field = Field(self._value, placeholder=self._placeholder, max_length=self._longest)
        if self._width:
            field.styles.width = self._width
        yield field
        note = Line(classes="field-note")
        self._show_note(note)
        yield note

    @property
    def value(self) -> str:
        """What stands in the field."""
        return self.query_one(Input).value

    def put(self, value: str, note: Spans = ()) -> None:
        """Show a value without a message; what is being typed is left alone."""
        field = self.query_one(Input)
        if field.value != value:
            with self.prevent(Input.Changed):
                field.value = value
        self.tell(note)

    def tell(self, note: Spans) -> None:
        """Show a note at the right, now or as soon as there is a right."""
        self._note = note
        for line in self.query(".field-note").results(Line):
            self._show_note(line)

    def _show_note(self, line: Line) -> None:
        if self._width == 0:
            line.styles.width = length(self._note) + (2 if self._note else 0)
        line.show((("text", "  "), *self._note))

    def on_input_changed(self, event: Input.Changed) -> None:
        """Say so under the field's own name."""
        event.stop()
        self.post_message(FieldChanged(self.field, event.value))

    def focus_input(self) -> None:
        """Type here."""
        self.query_one(Input).focus()


class Form(VerticalScroll, can_focus=False):
    """Fields, one under the other."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "move(1)", "Next field", tooltip="To the next field", show=False),
        Binding("up", "move(-1)", "Field before", tooltip="To the field before", show=False),
    ]

    def fields(self) -> list[Widget]:
        """What can be focused and is shown, from the top."""
        return [w for w in self.query("Pick, Opener, Input") if w.focusable and _shown(w, self)]

    def action_move(self, by: int) -> None:
        """Focus the next field; past an end, what the screen has there."""
        fields, focused = self.fields(), self.screen.focused
        if focused not in fields:
            return
        at = fields.index(focused) + by
        if 0 <= at < len(fields):
            fields[at].focus()
        elif by < 0:
            self.screen.focus_previous()
        else:
            self.screen.focus_next()

    def start(self) -> None:
        """Focus the first field."""
        if fields := self.fields():
            fields[0].focus()


class ToldFilter(FilterField):
    """A filter field with a hint of its own, and a word at its right: how many match."""

    def __init__(self, placeholder: str, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._placeholder = placeholder

    def compose(self) -> ComposeResult:
        """The field, and what came of it."""
        yield from super().compose()
        yield Line(classes="told")

    def on_mount(self) -> None:
        """Say what can be typed."""
        self.query_one(Input).placeholder = self._placeholder

    def tell(self, said: Spans) -> None:
        """Show at the right how many match, or what can't be read."""
        line = self.query_one(".told", Line)
        line.styles.width = max(1, length(said))
        line.show((), said)


def typed_number(text: str) -> int | None:
    """Read a whole number as typed, thousands apart or not; None if it is none.

    What has more digits than any field wants is the greatest of `DIGITS` digits: too much either
    way, and Python reads no number of thousands of digits.
    """
    cleaned = text.strip().replace(",", "").replace("_", "")
    if not (cleaned.isascii() and cleaned.isdigit()):
        return None
    cleaned = cleaned.lstrip("0") or "0"
    return int(cleaned) if len(cleaned) <= DIGITS else 10**DIGITS - 1


def _shown(widget: Widget, root: Widget) -> bool:
    for node in widget.ancestors_with_self:
        if node is root:
            return True
        if isinstance(node, Widget) and not node.display:
            return False
    return True
