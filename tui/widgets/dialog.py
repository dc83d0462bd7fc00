"""Dialogs: a question, a plan to confirm, a choice from a list. Escape closes every one."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import ClassVar, TypeVar

from rich.cells import chop_cells
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical
from textual.events import Key
from textual.screen import ModalScreen
from textual.timer import Timer
from textual.types import CSSPathType
from textual.widgets import Input, Static

from tui.core import format as fmt
from tui.core.plans import Plan, Risk
from tui.core.safe_text import visible
from tui.widgets.field import Field
from tui.widgets.guard import Guarded
from tui.widgets.line import Block, Line, fact
from tui.widgets.paint import Span, Spans, content, key_hint, pill
from tui.widgets.record_table import Column, RecordTable
from tui.widgets.styles import style_path

T = TypeVar("T")
SAMPLES = 6
WIDTH = 72  # as in styles/widgets/dialogs.tcss
ROUND_FACTS = 11  # edge, the dialog's padding, the facts' own


class Dialog(Guarded, ModalScreen[T]):
    """A box in the centre with an edge in the colour of its risk."""

    CSS_PATH: ClassVar[CSSPathType | None] = style_path("widgets/dialogs.tcss")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss_dialog", "Close", tooltip="Close without doing anything"),
        Binding("pagedown", "turn(1)", "Further", tooltip="What a small terminal has no room for"),
        Binding("pageup", "turn(-1)", "Back", tooltip="To what was above"),
    ]
    VERTICAL_BREAKPOINTS = [(0, "-short"), (32, "-tall")]  # noqa: RUF012 - as Screen declares it
    risk = Risk.PLAIN

    def compose(self) -> ComposeResult:
        """The edge and, beside it, what `inner` yields."""
        with Container(classes="dialog"):
            yield Static(classes=f"edge -{self.risk.value}")
            with Vertical(classes="inner"):
                yield from self.inner()

    def inner(self) -> ComposeResult:
        """The dialog's content; subclasses fill it."""
        yield from ()

    def on_mount(self) -> None:
        """In a small terminal, begin where one types."""
        self.call_after_refresh(self._show_field)

    def _show_field(self) -> None:
        if isinstance(self.focused, Input):
            self.focused.scroll_visible(animate=False)

    def action_turn(self, pages: int) -> None:
        """Scroll what does not fit."""
        for box in self.query(".dialog, .inner"):
            if box.max_scroll_y:
                box.scroll_relative(y=pages * max(1, box.size.height - 1), animate=False)

    def action_dismiss_dialog(self) -> None:
        """Close without an answer."""
        self.dismiss(None)


