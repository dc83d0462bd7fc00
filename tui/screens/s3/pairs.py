"""Dialogs that edit names and values: of one object, or what to set and drop on many."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input, Static

from tui.core.object_changes import Edits
from tui.widgets.dialog import Ask, Dialog
from tui.widgets.form import FieldChanged, Form, TextField
from tui.widgets.line import Block, Line
from tui.widgets.paint import Spans, content, key_hint
from tui.widgets.record_table import Column, RecordTable
from tui.widgets.styles import style_path

Judge = Callable[[str, str], str | None]
_MARKS = {
    "kept": ("dim", "  "),
    "set": ("run", "✓ "),
    "dropped": ("danger", "✕ "),
}


@dataclass(frozen=True, slots=True)
class Pair:
    """A name with its value, and what becomes of it: "kept", "set" or "dropped"."""

    name: str
    value: str
    state: str = "kept"


class AskPair(Dialog[tuple[str, str] | None]):
    """Ask for a name and a value, judged as they are typed."""

    CSS_PATH: ClassVar = [
        style_path("widgets/dialogs.tcss"),
        style_path("widgets/form.tcss"),
        style_path("screens/s3_changing.tcss"),
    ]

    def __init__(self, title: str, noun: str, pair: tuple[str, str], judge: Judge) -> None:
        super().__init__()
        self._title, self._noun, self._pair, self._judge = title, noun, pair, judge

    def inner(self) -> ComposeResult:
        """Two fields, a verdict."""
        yield Line((("bold bright", self._title),))
        with Form(id="pair-form"):
            yield TextField("name", self._noun, self._pair[0])
            yield TextField("value", "value", self._pair[1])
        yield Block([()], classes="said", id="pair-said")
        yield Line(key_hint("⏎", "take it"), key_hint("esc", "close"), classes="foot")

    def on_mount(self) -> None:
        """Type what is missing."""
        field = "#field-value" if self._pair[0] else "#field-name"
        self.query_one(field, TextField).focus_input()
        self.on_field_changed()

    @property
    def pair(self) -> tuple[str, str]:
        """What stands in the fields."""
        name, value = (self.query_one(f"#field-{part}", TextField) for part in ("name", "value"))
        return name.value, value.value

    def on_field_changed(self, event: FieldChanged | None = None) -> None:
        """Say at once what is wrong."""
        problem = self._judge(*self.pair)
        fine: Spans = (("run", "✓ "), ("muted", "fine"))
        told: Spans = (("danger", "✗ "), ("text", problem)) if problem else fine
        if problem and not any(self.pair):
            told = (("dim", problem),)
        self.query_one("#pair-said", Block).show([told])

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """From the name to the value; from there, take both if nothing is wrong."""
        fields = self.query_one(Form).fields()
        if event.input is fields[0]:
            fields[1].focus()
        elif self._judge(*self.pair):
            self.app.bell()
        else:
            self.dismiss(self.pair)


class EditPairs(Dialog[Edits | None]):
    """Names and values; dismissed with what is to be set and dropped, or None."""

    CSS_PATH: ClassVar = [
        style_path("widgets/dialogs.tcss"),
        style_path("screens/s3_changing.tcss"),
    ]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "add", "Set", tooltip="Set one more name"),
        Binding("e", "edit", "Edit", tooltip="Edit what the cursor is on"),
        Binding("x", "drop", "Drop", tooltip="Drop what the cursor is on, or no longer"),
        Binding("d", "drop_named", "Drop a name", tooltip="On many: drop a name from each"),
        Binding("s", "take", "Go on", tooltip="Go on with these"),
    ]

    def __init__(  # noqa: PLR0917
        self,
        title: str,
        noun: str,
        known: Mapping[str, str] | None,
        judge: Judge,
        judge_all: Callable[[Mapping[str, str]], str | None],
        fold: Callable[[str], str] = str,
    ) -> None:
        """`known` is what the one object has; None for many, whose other names stay.

        `judge` is of one pair, `judge_all` of all that would be there; `fold` is how names are
        kept.
        """
        super().__init__()
        self._title, self._noun, self._judge, self._judge_all = title, noun, judge, judge_all
        self._known, self._fold = known, fold
        self.pairs = [Pair(name, value) for name, value in (known or {}).items()]

    def inner(self) -> ComposeResult:
        """Title, table, verdict, ways on."""
        yield Line((("bold bright", self._title),))
        yield Static(content(("muted", self._intro)), classes="prose")
        yield RecordTable[Pair](
            [Column(self._noun, 24), Column("value")],
            _cells,
            keyed=lambda pair: pair.name,
            gutter=1,
            id="pairs-table",
            classes="-fit",
        )
        yield Block([()], classes="said", id="pairs-said")
        yield Line(id="pairs-foot", classes="foot")

    @property
    def _intro(self) -> str:
        if self._known is not None:
            return "What you change here becomes a plan first."
        return "What is set or dropped on each of them. All other names stay as they are."

    def on_mount(self) -> None:
        """Fill the table."""
        self._show()
        self.query_one(RecordTable).focus()

    @property
    def edits(self) -> Edits:
        """What is to be done."""
        put = tuple((pair.name, pair.value) for pair in self.pairs if pair.state == "set")
        return Edits(put, tuple(pair.name for pair in self.pairs if pair.state == "dropped"))

    def _problem(self) -> str | None:
        return self._judge_all(self.edits.applied((self._known or {}).items()))

    def _show(self, at: str = "") -> None:
        table: RecordTable[Pair] = self.query_one("#pairs-table", RecordTable)
        table.show(self.pairs)
        if at:
            table.move_to_key(at)
        self.query_one("#pairs-foot", Line).show(self._ways(), key_hint("esc", "close"))
        problem = self._problem()
        none = "nothing yet" if not self.pairs else "nothing changes yet"
        told: Spans = (("muted", _summary(self.edits) or none),)
        if problem:
            told = (("danger", "✗ "), ("text", problem))
        self.query_one("#pairs-said", Block).show([told])

    def _ways(self) -> Spans:
        ways = [("n", f"set a {self._noun}")]
        if self._known is None:
            ways.append(("d", f"drop a {self._noun}"))
        if self.pairs:
            ways.append(("x", "drop" if self._known is not None else "take out"))
        if self.edits:
            ways.append(("s", "go on"))
        spans: list[tuple[str, str]] = []
        for way in ways:
            spans += [("text", "   "), *key_hint(*way)] if spans else key_hint(*way)
        return spans

    def on_record_table_opened(self) -> None:
        """Enter edits."""
        self.action_edit()

    def action_add(self) -> None:
        """Set one more."""
        self._ask(f"Set a {self._noun}", ("", ""))

    def action_edit(self) -> None:
        """Edit the row one is on; without one, set the first."""
        pair = self.query_one(RecordTable).record
        if pair is None:
            self.action_add()
        else:
            self._ask(f"Edit a {self._noun}", (pair.name, pair.value))

    def _ask(self, title: str, pair: tuple[str, str]) -> None:
        def judge(name: str, value: str) -> str | None:
            return self._judge(self._fold(name), value)

        def take(answer: tuple[str, str] | None) -> None:
            if answer is not None:
                self._put(pair[0], self._fold(answer[0]), answer[1])

        self.app.push_screen(AskPair(title, self._noun, pair, judge), take)

    def _put(self, before: str, name: str, value: str) -> None:
        """Take what was typed; a name that was changed drops the old one."""
        known = self._known or {}
        rows = {pair.name: pair for pair in self.pairs}
        if before and before != name:
            if before in known:
                rows[before] = Pair(before, known[before], "dropped")
            else:
                rows.pop(before, None)
        rows[name] = Pair(name, value, "kept" if known.get(name) == value else "set")
        self.pairs = list(rows.values())
        self._show(name)

    def action_drop(self) -> None:
        """Drop the row's name from the object; once more: keep it. A wish is taken back."""
        pair: Pair | None = self.query_one(RecordTable).record
        if pair is None:
            return
        known = self._known or {}
        at = self.pairs.index(pair)
        if pair.name not in known:
            del self.pairs[at]
        elif pair.state == "dropped":
            self.pairs[at] = replace(pair, state="kept")
        else:
            self.pairs[at] = Pair(pair.name, known[pair.name], "dropped")
        self._show(pair.name)

    def action_drop_named(self) -> None:
        """On many: drop a name wherever it is."""
        if self._known is not None:
            return

        def take(name: str | None) -> None:
            if name:
                self.pairs = [pair for pair in self.pairs if pair.name != self._fold(name)]
                self.pairs.append(Pair(self._fold(name), "", "dropped"))
                self._show(self._fold(name))

        def judge(name: str) -> str | None:
            return self._judge(self._fold(name), "")

        intro = "It is dropped from each object that has it."
        self.app.push_screen(Ask(f"Drop a {self._noun}", intro, judge=judge), take)

    def action_take(self) -> None:
        """Go on, if there is something to do and nothing is wrong with it."""
        if self.edits and not self._problem():
            self.dismiss(self.edits)
        else:
            self.app.bell()


def _cells(pair: Pair) -> Sequence[Spans]:
    role = "dim" if pair.state == "dropped" else "text"
    value: Spans = ((role, pair.value),)
    if pair.state == "dropped":
        value = (("danger", "dropped"), ("dim", f"  {pair.value}"))
    return (_MARKS[pair.state], (role, pair.name)), value


def _summary(edits: Edits) -> str:
    parts = [f"sets {len(edits.put)}"] if edits.put else []
    return ", ".join(parts + ([f"drops {len(edits.drop)}"] if edits.drop else []))
