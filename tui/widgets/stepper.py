"""The steps of a wizard: a column with what each step says, or one line for small screens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual.content import Content
from textual.widget import Widget

from tui.widgets.paint import Span, Spans, content

LINES_A_STAGE = 4


@dataclass(frozen=True, slots=True)
class Stage:
    """One step: its title, two short lines, and how it stands.

    Attributes:
        seen: the user has been there.
        wrong: something in it forbids going on.
    """

    title: str
    first: str = ""
    second: str = ""
    seen: bool = False
    wrong: bool = False


class Stepper(Widget):
    """The column of steps; the details give way where the screen is low."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.stages: Sequence[Stage] = ()
        self.at = 0

    def show(self, stages: Sequence[Stage], at: int) -> None:
        """Replace the stages; `at` is the index of the present one."""
        if (stages, at) != (self.stages, self.at):
            self.stages, self.at = stages, at
            self.refresh()

    def render(self) -> Content:
        """Paint the column."""
        rows: list[Spans] = []
        roomy = self.size.height >= LINES_A_STAGE * len(self.stages) - 3
        for number, stage in enumerate(self.stages):
            rows += self._stage(number, stage, roomy=roomy)
        width = self.size.width or 1
        return Content("\n").join([content(*row).truncate(width, ellipsis=True) for row in rows])

    def _stage(self, number: int, stage: Stage, *, roomy: bool) -> list[Spans]:
        here, last = number == self.at, number == len(self.stages) - 1
        title = "bold bright" if here else "text" if stage.seen else "muted"
        rows: list[Spans] = [(mark(stage, here=here), ("text", " "), (title, stage.title))]
        stem: Span = ("line", "  " if last else "│ ")
        if stage.first:
            rows.append((stem, ("cool" if here else "muted" if stage.seen else "dim", stage.first)))
        if stage.second and roomy:
            rows.append((stem, ("muted" if here else "dim", stage.second)))
        if roomy and not last:
            rows.append((stem,))
        return rows


def mark(stage: Stage, *, here: bool) -> Span:
    """The glyph of a stage."""
    if stage.wrong and (stage.seen or here):
        return ("danger", "✗")
    if here:
        return ("bold cool", "●")
    return ("run", "✓") if stage.seen else ("dim", "○")


def stepper_line(stages: Sequence[Stage], at: int) -> Spans:
    """All steps in one line, the present one with its title."""
    spans: list[Span] = []
    for number, stage in enumerate(stages):
        here = number == at
        if number:
            spans.append(("dim" if number <= at else "line", "━━"))
        spans.append(mark(stage, here=here))
        if here:
            spans += [("bold bright", f" {stage.title}"), ("text", " ")]
    return spans
