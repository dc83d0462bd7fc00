"""A plan that shows what changes line by line, between its facts and its warning."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath
from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from tui.core.plans import Plan
from tui.core.safe_text import visible
from tui.widgets.dialog import Confirm
from tui.widgets.field import Field
from tui.widgets.line import Block, Line
from tui.widgets.paint import Spans, content, lines
from tui.widgets.styles import style_path

# Of all these dialogs alike: what one has loaded, the others need not load, and style all, again.
STYLES: list[str | PurePath] = [
    style_path("widgets/dialogs.tcss"),
    style_path("widgets/form.tcss"),
    style_path("screens/s3_settings.tcss"),
]


class Review(Confirm):
    """`Confirm` with lines that scroll: a diff, or the sentences of rules."""

    CSS_PATH: ClassVar = STYLES

    def __init__(self, plan: Plan, rows: Sequence[Spans]) -> None:
        super().__init__(plan)
        self._rows = list(rows)

    def inner(self) -> ComposeResult:
        """Title, facts, the lines, the warning, what must be typed, the two ways on."""
        plan = self.plan
        mark = (("dim", "plan "), ("muted", plan.mark))
        yield Line(((f"bold {plan.risk.value}", plan.title),), mark)
        yield Static(content(("muted", plan.intro)), classes="prose")
        if plan.facts:
            yield Block(self._facts(), classes="inset")
        if self._rows:
            with VerticalScroll(id="review-scroll", can_focus=True):
                yield Static(lines(self._rows), id="review-rows")
        for item, note in plan.items:
            yield Static(content(("warn", "▲ "), ("text", item), ("muted", note)), classes="prose")
        if plan.warning or plan.typed:
            yield Static(content(*self._warning()), classes="prose")
        if plan.typed:
            yield Field(placeholder=visible(plan.typed), classes="field", id="confirm-typed")
        yield Line(self._button(), self._ways(), classes="foot", id="confirm-foot")

    def on_mount(self) -> None:
        """Begin where one types, if one must."""
        for field in self.query(Field):
            field.focus()
        self.call_after_refresh(self._show_field)