class Confirm(Dialog[bool]):
    """Show a frozen plan; dismissed with True only if the user agreed to exactly it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "agree", "Go on", tooltip="Do what the plan says"),
        Binding("y", "agree", "Go on", tooltip="Do what the plan says"),
        Binding("n", "dismiss_dialog", "Keep", tooltip="Close without doing anything"),
    ]
    READING_SECONDS: ClassVar[float] = 0.3
    """A key that comes sooner after the plan is seen, or after the same key, was not meant for it:
    a double Enter, a key held down. What can be undone, or wants a word typed, has no wait."""

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self.plan, self.risk = plan, plan.risk
        self._reading = 0.0
        if plan.risk is not Risk.PLAIN and not plan.typed:
            self._reading = self.READING_SECONDS
        self._answers_from = math.inf if self._reading else 0.0  # on the clock of events
        self._waking: Timer | None = None

    def inner(self) -> ComposeResult:
        """Title, facts, samples, what must be typed, the two ways on."""
        plan = self.plan
        role = plan.risk.value
        yield Line((((f"bold {role}"), plan.title),), (("dim", "plan "), ("muted", plan.mark)))
        yield Static(content(("muted", plan.intro)), classes="prose")
        if plan.facts:
            yield Block(self._facts(), classes="inset")
        if plan.items:
            yield Block(self._samples(), classes="items")
        if plan.warning or plan.typed:
            yield Static(content(*self._warning()), classes="prose")
        if plan.typed:
            yield Field(placeholder=visible(plan.typed), classes="field", id="confirm-typed")
        yield Line(self._button(), self._ways(), classes="foot", id="confirm-foot")

    def _facts(self) -> list[Spans]:
        """Label and value; a long value (a fingerprint) goes on in a second line."""
        facts = self.plan.facts
        column = max([12, *(len(item.label) + 2 for item in facts)])
        room = max(8, min(WIDTH, int(self.app.size.width * 0.96)) - ROUND_FACTS - column)
        rows: list[Spans] = []
        for item in facts:
            value = visible(item.value)
            first = chop_cells(value, room)[0] if value else ""
            rows.append(fact(item.label, (item.role, first), at=column))
            if rest := value[len(first) :]:
                rows.append(fact("", (item.role, rest), at=column))
        return rows

    def _samples(self) -> list[Spans]:
        shown = self.plan.items[:SAMPLES]
        rows: list[Spans] = [(("dim", f"{_cut(name)}  {note}"),) for name, note in shown]
        if (more := len(self.plan.items) - len(shown)) > 0:
            rows.append((("muted", f"and {fmt.count(more)} more"),))
        return rows

    def _warning(self) -> list[Span]:
        plan = self.plan
        spans: list[Span] = [("warn", "▲ "), ("text", plan.warning or "This cannot be undone.")]
        if plan.typed:
            spans.append(("muted", f" Type {plan.typed} to go on:"))
        return spans

    def on_mount(self) -> None:
        """The time to read begins with what is seen."""
        if self._reading:
            self.call_after_refresh(lambda: self._answer_from(time.monotonic()))

    def _answer_from(self, seen_at: float) -> None:
        self._answers_from = seen_at + self._reading
        if self._waking is not None:
            self._waking.stop()
        rest = max(0.001, self._answers_from - time.monotonic())
        self._waking = self.set_timer(rest, self._show_foot)

    def on_key(self, event: Key) -> None:
        """Drop an agreement that came too soon to be one."""
        if event.key in ("enter", "y") and event.time < self._answers_from:
            event.stop()
            if self._answers_from < math.inf:
                self._answer_from(event.time)

    @property
    def ready(self) -> bool:
        """True once there was time to read, and what must be typed was typed."""
        if not self.plan.typed:
            return time.monotonic() >= self._answers_from
        return self.query_one("#confirm-typed", Input).value == self.plan.typed

    def _button(self) -> Spans:
        if (self.plan.typed and not self.is_mounted) or not self.ready:
            return (("dim on:line", f"  {self.plan.verb}  "),)
        return (pill(self.plan.risk.value, f" ⏎  {self.plan.verb} "),)

    def _ways(self) -> Spans:
        return key_hint("esc", self.plan.keep)

    def _show_foot(self) -> None:
        self.query_one("#confirm-foot", Line).show(self._button(), self._ways())

    def on_input_changed(self) -> None:
        """The button wakes when the name is right."""
        self._show_foot()

    def on_input_submitted(self) -> None:
        """Enter in the field."""
        self.action_agree()

    def action_agree(self) -> None:
        """Go on, if what must be typed was typed."""
        if self.ready:
            self.dismiss(True)
        else:
            self.app.bell()


class Ask(Dialog[str | None]):
    """Ask for one line of text, judged as it is typed; dismissed with it, or None."""

    def __init__(  # noqa: PLR0917
        self,
        title: str,
        intro: str = "",
        value: str = "",
        placeholder: str = "",
        verb: str = "go on",
        judge: Callable[[str], str | None] = lambda _: None,
        password: bool = False,
    ) -> None:
        """`judge` returns what is wrong with a text, or None."""
        super().__init__()
        self._title, self._intro, self._value = title, intro, value
        self._placeholder, self._verb, self._judge = placeholder, verb, judge
        self._password = password

    def inner(self) -> ComposeResult:
        """Title, field, verdict, the two ways on."""
        yield Line((("bold bright", self._title),))
        if self._intro:
            yield Static(content(("muted", self._intro)), classes="prose")
        yield Field(
            self._value,
            placeholder=self._placeholder,
            password=self._password,
            classes="field",
            id="ask-field",
        )
        yield Block([()], classes="said", id="ask-said")
        yield Line(key_hint("⏎", self._verb), key_hint("esc", "close"), classes="foot")

    def on_mount(self) -> None:
        """Judge what stands there from the start."""
        self.on_input_changed()

    def _problem(self) -> str | None:
        return self._judge(self.query_one("#ask-field", Input).value)

    def on_input_changed(self) -> None:
        """Say at once what is wrong."""
        typed = self.query_one("#ask-field", Input).value
        problem = self._problem()
        said: Spans = (
            (("run", "✓ "), ("muted", "fine"))
            if not problem
            else ((("dim", problem),) if not typed else (("danger", "✗ "), ("text", problem)))
        )
        self.query_one("#ask-said", Block).show([said])

    def on_input_submitted(self) -> None:
        """Take the text if nothing is wrong with it."""
        if self._problem():
            self.app.bell()
        else:
            self.dismiss(self.query_one("#ask-field", Input).value)


class Choose(Dialog[str | None]):
    """Choose one of several; dismissed with its id, or None."""

    def __init__(
        self,
        title: str,
        choices: Sequence[tuple[str, str, str]],
        current: str = "",
        intro: str = "",
    ) -> None:
        """`choices` are (id, label, note)."""
        super().__init__()
        self._title, self._choices, self._current = title, choices, current
        self._intro = intro

    def inner(self) -> ComposeResult:
        """Title and table."""
        yield Line((("bold bright", self._title),))
        if self._intro:
            yield Static(content(("muted", self._intro)), classes="prose")
        table: RecordTable[tuple[str, str, str]] = RecordTable(
            [Column("", 26), Column("")],
            lambda row: (
                ((("bold bright" if row[0] == self._current else "text"), row[1]),),
                (("muted", row[2]),),
            ),
            keyed=lambda row: row[0],
            head=False,
            gutter=1,
            id="choose-table",
            classes="-fit",
        )
        yield table
        yield Line(key_hint("⏎", "choose"), key_hint("esc", "close"), classes="foot")

    def on_mount(self) -> None:
        """Fill the table, the cursor on what is chosen now."""
        table = self.query_one("#choose-table", RecordTable)
        table.show(self._choices)
        table.move_to_key(self._current)
        table.focus()

    def on_record_table_opened(self, event: RecordTable.Opened) -> None:
        """Enter chooses."""
        self.dismiss(event.record[0])


def _cut(name: str, limit: int = 46) -> str:
    return name if len(name) <= limit else name[: limit - 1] + "…"
