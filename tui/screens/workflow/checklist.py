"""The six steps as a checklist: state, what each will do, what it has come to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.binding import BindingType
from textual.content import Content
from textual.events import Click
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from tui.core import format as fmt
from tui.core.jobs import JobSnapshot
from tui.widgets.keys import bindings
from tui.widgets.line import joined
from tui.widgets.paint import Span, Spans, bar
from tui.workflow.steps import Step, StepReport, StepState

MOVES = ("table.down", "table.up", "table.first", "table.last")
MARKS: dict[StepState, Span] = {
    StepState.TODO: ("muted", "○"),
    StepState.RUNNING: ("warn", "◐"),
    StepState.DONE: ("run", "✓"),
    StepState.FAILED: ("danger", "✗"),
    StepState.BLOCKED: ("warn", "▲"),
    StepState.CANCELLED: ("muted", "○"),
}
ROOMY_ROWS, LOW_ROWS = 4, 3
BAR_WIDTH = 24


@dataclass(frozen=True, slots=True)
class Item:
    """What the checklist shows of one step."""

    step: Step
    report: StepReport
    intent: str
    job: JobSnapshot | None = None


class Checklist(Widget, can_focus=True):
    """The steps; the cursor is on one. Four lines a step, three or one where room is scarce."""

    BINDINGS: ClassVar[list[BindingType]] = [
        b for b in bindings("table") if getattr(b, "id", "") in MOVES
    ]
    cursor = reactive(0)

    @dataclass
    class Moved(Message):
        """The cursor is on another step."""

        step: Step

    @dataclass
    class Opened(Message):
        """A double click on a step."""

        step: Step

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.items: Sequence[Item] = ()

    def show(self, items: Sequence[Item]) -> None:
        """Replace what is shown; paints only what changed."""
        if items != self.items:
            grew = len(items) != len(self.items)
            self.items = items
            self.refresh(layout=grew)

    @property
    def step(self) -> Step | None:
        """The step that the cursor is on."""
        return self.items[self.cursor].step if self.items else None

    def move_to(self, row: int) -> None:
        """Put the cursor on a step, kept inside the list."""
        self.cursor = max(0, min(len(self.items) - 1, row))

    def watch_cursor(self) -> None:
        """Tell the screen."""
        if self.items:
            self.post_message(self.Moved(self.items[self.cursor].step))

    def action_down(self) -> None:
        """Next step."""
        self.move_to(self.cursor + 1)

    def action_up(self) -> None:
        """Step before."""
        self.move_to(self.cursor - 1)

    def action_first(self) -> None:
        """First step."""
        self.move_to(0)

    def action_last(self) -> None:
        """Last step."""
        self.move_to(len(self.items) - 1)

    def on_click(self, event: Click) -> None:
        """A click moves, a double click runs."""
        self.move_to(event.y // self._rows)
        if event.chain == 2 and self.step is not None:
            self.post_message(self.Opened(self.step))

    @property
    def _rows(self) -> int:
        """Lines a step."""
        height, count = self.size.height, max(1, len(self.items))
        for rows in (ROOMY_ROWS, LOW_ROWS):
            if height >= rows * count - 1:
                return rows
        return 1

    def get_content_height(self, container: object, viewport: object, width: int) -> int:
        """For `height: auto`: one line a step."""
        return len(self.items)

    def render(self) -> Content:
        """Paint every step."""
        rows, width = self._rows, self.size.width
        lines: list[Content] = []
        for number, item in enumerate(self.items):
            on, last = number == self.cursor, number == len(self.items) - 1
            made = [_short(item, on)] if rows == 1 else _long(item, on, last)[:rows]
            for at, (left, right) in enumerate(made):
                bar: Span = ("cool", "▌" if on and self.has_focus and at < LOW_ROWS else " ")
                line = joined((bar, *left), (*right, ("text", " ")), width)
                lit = on and (at < LOW_ROWS)
                lines.append(line.stylize("on $sky-cursor") if lit else line)
        return Content("\n").join(lines)

    def on_focus(self) -> None:
        """The bar comes with the focus."""
        self.refresh()

    def on_blur(self) -> None:
        """The bar goes with the focus."""
        self.refresh()


def _long(item: Item, on: bool, last: bool) -> list[tuple[Spans, Spans]]:
    """Title, what it will do, what it came to, an empty line."""
    rail: Span = ("line", " " if last else "│")
    indent: Span = ("text", "   ")
    title = ("bold bright" if on else "bold text", item.step.title)
    return [
        ((MARKS[item.report.state], ("dim", f" {item.step.number} "), title), _took(item)),
        ((rail, indent, ("muted", item.intent)), ()),
        ((rail, indent, *_progress(item)), ()),
        ((rail,), ()),
    ]


def _short(item: Item, on: bool) -> tuple[Spans, Spans]:
    """All in a line."""
    title = ("bold bright" if on else "bold text", f"{item.step.title:<20}")
    told = _progress(item) if item.report.state is not StepState.TODO else ()
    rest = told or (("muted", item.intent),)
    return (
        (MARKS[item.report.state], ("dim", f" {item.step.number} "), title, ("text", " "), *rest),
        _took(item),
    )


def _progress(item: Item) -> Spans:
    fraction = item.job.fraction if item.job is not None else None
    if fraction is None or item.report.state is not StepState.RUNNING:
        return outcome(item.report)
    return (*bar(fraction, BAR_WIDTH), ("text", f" {fraction:>4.0%}"))


def _took(item: Item) -> Spans:
    seconds = item.job.seconds if item.job is not None else item.report.seconds
    if seconds is None:
        return ()
    return (("muted", f"{seconds:.1f}s" if seconds < 60 else fmt.duration(seconds)),)


def outcome(report: StepReport) -> Spans:
    """What a step has come to, in a few words."""
    if report.state is StepState.DONE:
        return (("run", report.result),)
    if report.error is not None:
        role = "warn" if report.state is StepState.BLOCKED else "danger"
        return ((role, report.error.title),)
    if report.state is StepState.RUNNING:
        return (("warn", "running…"),)
    return (("dim", report.state.value),)
